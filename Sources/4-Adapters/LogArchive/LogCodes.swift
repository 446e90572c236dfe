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
    /// What is looked for is no pattern.
    package static let logPatternInvalid = DiagnosticCode(1070)
    /// What is looked for is too long.
    package static let logPatternLimit = DiagnosticCode(1071)
    /// A search needs more work than it may.
    package static let logSearchExhausted = DiagnosticCode(1072)
    /// Who asked for a search has gone.
    package static let logSearchCancelled = DiagnosticCode(1073)
    /// A runner's bytes come after others that are missing.
    package static let logGap = DiagnosticCode(1074)
    /// A runner's line is over the limit.
    package static let logLineLimit = DiagnosticCode(1075)
    /// A runner's log is over the limit.
    package static let logSizeLimit = DiagnosticCode(1076)
    /// A runner ends a log of which bytes are missing.
    package static let logIncomplete = DiagnosticCode(1077)
    /// A runner's log is not the one that the runner wrote.
    package static let logDiffers = DiagnosticCode(1078)
    /// A runner's bytes come after the end of a finished log.
    package static let logFinished = DiagnosticCode(1079)
}

/// What can go wrong with a log's files.
package enum LogError: CodedError, Hashable {
    case notWritable(path: String, detail: String)
    case diskFull(path: String, detail: String)
    case unreadable(path: String, detail: String)
    case search(LogSearchError)
    case ingest(LogIngestError, path: String)

    package var diagnostic: Diagnostic {
        switch self {
        case .search(let error): error.diagnostic
        case .ingest(let error, let path): error.diagnostic(path)
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
