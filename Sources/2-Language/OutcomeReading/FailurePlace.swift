// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ProblemMatching

/// Where a test failed, read from its details: most writers of reports have no better place for it.
struct FailurePlace {
    /// Lines of details that are looked at.
    private static let maximumLines = 400

    /// Made for the first failure: most reports have none.
    private var scanner: ProblemScanner?

    private static let matcher = ProblemMatcher(
        owner: "place",
        patterns: [
            ProblemPattern(
                #"(?:^|[\s("'])((?:\.{0,2}/)?[^\s:()"']+\.[A-Za-z]{1,8}):(\d{1,7})(?::\d+)?(?![\w.])"#,
                [.file: 1, .line: 2, .message: 0])
        ])

    /// Sets the file and the line of a failure. Where the report names the test's file, the place must be in it.
    ///
    /// pytest tells the place of the failure last, others first. Frames of installed packages are passed over, and those
    /// of the JVM, which name no folder, must be of the test's class.
    mutating func settle(_ test: inout TestCase) {
        guard let details = test.details,
            var scanner = scanner ?? (try? PreparedMatcher(Self.matcher)).map({ ProblemScanner([$0]) })
        else { return }
        defer { self.scanner = scanner }
        var found: ProblemFinding?
        for line in details.split(whereSeparator: \.isNewline).prefix(Self.maximumLines) {
            guard let finding = Self.finding(line, &scanner), Self.fits(finding.file ?? "", test) else { continue }
            if found == nil || finding.file?.hasSuffix(".py") == true { found = finding }
        }
        guard let found else { return }
        test.file = test.file ?? found.file
        test.line = found.line
    }

    private static func finding(_ line: Substring, _ scanner: inout ProblemScanner) -> ProblemFinding? {
        var line = line
        let reports = line.withUTF8 { scanner.take(UnsafeRawBufferPointer($0)) }
        guard case .finding(let finding) = reports.last else { return nil }
        return finding
    }

    private static func fits(_ file: String, _ test: TestCase) -> Bool {
        if ["node_modules/", "site-packages/", "node:"].contains(where: { file.contains($0) }) { return false }
        if let own = test.file { return own == file || own.hasSuffix("/" + file) || file.hasSuffix("/" + own) }
        guard [".java", ".kt", ".scala", ".groovy"].contains(where: { file.hasSuffix($0) }) else { return true }
        let stem = file.split(separator: "/").last?.split(separator: ".").first ?? ""
        let simpleName = test.suite.split(separator: ".").last?.split(separator: "$").first
        return simpleName == stem
    }
}
