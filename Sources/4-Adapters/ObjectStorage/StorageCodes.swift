// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target: MRT1400 – MRT1419.
extension DiagnosticCode {
    /// The address of a store is none.
    package static let storageAddressInvalid = DiagnosticCode(1400)
    /// The address of a store holds a secret.
    package static let storageAddressSecret = DiagnosticCode(1401)
    /// There is nothing to sign requests with.
    package static let storageCredentialsMissing = DiagnosticCode(1402)
    /// The store does not accept who asks, or what it asks for.
    package static let storageAccessRefused = DiagnosticCode(1403)
    package static let storageBucketMissing = DiagnosticCode(1404)
    package static let storageRegionWrong = DiagnosticCode(1405)
    package static let objectMissing = DiagnosticCode(1406)
    package static let storageFull = DiagnosticCode(1407)
    /// The store did not do it, however often it was asked.
    package static let storageUnavailable = DiagnosticCode(1408)
    package static let storageAnswerUnreadable = DiagnosticCode(1409)
    /// Bytes came back, or arrived, that are not those that were put.
    package static let objectDamaged = DiagnosticCode(1410)
    /// A key, a size, or so many objects at once.
    package static let objectLimit = DiagnosticCode(1411)
    /// This machine's clock, or the store's.
    package static let storageClock = DiagnosticCode(1412)
    /// The store said no in its own words.
    package static let storageRefused = DiagnosticCode(1413)
}
