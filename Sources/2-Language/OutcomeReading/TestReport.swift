// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// What became of one test.
package struct TestCase: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case passed
        /// It ran, and something was not as expected.
        case failed
        /// It was left out on purpose.
        case skipped
        /// It could not be carried out: an exception, a broken set-up.
        case error
    }

    /// The class, package or suite that it is of.
    package var suite: String
    package var name: String
    /// As the report has it, or as it stands in the details of a failure.
    package var file: String?
    /// 1-based.
    package var line: Int?
    /// As reported; `nil` where the report does not say.
    package var durationSeconds: Double?
    package var status: Status
    /// Why it failed or was skipped, often one line.
    package var message: String?
    /// A stack trace, a difference, captured text.
    package var details: String?

    package init(suite: String, name: String, status: Status = .passed) {
        self.suite = suite
        self.name = name
        self.status = status
    }
}

/// A file of test results.
package struct TestReport: Hashable, Sendable {
    package enum Format: String, Hashable, Sendable, CaseIterable {
        /// Surefire, pytest, gotestsum, jest-junit, XCTest and Swift Testing, and many more.
        case junit
        /// xUnit.net, version 2 and 3.
        case xunit
        /// Version 3, and the plain results of version 2.
        case nunit
    }

    package var format: Format
    /// In the file's order.
    package var cases: [TestCase]

    /// Which format it is, its root element says.
    ///
    /// - Throws: `MRT0830` to `MRT0833`, with the place.
    package static func read(
        _ bytes: [UInt8], limits: OutcomeLimits = .standard
    ) throws(DiagnosticError) -> TestReport {
        let builder = TestReportBuilder(limits)
        try XMLScan.read(bytes, limits) { event throws(DiagnosticError) in try builder.take(event) }
        guard let format = builder.format else {
            // Expat has refused a text without an element before.
            throw TestReportBuilder.unknown("nothing")
        }
        return TestReport(format: format, cases: builder.cases)
    }

    package func count(_ status: TestCase.Status) -> Int { cases.count { $0.status == status } }
}
