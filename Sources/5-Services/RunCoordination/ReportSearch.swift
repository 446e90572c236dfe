// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import OutcomeReading
internal import StepExecution

/// Finds what a job's tools have written of their results: test reports and SARIF files in its workspace, by the names that
/// such tools give them. Called on a thread that may block.
struct ReportSearch: Sendable {
    /// What was found.
    struct Found: Sendable {
        var tests: [TestCase] = []
        /// Of analysers, and of reports that cannot be read.
        var annotations: [Annotation] = []
    }

    let workspace: String
    /// When the job began, in milliseconds since the epoch: what is older came with the checkout.
    let since: Int64

    private static let fileLimitBytes = 64 << 20
    private static let unnamedLimitBytes = 4 << 20
    private static let entryLimit = 50_000
    private static let depthLimit = 12
    private static let reportLimit = 500
    /// A file's times are those of the kernel's last tick.
    private static let fileClockLagMs: Int64 = 10
    private static let passedOver: Set<String> = [".git", "node_modules", ".venv", "venv", "vendor", ".cache"]
    private static let reportFolders: Set<String> = [
        "test-results", "test-reports", "surefire-reports", "failsafe-reports", "junit", "TestResults",
    ]

    func read() -> Found {
        var found = Found()
        for path in paths() {
            let name = "\(path.dropFirst(workspace.count + 1))"
            do throws(DiagnosticError) {
                let bytes = try Files.read(path, limit: Self.fileLimitBytes)
                if path.hasSuffix(".sarif") {
                    found.annotations += try AnalysisReport.readSARIF(bytes).filter { !$0.isSuppressed }.map(
                        Annotation.init)
                } else if Self.isReport(bytes) {
                    found.tests += try TestReport.read(bytes).cases.map(placed)
                }
            } catch {
                let diagnostic = error.diagnostic
                var annotation = Annotation(.warning, "\(diagnostic.code): \(diagnostic.message)")
                annotation.file = name
                annotation.line = diagnostic.position?.line
                found.annotations.append(annotation)
            }
        }
        return found
    }

    /// The workspace is a copy that goes away: places are told relative to it, as annotations have them.
    private func placed(_ test: TestCase) -> TestCase {
        guard let file = test.file, file.hasPrefix(workspace + "/") else { return test }
        var test = test
        test.file = String(file.dropFirst(workspace.count + 1))
        return test
    }

    /// Many files that end with `.xml` are none: a report's root element says what it is.
    private static func isReport(_ bytes: [UInt8]) -> Bool {
        let head = String(decoding: bytes.prefix(2048), as: UTF8.self)
        return ["<testsuite", "<assemblies", "<assembly ", "<test-run", "<test-results"].contains { head.contains($0) }
    }

    private func paths() -> [String] {
        var found: [String] = []
        var left = Self.entryLimit
        visit(workspace, depth: 0, isReportFolder: false, &left, &found)
        return found
    }

    private func visit(_ folder: String, depth: Int, isReportFolder: Bool, _ left: inout Int, _ found: inout [String]) {
        guard depth < Self.depthLimit, left > 0, let entries = try? Trees.list(folder) else { return }
        for entry in entries where found.count < Self.reportLimit {
            left -= 1
            let path = "\(folder)/\(entry.name)"
            switch entry.kind {
            case .directory where !Self.passedOver.contains(entry.name):
                visit(
                    path, depth: depth + 1, isReportFolder: isReportFolder || Self.reportFolders.contains(entry.name),
                    &left, &found)
            case .file where Self.isNamed(entry.name, isReportFolder) && isNew(path): found.append(path)
            case .file where entry.name.hasSuffix(".xml") && isNew(path) && isSmall(path): found.append(path)
            default: break
            }
        }
    }

    private static func isNamed(_ name: String, _ isReportFolder: Bool) -> Bool {
        if name.hasSuffix(".sarif") { return true }
        guard name.hasSuffix(".xml") else { return false }
        let lower = name.lowercased()
        return isReportFolder || lower.hasPrefix("test-") || lower.contains("junit") || lower.contains("xunit")
            || lower.contains("test-results") || lower.contains("testresults")
    }

    /// One that no tool's custom names is looked into where that costs little.
    private func isSmall(_ path: String) -> Bool {
        (Files.facts(path)?.sizeBytes ?? .max) <= Self.unnamedLimitBytes
    }

    private func isNew(_ path: String) -> Bool {
        (Files.facts(path)?.modifiedNanoseconds ?? 0) / 1_000_000 >= since - Self.fileClockLagMs
    }
}

extension Annotation {
    /// What an analyser found.
    fileprivate init(_ finding: AnalysisFinding) {
        let level: Level =
            switch finding.level {
            case .error: .error
            case .warning: .warning
            case .note, .none: .notice
            }
        self.init(level, finding.message)
        title = finding.tool.isEmpty ? finding.rule : "\(finding.tool): \(finding.rule)"
        file = finding.file
        line = finding.line
        endLine = finding.endLine
        column = finding.column
        endColumn = finding.endColumn
    }
}

extension RunSession.Settings {
    /// Tools whose messages are known.
    package static var annotatedTools: [String] { BuiltInMatchers.names }
}
