// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The codes of this target.
extension DiagnosticCode {
    /// A log cannot be created or written.
    package static let logNotWritable = DiagnosticCode(420)
    /// No space for a log.
    package static let logDiskFull = DiagnosticCode(421)
    /// A log is not there, or cannot be read.
    package static let logUnreadable = DiagnosticCode(422)
}

/// What can go wrong with a log's files.
package enum LogError: CodedError, Hashable {
    case notWritable(path: String, detail: String)
    case diskFull(path: String, detail: String)
    case unreadable(path: String, detail: String)

    package var diagnostic: Diagnostic {
        switch self {
        case .notWritable(let path, let detail):
            Diagnostic(
                .logNotWritable, "The log '\(path)' cannot be written: \(detail).",
                remedy: "Check the owner and the rights of the folder, or set MARTLET_HOME.")
        case .diskFull(let path, let detail):
            Diagnostic(
                .logDiskFull, "There is no room to write the log '\(path)': \(detail).",
                remedy: "Free some space and run again; what was written before is kept.")
        case .unreadable(let path, let detail):
            Diagnostic(
                .logUnreadable, "The log '\(path)' cannot be read: \(detail).",
                remedy: "See `martlet runs` for the runs whose logs are kept.")
        }
    }
}
