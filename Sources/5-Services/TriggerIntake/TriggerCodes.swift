// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// There is no workflow of that name in the commit.
    package static let dispatchWorkflowUnknown = DiagnosticCode(1145)
    /// The workflow cannot be started by a person.
    package static let dispatchNotOffered = DiagnosticCode(1146)
    /// An input names an environment that the project does not have.
    package static let dispatchEnvironmentUnknown = DiagnosticCode(1147)
    /// What a person or a program gave with a dispatch is too much.
    package static let dispatchTooLarge = DiagnosticCode(1148)
    /// A repository dispatch whose type cannot be used.
    package static let dispatchTypeInvalid = DiagnosticCode(1149)
    /// There is no such branch or tag.
    package static let dispatchRefMissing = DiagnosticCode(1150)
    /// There is no such delivery.
    package static let deliveryMissing = DiagnosticCode(1151)
    /// What was kept of a delivery cannot be read.
    package static let deliveryUnreadable = DiagnosticCode(1152)
    /// There is no such project, or it is paused.
    package static let triggerProjectUnusable = DiagnosticCode(1153)
    /// A delivery that is still being worked is not to be worked again.
    package static let deliveryUnfinished = DiagnosticCode(1154)
    /// A default branch that the remote does not have.
    package static let defaultBranchMissing = DiagnosticCode(1155)
    /// A forge was not told a status.
    package static let statusNotTold = DiagnosticCode(1156)
    /// Ticks of a schedule that were missed and are not made up for.
    package static let scheduleMissed = DiagnosticCode(1157)
    /// What became of something that was asked for is not known yet.
    package static let deliveryUndecided = DiagnosticCode(1158)
}
