// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import StructuredData
import Synchronization
import Testing

@Suite("Expressions are evaluated with GitHub's coercions")
struct EvaluationTests {
    private let contexts: DataObject = [
        "o": .object(["Name": "x", "nested": .object(["deep": [1, 2]]), "7": "seven"]),
        "list": [.object(["n": 1]), .object(["N": 2, "tags": ["a"]]), 3, []],
        "same": .object([:]), "text": "Hello",
    ]

    @Test(
        "values",
        arguments: [
            ("o.name", "x"), ("o[7]", "seven"), ("o['NESTED'].deep[1.9]", 2), ("o.none.of.it", nil),
            ("list.*.n", [1, 2]), ("list.*.tags[0]", ["a"]), ("list[-1]", nil), ("text.x", nil), ("text.*", []),
            ("o.*.deep", [[1, 2]]), ("list[3]", []), ("list['1'].n", 2), ("list['x']", nil),
            ("'' || 0 || 'x' && 5", 5), ("null && fromJSON('broken')", nil), ("!'false'", false),
            ("'ß' == 'SS'", false), ("'ſ' == 'S'", false), ("'ᾳ' == 'ᾼ'", true), ("'a' < 'B'", true),
            ("'_' > 'Z'", true),
            ("'😊' < '\u{FFFD}'", true), ("'0x7fffffff' == 2147483647", true), ("'0xffffffff' == -1", true),
            ("'0x100000000' == 4294967296", false), ("'1e3' == 1000", true), ("'\u{a0} 1\u{2003}' == 1", true),
            ("'1_0' == 10", false), ("'+.5' == 0.5", true), ("-0 == 0", true), ("NaN == NaN", false),
            ("null <= 0", true), ("true > false", true), ("o == o", true), ("o.nested == o.nested", true),
            ("same == same", true), ("fromJSON('{}') == fromJSON('{}')", false), ("o == list", false),
            ("contains(list, list[0])", true), ("contains(list.*, list[1])", true), ("contains(list, o)", false),
            ("contains(o, 'x')", false), ("contains('aaaaaaab', 'AAAB')", true), ("contains('ÀÉ', 'éx')", false),
            ("startsWith('ÉTÉ', 'ét')", true), ("endsWith(123, 23)", true), ("join(o.nested.deep, '')", "12"),
            ("format('{1}{0}{{}}', 'a', true)", "truea{}"), ("format('{0}', list)", "Array"),
            ("case(false, fromJSON('x'), true, 'yes', fromJSON('y'))", "yes"),
            ("fromJSON('{\"a\":1,\"A\":2}').a", 1), ("fromJSON(toJSON(o)).nested.deep[0]", 1),
            ("toJSON(1e15)", "1E+15"), ("toJSON(NaN)", "NaN"), ("toJSON(-0)", "0"),
            ("toJSON('a\u{85}/')", "\"a\\u0085/\""),
        ] as [(String, DataValue)])
    func values(text: String, expected: DataValue) throws {
        #expect(try value(text, contexts) == expected)
    }

    @Test(
        "errors",
        arguments: [
            ("format('{0:N}', 1)", "The format specifiers 'N' are not valid for objects of type 'Number'"),
            ("format('{256}', 1)", "The following format string is invalid: {256}"),
            ("format('{0', 1)", "The following format string is invalid: {0"),
            ("fromJSON('')", "Error from function 'fromJSON': empty input"),
            (
                "fromJSON('{]')",
                "Error from function 'fromJSON': Expected a key but found ']' at line 1, column 2"
            ),
            ("case('true', 1, 2)", "case predicate must evaluate to a boolean value"),
        ])
    func errors(text: String, message: String) {
        let error = failure("1 && " + text)
        #expect(error == ExpressionError(.evaluation, message, offset: 5))
    }

