// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// A secret over the size limit, or more secrets than a stream can watch for.
    public static let tooManySecrets = DiagnosticCode(440)
}
