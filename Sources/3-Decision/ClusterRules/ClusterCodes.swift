// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of pods: MRT1472 – MRT1476 and MRT1478. Others of jobs in a cluster are in ClusterExecution.
extension DiagnosticCode {
    /// A pod's image cannot be had.
    package static let podImageMissing = DiagnosticCode(1472)
    /// There was no room for a pod, for too long.
    package static let podWithoutRoom = DiagnosticCode(1473)
    /// A pod's container could not be started.
    package static let podNotStarted = DiagnosticCode(1474)
    /// A pod's container needed more memory than it may have.
    package static let podOutOfMemory = DiagnosticCode(1475)
    /// A pod was ended by the cluster, or is gone.
    package static let podLost = DiagnosticCode(1476)
    /// The pod of a fork's job reaches what its policy should keep it from.
    package static let forkNetworkOpen = DiagnosticCode(1478)
}
