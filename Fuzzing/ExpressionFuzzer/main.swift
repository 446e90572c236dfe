// SPDX-License-Identifier: Apache-2.0

// The libFuzzer entry for JSON, templates and expressions; `Fuzzing/build ExpressionFuzzer` builds it.
//
// The first byte of an input chooses what the rest is. Beside crashes and hangs, each stage has a property that must
// hold for every input.

import ExpressionLanguage
import StructuredData

private let event: DataValue = .object([
    "ref": "refs/heads/main", "number": 7, "draft": false, "body": nil, "": "empty", "ünïcode": "ß😊",
    "labels": [.object(["name": "bug", "ids": [1, 2]]), .object(["Name": "fix"]), "text", 0.5],
])
private let contexts = ExpressionContexts([
    ("github", .object(["event": event, "ref": "refs/heads/main", "event_name": "push"])),
    ("env", .object(["A": "1", "B": "0x1F", "C": " Infinity "])),
    ("matrix", .object(["os": ["linux", "mac"], "n": [1, 2, [3]]])),
    ("empty", .object([:])),
])
private let scope = ExpressionScope(
    contexts: ["github", "env", "matrix", "empty", "supplied"],
    functions: ExpressionFunctionSignature.jobStatus + [.hashFiles])
private let evaluator: ExpressionEvaluator = {
    var all = contexts
    all.supply("supplied") { () throws(ExpressionError) in event }
    return ExpressionEvaluator(
        contexts: all,
        functions: [
            "success": { _ throws(ExpressionError) in true },
            "hashFiles": { arguments throws(ExpressionError) in
                throw ExpressionError(evaluation: arguments.map(\.coercedToString).joined(separator: "\n"))
            },
        ], maximumMemoryBytes: 1 << 20)
}()
private let checker = ExpressionTypeChecker(contexts: [
    "github": .strict(["ref": .string, "event": .open()]), "env": .map(of: .string),
    "matrix": .strict(["os": .array(of: .string), "n": .number]), "empty": .strict([:]),
])

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = UnsafeBufferPointer(start: start, count: count)
    guard let first = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch first & 3 {
    case 0: checkJSON(rest)
    case 1: checkTemplate(String(decoding: rest, as: UTF8.self))
    case 2: _ = EvaluationRequest.answer(rest)
    default: checkExpression(String(decoding: rest, as: UTF8.self))
    }
    return 0
}

/// What is written reads back as it was.
private func checkJSON(_ bytes: [UInt8]) {
    guard let value = try? DataValue(json: bytes, limits: JSONLimits(maximumDepth: 100)) else { return }
    let text = value.jsonText()
    let isFinite = !text.contains("null") || String(decoding: bytes, as: UTF8.self).contains("null")
    guard isFinite else { return }
    precondition((try? DataValue(json: text)) == value, "compact JSON does not read back: \(text)")
    _ = value.prettyJSONText(maximumBytes: 1 << 20)
}

/// The segments are the text, and mixed text reads as one expression.
private func checkTemplate(_ text: String) {
    _ = try? TemplateText.read(text, allowing: scope)
    guard let segments = try? TemplateText.split(text) else { return }
    for segment in segments {
        let (part, offset) =
            switch segment {
            case .literal(let part, let offset), .expression(let part, let offset): (part, offset)
            }
        precondition(text.utf8.dropFirst(offset).starts(with: part.utf8), "a segment is not where it says")
    }
}

/// The canonical text means the same: it reads, and is its own canonical text.
private func checkExpression(_ text: String) {
    guard let expression = try? ExpressionParser.parse(text, allowing: scope), let root = expression.root else {
        _ = (try? ExpressionParser.parse(text, allowing: .anything)).map(checker.check)
        return
    }
    _ = checker.check(expression)
    let plain = try? evaluator.evaluate(expression)
    let recorded = try? evaluator.evaluateRecording(expression)
    precondition(plain?.jsonText() == recorded?.value.jsonText(), "recording changes a value")
    _ = recorded?.trace.summary
    let canonical = root.canonicalText()
    // Numbers are written with 15 digits, and the parentheses may pass the limit of length.
    if let again = try? ExpressionParser.parse(canonical, allowing: scope) {
        precondition(again.root?.canonicalText() == canonical, "the canonical text is not stable: \(canonical)")
    } else {
        precondition(canonical.utf16.count > ExpressionLimits.maximumLength, "does not read: \(canonical)")
    }
}
