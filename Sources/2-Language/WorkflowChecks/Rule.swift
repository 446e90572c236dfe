// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// All that a rule may look at.
struct WorkflowUnderCheck: Sendable {
    let outline: WorkflowOutline
    let expressions: [PlacedExpression]
    let source: SourceText
    let anchors: [YAMLAnchor]
    let options: WorkflowLintOptions
    let local: LocalReferences
}

/// One thing that is looked for.
struct Rule: Sendable {
    let name: String
    let check: @Sendable (WorkflowUnderCheck, inout Findings) -> Void

    init(_ name: String, _ check: @escaping @Sendable (WorkflowUnderCheck, inout Findings) -> Void) {
        self.name = name
        self.check = check
    }

    static let all: [Rule] = [
        .events, .schedules, .filterPatterns, .inputDefinitions, .anchors,
        .identifiers, .needs, .jobKeys, .stepKeys, .concurrency, .matrixValues, .runnerLabels, .shells, .permissions,
        .environmentNames, .credentials, .deprecatedCommands, .actionReferences, .reusableCalls,
        .expressionNames, .literalArguments, .conditions, .untrustedInputs, .expressionTypes,
        .trimmedVersions, .numberComparisons, .sameStepVariables, .foreignCode,
    ]
}
