// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import Testing

@Suite("Types of expressions")
struct ExpressionTypeTests {
    private let checker = ExpressionTypeChecker(contexts: [
        "env": .map(of: .string),
        "github": .strict(["ref": .string, "event": .open()]),
        "matrix": .strict(["os": .string, "node": .number, "list": .array(of: .bool), "o": .strict(["a": .number])]),
        "needs": .strict(["a": .strict(["result": .string]), "b": .strict(["result": .string])]),
    ])

    @Test(
        "The type of an expression is worked out from its parts",
        arguments: [
            ("1 == 2", .bool), ("'a'", .string), ("null", .null), ("env.X", .string), ("matrix.o.A", .number),
            ("matrix.list[0]", .bool), ("github.event.x.y", .any), ("needs.*.result", .filtered(of: .string)),
            ("matrix.os && 1 || 2", .number), ("fromJSON('[1, 2]')", .array(of: .number)),
            ("fromJSON('{\"a\":null}').a", .null), ("fromJSON(env.X)", .any), ("format('{0}', 1)", .string),
            ("case(true, 1, 2)", .number), ("matrix.os || matrix.node", .any), ("unheard.of", .any),
        ] as [(String, ExpressionType)])
    func typesAreWorkedOut(text: String, expected: ExpressionType) throws {
        let (type, findings) = checker.check(try ExpressionParser.parse(text, allowing: .anything))
        #expect(type == expected)
        #expect(findings.isEmpty, "\(findings)")
    }

    @Test(
        "What cannot be right is found, with its place",
        arguments: [
            ("matrix.oz", 0), ("matrix.os.x", 0), ("github[1]", 7), ("matrix.list['a']", 12), ("matrix.list.x", 0),
            ("1 + 0 == 1", nil), ("matrix.list == 'a'", 0), ("true < 1", 0), ("!matrix.o.b", 1),
            ("startsWith(matrix.o, 'a')", 11), ("join(matrix.o)", 5), ("contains(matrix.o, 'a')", 9),
            ("matrix.os.*", 0),
        ] as [(String, Int?)])
    func faultsAreFound(text: String, offset: Int?) throws {
        guard let offset else {
            #expect(throws: ExpressionError.self) { try ExpressionParser.parse(text, allowing: .anything) }
            return
        }
        let (_, findings) = checker.check(try ExpressionParser.parse(text, allowing: .anything))
        #expect(findings.map(\.offset) == [offset], "\(findings)")
    }
}