    @Test("a context that is supplied on demand is asked for at most once, and only when it is read")
    func lazyContexts() throws {
        let calls = Mutex(0)
        var contexts = ExpressionContexts()
        contexts.supply("Secrets") { () throws(ExpressionError) in
            calls.withLock { $0 += 1 }
            return .object(["TOKEN": "t"])
        }
        let evaluator = ExpressionEvaluator(contexts: contexts)
        let scope = ExpressionScope(contexts: ["secrets"])
        let parse = { try ExpressionParser.parse($0, allowing: scope) }
        #expect(try evaluator.evaluate(parse("true || secrets.token")) == true)
        #expect(calls.withLock { $0 } == 0)
        #expect(try evaluator.evaluate(parse("format('{0}{1}', secrets.token, SECRETS.Token)")) == "tt")
        #expect(calls.withLock { $0 } == 1)
    }

    @Test("functions of the caller get their arguments, and their errors come through")
    func extensionFunctions() throws {
        let functions: [String: ExpressionFunction] = [
            "hashFiles": { arguments throws(ExpressionError) in
                guard let first = arguments.first?.string else { throw ExpressionError(evaluation: "no pattern") }
                return .string("hash of \(first)")
            }
        ]
        #expect(try value("HASHFILES('**/x') != ''", functions: functions) == true)
        let error = #expect(throws: ExpressionError.self) { try value("!hashFiles(1)", functions: functions) }
        #expect(error == ExpressionError(.evaluation, "no pattern", offset: 1))
    }

    @Test("memory is limited whatever the functions build", .timeLimit(.minutes(1)))
    func memory() {
        let long = DataValue.string(String(repeating: "x", count: 400_000))
        let contexts: DataObject = ["s": long, "list": .array(Array(repeating: long, count: 20))]
        let placeholders = String(repeating: "{0}", count: 5000)
        let message = "The maximum allowed memory size was exceeded while evaluating the following expression: "
        let texts = [
            "format('\(placeholders)', s)", "join(fromJSON(format('[{0}1]', format('\(placeholders)', '1,'))), s)",
            "toJSON(list)", "join(list)",
            "contains(format('{0}{0}{0}{0}{0}{0}{0}{0}{0}', s), format('{0}{0}{0}{0}{0}{0}{0}{0}', s))",
        ]
        for text in texts {
            #expect(failure(text, contexts)?.message.hasPrefix(message) == true, "\(text.prefix(40))")
        }
    }

    @Test("searching text takes time in proportion to its length", .timeLimit(.minutes(1)))
    func search() throws {
        let contexts: DataObject = [
            "s": .string(String(repeating: "a", count: 200_000)),
            "p": .string(String(repeating: "a", count: 80_000) + "b"),
        ]
        #expect(try value("contains(s, p)", contexts) == false)
    }
}

@Suite("An evaluation tells what it saw")
struct TraceTests {
    private let contexts: DataObject = [
        "github": .object(["ref": "refs/heads/dev", "event": .object(["draft": true])]), "env": .object([:]),
    ]

    private func trace(_ text: String) throws -> EvaluationTrace {
        let scope = ExpressionScope(contexts: contexts.keys, functions: ExpressionFunctionSignature.jobStatus)
        let evaluator = ExpressionEvaluator(
            contexts: ExpressionContexts(contexts), functions: ["success": { _ throws(ExpressionError) in true }])
        return try evaluator.evaluateRecording(try ExpressionParser.parse(text, allowing: scope)).trace
    }

    @Test(
        "values stand where names were",
        arguments: [
            ("github.ref == 'refs/heads/main'", "'refs/heads/dev' == 'refs/heads/main' → false"),
            (
                "contains(github.ref, 'dev') && !github.event.draft",
                "contains('refs/heads/dev', 'dev') && !true → false"
            ),
            ("env.A || github.ref", "null || 'refs/heads/dev' → 'refs/heads/dev'"),
            ("env.A && github.ref", "null && github.ref → null"), ("success()", "success() → true"), ("1 == 1", "true"),
            ("github.event", "github.event → Object"), ("toJSON(env) == '{}'", "'{}' == '{}' → true"),
        ])
    func summaries(text: String, summary: String) throws {
        #expect(try trace(text).summary == summary)
    }

    @Test("what was read is listed, once, from the left; what was skipped is not")
    func observations() throws {
        let seen = try trace("success() && github.ref != github.ref && env.A").observations
        #expect(seen == [.init(text: "success()", value: true), .init(text: "github.ref", value: "refs/heads/dev")])
    }
}
