// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A problem that a matcher saw in a step's output.
package struct ProblemFinding: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable {
        case notice
        case warning
        case error
    }

    package var level: Level
    package var message: String
    package var code: String?
    /// As the output had it. ``ProblemPaths`` makes it a path of the repository, or nothing.
    package var file: String?
    /// The project's file in whose folder ``file`` is to be found.
    package var fromPath: String?
    /// 0 … `Int32.max`, as the output had it.
    package var line: Int?
    /// As the output had it; tools count it in their own ways.
    package var column: Int?
    /// The matcher's.
    package var owner: String
    /// The last line of the match, without colour codes: what the log shows after `##[error]`.
    package var text: String

    package init(level: Level, message: String, owner: String, text: String) {
        self.level = level
        self.message = message
        self.owner = owner
        self.text = text
    }
}

/// What a line of output gave rise to.
package enum MatchReport: Hashable, Sendable {
    /// It stands for the line: the line is not ordinary output any more.
    case finding(ProblemFinding)
    /// For the debug log.
    case debug(String)
    /// A matcher is not asked any more in this step.
    case dropped(Diagnostic)
}

/// A match to a finding, by the runner's rules (`OutputManager.ConvertToIssue`).
struct FindingConversion {
    let matcher: ProblemMatcher
    let text: String
    /// In the order in which the runner tells them.
    private(set) var remarks: [String] = []

    init(_ matcher: ProblemMatcher, text: String) {
        self.matcher = matcher
        self.text = text
    }

    /// - Returns: `nil` where the match is no finding; the line is then for the next matcher.
    mutating func finding(_ match: PartialMatch) -> ProblemFinding? {
        guard let message = match[.message], !message.isBlank else {
            remarks.append("Skipping logging an issue for the matched line because the message is empty.")
            return nil
        }
        let given = match[.severity] ?? ""
        let severity = given.isEmpty ? matcher.severity : given
        guard let level = severity.isEmpty ? .error : ProblemFinding.Level(rawValue: severity.lowercased()) else {
            remarks.append(
                "Skipped logging an issue for the matched line because the severity '\(severity)' is not supported.")
            return nil
        }
        var finding = ProblemFinding(level: level, message: message, owner: matcher.owner, text: text)
        finding.line = number(match[.line], "line")
        finding.column = number(match[.column], "column")
        finding.code = match[.code].flatMap { $0.isBlank ? nil : $0.withoutBlanksAround }
        finding.file = match[.file].flatMap { $0.isBlank ? nil : $0 }
        let fromPath = match[.fromPath] ?? ""
        finding.fromPath = fromPath.isEmpty ? (matcher.fromPath.isEmpty ? nil : matcher.fromPath) : fromPath
        return finding
    }

    /// Digits only, and no more than a 32-bit number: what .NET's parser takes with `NumberStyles.None`.
    private mutating func number(_ text: String?, _ name: String) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        if text.utf8.allSatisfy({ $0 &- 0x30 <= 9 }), let number = Int32(text) { return Int(number) }
        remarks.append("Unable to parse \(name) number '\(text)'")
        return nil
    }
}

extension String {
    var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    var withoutBlanksAround: String {
        let head = unicodeScalars.drop(while: \.properties.isWhitespace)
        let blanks = head.reversed().prefix(while: \.properties.isWhitespace).count
        return String(head.dropLast(blanks))
    }
}
