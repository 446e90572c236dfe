// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import StructuredData
import Testing

/// A generator whose numbers depend on its seed alone.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

@Suite("No input brings the language down")
struct RandomInputTests {
    private static let words = [
        "github", ".", "ref", "*", "[", "]", "(", ")", "'", "'a''b'", "1", "-0x1F", "1e9", ".5", "NaN", "&&", "||", "!",
        "==", "<=", ",", " ", "contains(", "format('{0}{1}',", "join(", "toJSON(", "fromJSON('[1,{\"a\":2}]')", "case(",
        "null", "true", "${{", "}}", "{", "}", "😊", "é", "\u{a0}", "\n", "insert", "hashFiles(", "github.event.*.x",
    ]
    private static let types: [String: ExpressionType] = [
        "github": .strict(["ref": .string, "event": .array(of: .strict(["x": .number]))])
    ]
    private static let scope = ExpressionScope(contexts: ["github"])
    private static let contexts = ExpressionContexts([
        ("github", .object(["ref": "é", "event": [.object(["x": 1]), .object(["X": [2]])]]))
    ])

    @Test("random words are read and evaluated, or refused with an error", arguments: 0..<8)
    func words(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let evaluator = ExpressionEvaluator(contexts: Self.contexts)
        var values = 0
        for _ in 0..<600 {
            let count = Int.random(in: 1...9, using: &generator)
            let text = (0..<count).map { _ in Self.words.randomElement(using: &generator) ?? "" }.joined()
            _ = try? TemplateText.read(text, allowing: Self.scope)
            if let shape = try? ExpressionParser.parse(text, allowing: .anything) {
                _ = ExpressionTypeChecker(contexts: Self.types).check(shape)
            }
            guard let expression = try? ExpressionParser.parse(text, allowing: Self.scope) else { continue }
            values += 1
            let value = (try? evaluator.evaluate(expression))?.jsonText()
            #expect((try? evaluator.evaluateRecording(expression))?.value.jsonText() == value)
            if let canonical = expression.root?.canonicalText() {
                let again = try ExpressionParser.parse(canonical, allowing: Self.scope)
                #expect(again.root?.canonicalText() == canonical)
            }
        }
        #expect(values > 15, "the words make too few expressions to say anything")
    }

    @Test("random JSON reads back as it was written", arguments: 0..<8)
    func json(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let value = Self.value(depth: 4, &generator)
            #expect(try DataValue(json: value.jsonText()) == value)
            let pretty = try DataValue(json: value.prettyJSONText())
            #expect(pretty.prettyJSONText() == value.prettyJSONText())
        }
    }

    @Test("random bytes as requests are answered in JSON", arguments: 0..<8)
    func requests(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let request = Array(#"{"expr":"a.b == fromJSON('[1]')[0] && 'é'","contexts":{"a":{"b":1}}}"#.utf8)
        for _ in 0..<600 {
            var bytes = request
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            let answer = try DataValue(json: EvaluationRequest.answer(bytes))
            #expect((answer["result"]?["kind"] ?? answer["error"]?["kind"])?.string != nil)
        }
    }

    private static func value(depth: Int, _ generator: inout SeededGenerator) -> DataValue {
        switch Int.random(in: 0...(depth > 0 ? 6 : 4), using: &generator) {
        case 0: return .null
        case 1: return .bool(.random(using: &generator))
        case 2: return .number(Double(Int.random(in: -1_000_000...1_000_000, using: &generator)))
        case 3:
            let number = Double(bitPattern: UInt64.random(in: 0...UInt64.max, using: &generator))
            return .number(number.isFinite ? number : 0)
        case 4: return .string(string(&generator))
        case 5: return .array((0..<3).map { _ in value(depth: depth - 1, &generator) })
        default:
            return .object(DataObject((0..<12).map { _ in (string(&generator), value(depth: depth - 1, &generator)) }))
        }
    }

    private static func string(_ generator: inout SeededGenerator) -> String {
        var string = ""
        for _ in 0..<Int.random(in: 0...6, using: &generator) {
            let limit: UInt32 = .random(in: 0...2, using: &generator) == 0 ? 0x10FFFF : 0x7F
            if let scalar = Unicode.Scalar(UInt32.random(in: 0...limit, using: &generator)) {
                string.unicodeScalars.append(scalar)
            }
        }
        return string
    }
}
