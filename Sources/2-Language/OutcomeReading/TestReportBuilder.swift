// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Makes test cases of a report's elements. The formats differ in names; all are suites, tests in them, and in a test
/// perhaps why it failed.
final class TestReportBuilder {
    private let limits: OutcomeLimits
    private(set) var format: TestReport.Format?
    private(set) var cases: [TestCase] = []

    /// What stands around the place: the suites, the outermost first.
    private var suites: [(name: String, file: String?)] = []
    private var current: TestCase?
    /// The elements inside the test's, the innermost last.
    private var path: [String] = []
    /// The text of the innermost element, where it is wanted.
    private var text: [UInt8] = []
    private var wantsText = false
    /// The kind of the failure, such as an exception's type.
    private var kind = ""
    private var failurePlace = FailurePlace()

    init(_ limits: OutcomeLimits) { self.limits = limits }

    func take(_ event: XMLEvent) throws(DiagnosticError) {
        switch event {
        case .start(let name, let attributes): try start(name, attributes)
        case .end(let name): end(name)
        case .text(let bytes):
            // One byte more than the limit shows that there was more.
            if wantsText { text.append(contentsOf: bytes.prefix(max(0, limits.maximumTextBytes + 1 - text.count))) }
        }
    }

    static func unknown(_ root: String) -> DiagnosticError {
        DiagnosticError(
            .reportUnknown, "The file is no test report that is known here: it begins with <\(root)>.",
            remedy: "Give JUnit's, xUnit.net's or NUnit's XML.")
    }

    private func start(_ name: String, _ attributes: [String: String]) throws(DiagnosticError) {
        guard let format else {
            guard let format = Self.formats[name] else { throw Self.unknown(name) }
            self.format = format
            if Self.suiteNames.contains(name) { open(attributes) }
            return
        }
        if current != nil {
            path.append(name)
            startPart(name, attributes)
        } else if name == Self.testNames[format] || (format == .xunit && name == "error") {
            guard cases.count < limits.maximumCount else {
                throw OutcomeLimits.exceeded("The report has more than \(limits.maximumCount) test cases.")
            }
            current = test(attributes, format)
            if name == "error" { current?.status = .error }
        } else if Self.suiteNames.contains(name) {
            open(attributes)
        }
    }

    private func open(_ attributes: [String: String]) {
        let name = attributes["fullname"] ?? attributes["name"] ?? ""
        suites.append((name.isEmpty ? suites.last?.name ?? "" : name, attributes["file"] ?? suites.last?.file))
    }

    private func end(_ name: String) {
        if current == nil {
            if Self.suiteNames.contains(name) { _ = suites.popLast() }
        } else if path.isEmpty {
            finish()
        } else {
            endPart()
            path.removeLast()
        }
    }

    private func finish() {
        guard var test = current else { return }
        current = nil
        test.details = test.details.flatMap { $0.isEmpty ? nil : $0 }
        test.message = test.message.flatMap { $0.isEmpty ? nil : $0 }
        if test.status == .failed || test.status == .error { failurePlace.settle(&test) }
        cases.append(test)
    }

    private static let formats: [String: TestReport.Format] = [
        "testsuites": .junit, "testsuite": .junit, "assemblies": .xunit, "assembly": .xunit, "test-run": .nunit,
        "test-results": .nunit,
    ]
    private static let suiteNames: Set = ["testsuites", "testsuite", "assembly", "collection", "test-suite"]
    private static let testNames: [TestReport.Format: String] = [
        .junit: "testcase", .xunit: "test", .nunit: "test-case",
    ]
}

// MARK: a test

extension TestReportBuilder {
    private func test(_ attributes: [String: String], _ format: TestReport.Format) -> TestCase {
        let around = suites.last
        let suite = attributes["classname"] ?? attributes["type"] ?? around?.name ?? ""
        var name = attributes["name"] ?? ""
        // xUnit.net and NUnit 2 name a test with its class before it.
        if format != .junit, !suite.isEmpty, name.hasPrefix(suite + ".") { name.removeFirst(suite.count + 1) }
        var test = TestCase(suite: suite, name: name)
        test.file = Self.given(attributes["file"] ?? attributes["source-file"] ?? around?.file)
        test.line = (attributes["line"] ?? attributes["source-line"]).flatMap { Int32($0) }.map { Int($0) }
        // pytest counts lines from 0 there.
        if let line = test.line, format == .junit, around?.name == "pytest" { test.line = line + 1 }
        if let line = test.line, line < 1 { test.line = nil }
        test.durationSeconds = (attributes["time"] ?? attributes["duration"]).flatMap(Self.seconds)
        if format != .junit {
            test.status = Self.status(attributes)
        } else if ["notrun", "disabled"].contains(attributes["status"]) {
            // GoogleTest and CTest.
            test.status = .skipped
        }
        return test
    }

    private static func given(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// `0.012`, and `1,234.5` as Surefire may write it.
    private static func seconds(_ text: String) -> Double? {
        let number = Double(text) ?? Double(String(text.filter { $0 != "," }))
        return number.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    }

    private static func status(_ attributes: [String: String]) -> TestCase.Status {
        switch (attributes["result"] ?? "").lowercased() {
        case "pass", "passed", "success": .passed
        case "fail", "failed", "failure": attributes["label"] == "Error" ? .error : .failed
        case "error", "notrunnable", "invalid", "cancelled": .error
        default: .skipped
        }
    }

    // MARK: what stands in a test

    private static let junitParts: [String: TestCase.Status] = [
        "failure": .failed, "error": .error, "skipped": .skipped,
    ]

    private func startPart(_ name: String, _ attributes: [String: String]) {
        text.removeAll(keepingCapacity: true)
        wantsText = false
        if format == .junit {
            // Surefire's flakyFailure and rerunFailure tell of other attempts; the last one counts.
            guard path.count == 1, let status = Self.junitParts[name] else { return }
            let isWorse = Self.rank(status) > Self.rank(current?.status ?? .passed)
            if isWorse { current?.status = status }
            guard isWorse || current?.message == nil else { return }
            current?.message = limits.cut(attributes["message"] ?? "")
            kind = attributes["type"] ?? ""
            wantsText = true
        } else {
            // Deeper ones tell of single assertions.
            wantsText =
                path.count <= 2 && ["message", "stack-trace"].contains(name) || (name == "reason" && format == .xunit)
        }
    }

    private static func rank(_ status: TestCase.Status) -> Int {
        switch status {
        case .passed: 0
        case .skipped: 1
        case .failed: 2
        case .error: 3
        }
    }

    private func endPart() {
        defer { wantsText = false }
        guard wantsText, let name = path.last else { return }
        let content = limits.cut(text).trimmed
        switch name {
        case "failure", "error", "skipped":
            current?.details = content
            if (current?.message ?? "").isEmpty {
                current?.message = content.split(whereSeparator: \.isNewline).first.map(String.init) ?? limits.cut(kind)
            }
        case "stack-trace": current?.details = content
        default: current?.message = content
        }
    }
}

extension String {
    /// Without white space around it.
    var trimmed: String {
        let head = drop(while: \.isWhitespace)
        let blanks = head.reversed().prefix(while: \.isWhitespace).count
        return String(head.dropLast(blanks))
    }
}
