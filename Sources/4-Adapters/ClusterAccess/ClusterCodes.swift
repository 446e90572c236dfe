// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of a cluster's API: MRT1450 – MRT1469.
extension DiagnosticCode {
    /// A kubeconfig, or what a pod is told of its cluster, cannot be used.
    package static let clusterSettings = DiagnosticCode(1450)
    /// The cluster's API gave no answer.
    package static let clusterUnreachable = DiagnosticCode(1451)
    /// The credential is not known, or may not do it.
    package static let clusterRefused = DiagnosticCode(1452)
    /// It is there already.
    package static let clusterConflict = DiagnosticCode(1453)
    /// It is not there.
    package static let clusterMissing = DiagnosticCode(1454)
    /// The cluster finds fault with what it was sent.
    package static let clusterInvalid = DiagnosticCode(1455)
    /// An answer that is none of the API's.
    package static let clusterAnswer = DiagnosticCode(1456)
    /// A program that gives credentials did not.
    package static let clusterCredential = DiagnosticCode(1457)
    /// What was asked for is too old to be told: it is to be listed anew.
    package static let clusterExpired = DiagnosticCode(1458)
    /// A quota of the namespace is used up.
    package static let clusterQuota = DiagnosticCode(1459)
    /// The cluster takes nothing just now, or what it counts was changed at the same time.
    package static let clusterBusy = DiagnosticCode(1460)
}
