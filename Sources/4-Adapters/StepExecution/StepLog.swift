// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// Where one step attempt's output goes, redacted: the archive and the terminal stand behind it.
///
/// All calls come from the loop's thread, in the order of the output.
package struct StepLog {
    /// Redacted output: any number of lines, the last one perhaps unfinished. The bytes are gone after the call.
    package var write: (UnsafeRawBufferPointer) -> Void
    /// Something with a meaning, redacted, on a line of its own; what was written before it ended with a line break.
    package var mark: (LogMark) -> Void
    /// Flushes. Nothing comes after it.
    package var close: () -> LogSummary

    package init(
        write: @escaping (UnsafeRawBufferPointer) -> Void,
        mark: @escaping (LogMark) -> Void,
        close: @escaping () -> LogSummary
    ) {
        self.write = write
        self.mark = mark
        self.close = close
    }
}

/// What a step's log is opened with.
package struct StepHeading: Hashable, Sendable {
    package var attempt: StepAttempt
    /// The step's id in its scope.
    package var id: String
    /// As people see it, redacted: `Run make test`.
    package var name: String

    package init(attempt: StepAttempt, id: String, name: String) {
        self.attempt = attempt
        self.id = id
        self.name = name
    }
}

/// What a closed log holds.
package struct LogSummary: Hashable, Sendable {
    package var lines: Int
    package var digest: String?

    package init(lines: Int, digest: String? = nil) {
        self.lines = lines
        self.digest = digest
    }
}

/// A line of a log that means more than its text.
package enum LogMark: Hashable, Sendable {
    case group(String)
    case endGroup
    case annotation(Annotation)
    case debug(String)
    /// A line of the script or the command that is about to run.
    case command(String)
    /// The Markdown that a step wrote to its summary file.
    case summary(String)

    /// The line as GitHub's log has it, without its break. A summary is no line.
    package var text: String? {
        switch self {
        case .group(let title): "##[group]\(title)"
        case .endGroup: "##[endgroup]"
        case .annotation(let annotation):
            "##[\(annotation.level.rawValue)]\(annotation.logText ?? annotation.message)"
        case .debug(let text): "##[debug]\(text)"
        case .command(let text): "\u{1B}[36;1m\(text)\u{1B}[0m"
        case .summary: nil
        }
    }
}

/// A notice, warning or error that a step, or the executor, has to tell; perhaps about a place in a file.
package struct Annotation: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable {
        case notice
        case warning
        case error
    }

    package var level: Level
    package var message: String
    package var title: String?
    /// Relative to the workspace where it lies in it.
    package var file: String?
    package var line: Int?
    package var endLine: Int?
    package var column: Int?
    package var endColumn: Int?
    /// What the log shows, where that is not the message: the line that a problem was read from.
    package var logText: String?

    package init(_ level: Level, _ message: String) {
        self.level = level
        self.message = message
    }

    /// `a.py:3 Deprecated`: where, and its title; `nil` where it has neither.
    package var place: String? {
        let position = file.map { file in line.map { "\(file):\($0)" } ?? file }
        let parts = [position, title].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " ")
    }
}
