// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of jobs in a cluster: MRT1470 – MRT1489.
extension DiagnosticCode {
    /// The settings of a cluster's executor cannot be used.
    package static let executorSettings = DiagnosticCode(1470)
    /// A job asks for more than a pod may have, or for a size that is none.
    static let podSizeRefused = DiagnosticCode(1471)
    /// A pod's image cannot be had.
    static let podImageMissing = DiagnosticCode(1472)
    /// There was no room for a pod, for too long.
    static let podWithoutRoom = DiagnosticCode(1473)
    /// A pod's container could not be started.
    static let podNotStarted = DiagnosticCode(1474)
    /// A pod's container needed more memory than it may have.
    static let podOutOfMemory = DiagnosticCode(1475)
    /// A pod was ended by the cluster, or is gone.
    static let podLost = DiagnosticCode(1476)
    /// What a pod is told of its job cannot be read.
    package static let podLeaseUnreadable = DiagnosticCode(1477)
    /// The pod of a fork's job reaches what its policy should keep it from.
    package static let forkNetworkOpen = DiagnosticCode(1478)
}
