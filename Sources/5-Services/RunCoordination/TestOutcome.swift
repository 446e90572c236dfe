// SPDX-License-Identifier: Apache-2.0

internal import OutcomeReading
package import StructuredData

/// What became of one test of a job, as its report has it; redacted.
package struct TestOutcome: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable, CaseIterable {
        case passed
        case failed
        /// It could not be carried out.
        case error
        case skipped
    }

    package var suite: String
    package var name: String
    package var status: Status
    package var durationSeconds: Double?
    package var file: String?
    package var line: Int?
    package var message: String?

    /// `suite › name`
    package var title: String { suite.isEmpty ? name : "\(suite) › \(name)" }
    package var isFailure: Bool { status == .failed || status == .error }

    init(_ test: TestCase, redacted: (String) -> String) {
        suite = redacted(test.suite)
        name = redacted(test.name)
        status = Status(rawValue: test.status.rawValue) ?? .error
        durationSeconds = test.durationSeconds
        file = test.file.map(redacted)
        line = test.line
        message = (test.message ?? test.details).map(redacted)
    }

    package var data: DataValue {
        var object: DataObject = [
            "suite": .string(suite), "name": .string(name), "status": .string(status.rawValue),
        ]
        object.set("durationSeconds", durationSeconds.map { .number($0) })
        object.set("file", file.map(DataValue.string))
        object.set("line", line.map { .number(Double($0)) })
        object.set("message", message.map(DataValue.string))
        return .object(object)
    }

    package init?(data: DataValue) {
        guard let name = data["name"]?.string, let status = data["status"]?.string.flatMap(Status.init) else {
            return nil
        }
        self.name = name
        self.status = status
        suite = data["suite"]?.string ?? ""
        if case .number(let seconds)? = data["durationSeconds"] { durationSeconds = seconds }
        file = data["file"]?.string
        line = data["line"]?.int
        message = data["message"]?.string
    }
}
