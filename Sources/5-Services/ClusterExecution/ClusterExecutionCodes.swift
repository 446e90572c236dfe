// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of jobs in a cluster: MRT1470 – MRT1489. Those of pods are in ClusterRules.
extension DiagnosticCode {
    /// The settings of a cluster's executor cannot be used.
    package static let executorSettings = DiagnosticCode(1470)
    /// A job asks for more than a pod may have, or for a size that is none.
    static let podSizeRefused = DiagnosticCode(1471)
    /// What a pod is told of its job cannot be read.
    package static let podLeaseUnreadable = DiagnosticCode(1477)
}
