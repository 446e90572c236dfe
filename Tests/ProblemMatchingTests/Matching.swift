// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ProblemMatching
import StructuredData

/// Matchers that real actions bring, by their facts: one pattern, two with a loop, two without.
enum Matchers {
    static let gcc = ProblemMatcher(
        owner: "gcc",
        patterns: [
            ProblemPattern(
                #"^(.*?):(\d+):(\d*):?\s+(?:fatal\s+)?(warning|error):\s+(.*)$"#,
                [.file: 1, .line: 2, .column: 3, .severity: 4, .message: 5])
        ])
    static let tsc = ProblemMatcher(
        owner: "tsc",
        patterns: [
            ProblemPattern(
                #"^([^\s].*)[\(:](\d+)[,:](\d+)(?:\):\s+|\s+-\s+)(error|warning|info)\s+TS(\d+)\s*:\s*(.*)$"#,
                [.file: 1, .line: 2, .column: 3, .severity: 4, .code: 5, .message: 6])
        ])
    static let stylish = ProblemMatcher(
        owner: "eslint-stylish",
        patterns: [
            ProblemPattern(#"^\s*([^\s].*)$"#, [.file: 1]),
            ProblemPattern(
                #"^\s+(\d+):(\d+)\s+(error|warning|info)\s+(.*)\s\s+(.*)$"#,
                [.line: 1, .column: 2, .severity: 3, .message: 4, .code: 5], loops: true),
        ])

    /// `ERROR: (.+)` and the like: a message and nothing else.
    static func simple(_ owner: String, _ regexp: String, severity: String = "") -> ProblemMatcher {
        ProblemMatcher(owner: owner, severity: severity, patterns: [ProblemPattern(regexp, [.message: 1])])
    }

    /// Messages of a group each for so many lines in a row.
    static func rows(_ rows: [(String, [ProblemPart: Int])], loops: Bool = false) -> ProblemMatcher {
        ProblemMatcher(
            owner: "rows",
            patterns: rows.enumerated().map { index, row in
                ProblemPattern(row.0, row.1, loops: loops && index == rows.count - 1)
            })
    }
}

/// A step's output under matchers: what is told of each line.
struct Output {
    var scanner: ProblemScanner
    var findings: [ProblemFinding] = []
    var remarks: [String] = []
    var dropped: [Diagnostic] = []
    /// Lines that stayed ordinary output.
    var plain: [String] = []

    init(_ matchers: ProblemMatcher...) throws {
        var job = JobMatchers()
        _ = try job.add(matchers)
        scanner = job.scanner()
    }

    mutating func write(_ lines: String...) {
        for line in lines {
            let reports = Array(line.utf8).withUnsafeBytes { scanner.take($0) }
            var isPlain = true
            for report in reports {
                switch report {
                case .finding(let finding):
                    findings.append(finding)
                    isPlain = false
                case .debug(let text): remarks.append(text)
                case .dropped(let diagnostic): dropped.append(diagnostic)
                }
            }
            if isPlain { plain.append(line) }
        }
    }

    var messages: [String] { findings.map(\.message) }
}

func thrown(_ body: () throws(DiagnosticError) -> Void) -> Diagnostic? {
    do throws(DiagnosticError) {
        try body()
        return nil
    } catch {
        return error.diagnostic
    }
}
