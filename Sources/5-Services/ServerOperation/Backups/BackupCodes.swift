// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

extension DiagnosticCode {
    /// The backup cannot be made: its place is taken, or cannot be written.
    static let backupRefused = DiagnosticCode(1324)
    /// What is to be restored is no backup, or one of a later Martlet.
    static let backupUnreadable = DiagnosticCode(1325)
    /// Files of the backup are missing, or are not what they were.
    static let backupDamaged = DiagnosticCode(1326)
    /// The folder that is to be restored to is not empty.
    static let restoreRefused = DiagnosticCode(1327)
    /// There are secrets, and the key that opens them is not there.
    static let masterKeyMissing = DiagnosticCode(1328)
}
