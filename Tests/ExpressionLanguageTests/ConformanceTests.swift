// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import Foundation
import StructuredData
import Testing

/// The cases of `shared/conformance/github-expressions`, which GitHub's own implementations run too.
@Suite("Expressions mean what they mean on GitHub")
struct ConformanceTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var request: DataValue
        var result: DataValue?
        var error: DataValue?
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder =
            ProcessInfo.processInfo.environment["MARTLET_CONFORMANCE"].map { URL(filePath: $0) }
            ?? root.appending(path: "../shared/conformance")
        let file = folder.appending(path: "github-expressions/cases.ndjson")
        guard let text = try? Data(contentsOf: file) else {
            FileHandle.standardError.write(Data("conformance cases are absent: \(file.path)\n".utf8))
            return []
        }
        return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let value = try? DataValue(json: line), let text = value["expr"]?.string else { return nil }
            return Case(
                name: "\(value["file"]?.string ?? "") \(value["group"]?.string ?? ""): \(text.prefix(80))",
                request: .object(["expr": .string(text), "contexts": value["contexts"] ?? .object([:])]),
                result: value["result"], error: value["err"])
        }
    }()

    @Test("a case's result or error is GitHub's", arguments: cases)
    func agrees(test: Case) throws {
        let request = Array(test.request.jsonText().utf8)
        let answer = try DataValue(json: EvaluationRequest.answer(request))
        if let result = test.result {
            #expect(answer["result"] == result, "\(answer.jsonText())")
        }
        if let error = test.error {
            #expect(answer["error"]?["kind"] == error["kind"], "\(answer.jsonText())")
            // GitHub's own runs of these cases look for the expected text inside the message, too: several are cut off
            // where implementations differ.
            let message = try #require(answer["error"]?["message"]?.string)
            let expected = try #require(error["value"]?.string)
            #expect(message.contains(expected), "\(message)")
        }
    }
}
