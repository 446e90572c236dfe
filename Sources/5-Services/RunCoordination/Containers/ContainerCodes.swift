// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// The codes of jobs in containers: MRT0880 – MRT0889.
extension DiagnosticCode {
    /// What a job says of a container is not of a shape that can be made.
    static let containerDefinitionInvalid = DiagnosticCode(880)
    /// A service's health check failed, or the service ended while it was waited for.
    static let serviceUnhealthy = DiagnosticCode(881)
    /// A service was not ready within its time.
    static let serviceNotReady = DiagnosticCode(882)
    /// A job's container has no node, and the machine's own does not run in it.
    static let containerNodeMissing = DiagnosticCode(883)
    /// A job's container ended before its steps did.
    static let containerEnded = DiagnosticCode(884)
    /// A file that an action's image is built from cannot be put into an archive.
    static let buildContextInvalid = DiagnosticCode(885)
    /// What a job made in the engine could not be removed.
    static let containersLeft = DiagnosticCode(886)
    /// Code that is not trusted asks for a container.
    static let containersRefused = DiagnosticCode(887)
}
