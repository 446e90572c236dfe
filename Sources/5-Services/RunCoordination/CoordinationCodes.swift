// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    static let checkoutRepositoryMissing = DiagnosticCode(452)
    static let checkoutPathInvalid = DiagnosticCode(453)
    static let checkoutInputInvalid = DiagnosticCode(454)
    /// The server is about to stop.
    package static let serverStopping = DiagnosticCode(1131)
    /// The server that decides what is of a project is gone or another one now.
    package static let homeAway = DiagnosticCode(1197)
    /// Another server that shares the database says an address at which it is not reached.
    package static let peerUnreached = DiagnosticCode(1490)
    /// The server has not gone on yet with what an earlier process left.
    package static let serverStarting = DiagnosticCode(1310)
    /// Somebody said that the run's code is not to be run.
    package static let runRejected = DiagnosticCode(1390)
    /// Another run was begun for what the run is for.
    package static let runBegunBefore = DiagnosticCode(1479)
    /// A runner speaks of a job that is not its any more.
    package static let leaseLost = DiagnosticCode(1132)
    /// A runner said something that cannot be.
    package static let runnerMessageInvalid = DiagnosticCode(1133)
    /// What a runner asks for, or sends on, is not there any more.
    package static let handoverGone = DiagnosticCode(1292)
    /// A runner asks for, or would publish, what its job may not see or name.
    package static let handoverRefused = DiagnosticCode(1293)
    /// A runner's upload is past a limit.
    package static let handoverPastLimit = DiagnosticCode(1294)
    /// What arrived is not what was announced.
    package static let handoverMismatch = DiagnosticCode(1295)
    /// A runner cannot read what its server gave.
    package static let handoverUnreadable = DiagnosticCode(1296)
    /// A runner could not use the server's object storage, and its bytes went through the server.
    package static let linkUnusable = DiagnosticCode(1480)
    package static let runRecordUnreadable = DiagnosticCode(700)
    static let runFinishedAlready = DiagnosticCode(701)
    package static let secretsMissing = DiagnosticCode(702)
    package static let runMissing = DiagnosticCode(703)
    package static let workflowNotFound = DiagnosticCode(705)
    package static let runNotDriven = DiagnosticCode(704)
    static let groupLost = DiagnosticCode(708)
    static let groupsUnreadable = DiagnosticCode(709)
    package static let runRecordTooLarge = DiagnosticCode(711)
    static let sourcesInvalid = DiagnosticCode(710)
    static let actionLockInvalid = DiagnosticCode(712)
    package static let runNotFinished = DiagnosticCode(714)
    package static let nothingToRerun = DiagnosticCode(715)
    static let sandboxMissing = DiagnosticCode(716)
    static let snapshotMissing = DiagnosticCode(717)
    package static let rerunStepUnknown = DiagnosticCode(718)
    static let hooksOutsideRepository = DiagnosticCode(706)
    static let hookForeign = DiagnosticCode(707)
    /// A native action's input.
    static let nativeInputInvalid = DiagnosticCode(890)
    /// A native action was pointed outside of what enclosed steps may reach.
    static let nativePathOutside = DiagnosticCode(891)
    /// `fail-on-cache-miss`.
    static let nativeCacheMissed = DiagnosticCode(892)
    /// No installed version of a tool is the one that a step wants.
    static let toolMissing = DiagnosticCode(893)
    /// An artifact of that name is there already.
    static let artifactTaken = DiagnosticCode(897)
    /// There is no such artifact.
    package static let artifactMissing = DiagnosticCode(898)
    /// The bytes of an artifact are not those that were stored.
    package static let artifactDamaged = DiagnosticCode(899)
}
