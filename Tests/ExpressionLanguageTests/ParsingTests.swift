// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import StructuredData
import Testing

@Suite("Expressions are read with GitHub's rules and errors")
struct ParsingTests {
    private static let scope = ExpressionScope(
        contexts: ["github", "env", "a", "b", "c"], functions: ExpressionFunctionSignature.jobStatus)

    private func canonical(_ text: String) throws -> String? {
        try ExpressionParser.parse(text, allowing: Self.scope).root?.canonicalText()
    }

    @Test("a chain that is four times as long takes about four times as long, not sixteen", arguments: ["||", "&&"])
    func longChains(connective: String) {
        func shortestTime(_ count: Int) -> Duration {
            let text = Array(repeating: "a", count: count).joined(separator: connective)
            return (0..<7).map { _ in
                ContinuousClock().measure {
                    let root = try? ExpressionParser.parse(text, allowing: Self.scope).root
                    #expect(root?.children.count == count)
                }
            }.min() ?? .zero
        }
        #expect(shortestTime(6400) < shortestTime(1600) * 12)
    }

    @Test(
        "operators bind as they do on GitHub",
        arguments: [
            ("a || b && c", "(a || (b && c))"), ("a == b != c", "((a == b) != c)"),
            ("a<b==c>b", "((a < b) == (c > b))"),
            ("!a == b", "(!a == b)"), ("!a.b.c[0].*", "!a.b.c[0].*"), ("a || (b || c) || b", "(a || b || c || b)"),
            ("(a && b) && c", "(a && b && c)"), ("a [ 'b c' ] . d", "a['b c'].d"), ("((a))", "a"),
            ("format ( '{0}' , a ) . b", "format('{0}', a).b"), ("('x').b", "('x').b"), ("A.B", "a.B"),
            ("toJson(GitHub)", "toJSON(github)"), ("'it''s' == 0x10", "('it''s' == 16)"), ("a['b']", "a.b"),
        ])
    func structure(text: String, expected: String) throws {
        #expect(try canonical(text) == expected)
    }

    @Test("an empty text is an expression without a tree")
    func empty() throws {
        #expect(try ExpressionParser.parse(" \t\n", allowing: Self.scope).root == nil)
        #expect(try value("") == .null)
    }

    @Test(
        "errors have GitHub's text and the token's offset",
        arguments: [
            ("a.", "Unexpected end of expression: '.'. Located at position 2 within expression: a.", 1),
            ("(a", "Unexpected end of expression: 'a'. Located at position 2 within expression: (a", 1),
            ("a)", "Unexpected symbol: ')'. Located at position 2 within expression: a)", 1),
            ("a, b", "Unexpected symbol: ','. Located at position 2 within expression: a, b", 1),
            ("contains(a,)", "Unexpected symbol: ')'. Located at position 12 within expression: contains(a,)", 11),
            ("a['b'", "Unexpected end of expression: ''b''. Located at position 3 within expression: a['b'", 2),
            ("[a]", "Unexpected symbol: '['. Located at position 1 within expression: [a]", 0),
            ("a b", "Unexpected symbol: 'b'. Located at position 3 within expression: a b", 2),
            ("a.*.b *", "Unexpected symbol: '*'. Located at position 7 within expression: a.*.b *", 6),
            (
                "contains(a)", "Too few parameters supplied: '('. Located at position 9 within expression: contains(a)",
                8
            ),
            ("always(a)", "Too many parameters supplied: '('. Located at position 7 within expression: always(a)", 6),
            ("case(a)", "Too few parameters supplied: 'case'. Located at position 1 within expression: case(a)", 0),
            ("nope()", "Unrecognized function: 'nope'. Located at position 1 within expression: nope()", 0),
            ("'é😊' == x", "Unrecognized named-value: 'x'. Located at position 10 within expression: 'é😊' == x", 12),
        ])
    func parsingErrors(text: String, message: String, offset: Int) {
        let error = #expect(throws: ExpressionError.self) {
            try ExpressionParser.parse(text, allowing: Self.scope)
        }
        #expect(error == ExpressionError(.parsing, message, offset: offset))
    }

    @Test(
        "what is no token is a lexing error, wherever it stands",
        arguments: ["a == \"b\"", "'a", "1.2.3", "0b11", "a & b", "a = b", "a | b", "a $ b", "-a", "a == 'b", "#"])
    func lexingErrors(text: String) {
        let error = #expect(throws: ExpressionError.self) {
            try ExpressionParser.parse(text, allowing: Self.scope)
        }
        #expect(error?.kind == .lexing)
        #expect(error?.message.hasPrefix("Unexpected symbol: ") == true)
    }

    @Test("double quotes get a hint")
    func quotes() {
        #expect(failure("\"a\"")?.diagnostic.remedy == "Write strings in single quotes.")
    }

    @Test("the length of a text and the depth of its tree are limited, that of parentheses is not")
    func limits() throws {
        let long = "'" + String(repeating: "x", count: ExpressionLimits.maximumLength - 2) + "'"
        #expect(try ExpressionParser.parse(long, allowing: Self.scope).root != nil)
        #expect(failure(long + " ")?.message == "Exceeded max expression length 21000")
        #expect(failure(String(repeating: "!", count: 20_999) + "1")?.message == "Exceeded max expression depth 50")
        let grouped = String(repeating: "(", count: 10_000) + "1" + String(repeating: ")", count: 10_000)
        #expect(try value(grouped) == 1)
        #expect(failure(String(repeating: "(", count: 20_000))?.message.hasPrefix("Unexpected end") == true)
        let chain = "true" + String(repeating: " && true", count: 2000)
        #expect(try value(chain) == true)
    }

    @Test("every node knows where it stands")
    func positions() throws {
        let text = " contains( github.ref , 'é' )&&!env['A']"
        let expression = try ExpressionParser.parse(text, allowing: Self.scope)
        var sources: [String] = []
        expression.root?.walk { node in
            sources.append(String(expression.source(of: node)))
            return true
        }
        #expect(
            sources == [
                "contains( github.ref , 'é' )&&!env['A']", "contains( github.ref , 'é' )", "github.ref", "github",
                "ref", "'é'", "!env['A']", "env['A']", "env", "'A'",
            ])
    }

    @Test("an expression tells what it uses")
    func uses() throws {
        let expression = try ExpressionParser.parse("GitHub.ref == env.X || Always()", allowing: Self.scope)
        #expect(expression.contextNames == ["github", "env"])
        #expect(expression.functionNames == ["always"])
        #expect(expression.callsStatusFunction)
        #expect(try !ExpressionParser.parse("'success()' == a", allowing: Self.scope).callsStatusFunction)
    }
}
