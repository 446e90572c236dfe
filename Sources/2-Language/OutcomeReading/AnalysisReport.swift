// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import StructuredData

/// What a static analysis found.
package struct AnalysisFinding: Hashable, Sendable {
    package enum Level: String, Hashable, Sendable, CaseIterable {
        case none
        case note
        case warning
        case error
    }

    /// The analysis program.
    package var tool: String
    /// The rule's id; empty where the result names none.
    package var rule: String
    package var level: Level
    package var message: String
    /// As the report has it, without escapes; relative to the repository where the writer did so.
    package var file: String?
    /// 1-based.
    package var line: Int?
    /// 1-based.
    package var column: Int?
    package var endLine: Int?
    /// One past the last, as SARIF counts.
    package var endColumn: Int?
    /// Somebody has decided that it does not count.
    package var isSuppressed: Bool
}

/// The results of a SARIF 2.1.0 file, of all its runs, in order.
package enum AnalysisReport {
    /// - Throws: `MRT0832` or `MRT0834`, with the line where the text is no JSON, with the path where its shape is wrong.
    package static func readSARIF(
        _ bytes: [UInt8], limits: OutcomeLimits = .standard
    ) throws(DiagnosticError) -> [AnalysisFinding] {
        try limits.check(size: bytes.count)
        let hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let root: DataValue
        do throws(JSONError) {
            root = try DataValue(
                json: bytes.dropFirst(hasByteOrderMark ? 3 : 0),
                limits: JSONLimits(maximumBytes: limits.maximumBytes, maximumDepth: limits.maximumDepth))
        } catch {
            throw DiagnosticError(
                Diagnostic(
                    .analysisUnreadable, "The SARIF file cannot be read: \(error.message).",
                    position: SourcePosition(line: error.line, column: error.column),
                    remedy: "See that the program that writes it came to its end."))
        }
        guard let version = root["version"]?.string else { throw misshapen("version", "a text such as \"2.1.0\"") }
        guard version == "2.1.0" else {
            throw DiagnosticError(
                .analysisUnreadable, "The SARIF file is of version \(version); 2.1.0 is what is read here.",
                remedy: "Have the program write SARIF 2.1.0.")
        }
        guard let runs = root["runs"]?.array else { throw misshapen("runs", "an array") }
        var findings: [AnalysisFinding] = []
        for (index, run) in runs.enumerated() {
            guard run.object != nil else { throw misshapen("runs[\(index)]", "an object") }
            let reader = AnalysisRun(run, limits)
            guard let results = run["results"], results != .null else { continue }
            guard let results = results.array else { throw misshapen("runs[\(index)].results", "an array") }
            guard findings.count + results.count <= limits.maximumCount else {
                throw OutcomeLimits.exceeded("The report has more than \(limits.maximumCount) results.")
            }
            for (number, result) in results.enumerated() {
                guard let finding = reader.finding(result) else {
                    throw misshapen("runs[\(index)].results[\(number)]", "an object with a message")
                }
                findings.append(finding)
            }
        }
        return findings
    }

    private static func misshapen(_ place: String, _ wanted: String) -> DiagnosticError {
        DiagnosticError(
            .analysisUnreadable, "In the SARIF file, \(place) must be \(wanted).",
            remedy: "Have the program write SARIF 2.1.0.")
    }
}
