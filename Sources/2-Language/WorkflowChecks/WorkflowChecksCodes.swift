// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// MRT0300 … MRT0399: what the lint of workflow files finds.
extension DiagnosticCode {
    // Structure.
    package static let unexpectedKey = DiagnosticCode(300)
    package static let missingKey = DiagnosticCode(301)
    package static let duplicateKey = DiagnosticCode(302)
    package static let emptyValue = DiagnosticCode(303)
    package static let wrongKind = DiagnosticCode(304)
    package static let wrongValue = DiagnosticCode(305)
    package static let conflictingKeys = DiagnosticCode(306)
    package static let unusedAnchor = DiagnosticCode(307)
    package static let mergeKey = DiagnosticCode(308)
    package static let matrixTooLarge = DiagnosticCode(309)

    // Triggers.
    package static let unknownEvent = DiagnosticCode(310)
    package static let unknownActivityType = DiagnosticCode(311)
    package static let filterNotForEvent = DiagnosticCode(312)
    package static let exclusiveFilters = DiagnosticCode(313)
    package static let brokenSchedule = DiagnosticCode(314)
    package static let tooFrequentSchedule = DiagnosticCode(315)
    package static let unknownTimeZone = DiagnosticCode(316)
    package static let workflowRunWithoutWorkflows = DiagnosticCode(317)
    package static let inputDefinition = DiagnosticCode(318)
    package static let onlyNegativePatterns = DiagnosticCode(319)

    // Jobs and steps.
    package static let invalidIdentifier = DiagnosticCode(320)
    package static let duplicateStepID = DiagnosticCode(321)
    package static let unknownNeed = DiagnosticCode(322)
    package static let repeatedNeed = DiagnosticCode(323)
    package static let cyclicNeeds = DiagnosticCode(324)
    package static let repeatedMatrixValue = DiagnosticCode(325)
    package static let excludeWithoutMatch = DiagnosticCode(326)
    package static let unknownRunnerLabel = DiagnosticCode(327)
    package static let removedRunnerLabel = DiagnosticCode(328)
    package static let conflictingRunnerLabels = DiagnosticCode(329)
    package static let unknownShell = DiagnosticCode(330)
    package static let unknownPermissionScope = DiagnosticCode(331)
    package static let unknownPermission = DiagnosticCode(332)
    package static let environmentName = DiagnosticCode(333)
    package static let hardCodedCredentials = DiagnosticCode(334)
    package static let deprecatedCommand = DiagnosticCode(335)

    // Actions and reusable workflows.
    package static let actionReference = DiagnosticCode(336)
    package static let outdatedAction = DiagnosticCode(337)
    package static let unknownActionInput = DiagnosticCode(338)
    package static let missingActionInput = DiagnosticCode(339)
    package static let deprecatedActionInput = DiagnosticCode(340)
    package static let localActionMissing = DiagnosticCode(341)
    package static let localActionBroken = DiagnosticCode(342)
    package static let reusableReference = DiagnosticCode(343)
    package static let reusableUnreadable = DiagnosticCode(344)
    package static let reusableInput = DiagnosticCode(345)
    package static let reusableSecret = DiagnosticCode(346)

    // Expressions.
    package static let expressionSyntax = DiagnosticCode(350)
    package static let unknownContext = DiagnosticCode(351)
    package static let contextNotAvailable = DiagnosticCode(352)
    package static let functionNotAvailable = DiagnosticCode(353)
    package static let functionCall = DiagnosticCode(354)
    package static let unknownProperty = DiagnosticCode(355)
    package static let expressionType = DiagnosticCode(356)
    package static let collectionInText = DiagnosticCode(357)
    package static let unexpectedResult = DiagnosticCode(358)
    package static let untrustedInput = DiagnosticCode(359)
    package static let alwaysTrueCondition = DiagnosticCode(360)
    package static let constantCondition = DiagnosticCode(361)
    package static let brokenJSONLiteral = DiagnosticCode(362)
    package static let formatPlaceholders = DiagnosticCode(363)

    // Traps that nothing reports.
    package static let trimmedVersion = DiagnosticCode(370)
    package static let numberLikeComparison = DiagnosticCode(371)
    package static let secretsInCondition = DiagnosticCode(372)
    package static let jobNotNeeded = DiagnosticCode(373)
    package static let booleanAsText = DiagnosticCode(374)
    package static let variableOfSameStep = DiagnosticCode(375)
    package static let foreignCodeWithSecrets = DiagnosticCode(376)

    // The lint itself.
    package static let tooManyFindings = DiagnosticCode(399)

    /// Says what the reader also says where it rejects a line: then the reader's word is enough.
    var restatesReader: Bool {
        (300...308).contains(number) || (310...324).contains(number) || (331...332).contains(number)
            || number == 336 || (343...354).contains(number) || number == 372
    }
}
