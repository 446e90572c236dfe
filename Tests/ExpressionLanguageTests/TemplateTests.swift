// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import Testing

@Suite("Scalars are cut into text and expressions")
struct TemplateTests {
    private static let scope = ExpressionScope(contexts: ["a", "b"])

    private func text(_ template: String) throws -> String {
        switch try TemplateText.read(template, allowing: Self.scope) {
        case .literal(let text): "literal " + text
        case .expression(let expression, _): expression.text
        case .insert: "insert"
        }
    }

    @Test(
        "mixed text becomes one format call",
        arguments: [
            ("plain }} $ { text", "literal plain }} $ { text"), ("${{ a }}", "a"), ("${{a.b}}", "a.b"),
            ("x ${{ a }}", "format('x {0}', a)"), ("${{a}}${{b}}", "format('{0}{1}', a, b)"),
            ("it's {${{ a }}}", "format('it''s {{{0}}}', a)"), ("${{ '}}' }}", "literal }}"),
            ("${{ 'it''s' }}", "literal it's"), ("${{ 'a' }} ", "format('{0} ', 'a')"),
            ("${{ format('}}{0}', 'x''}}') }}", "format('}}{0}', 'x''}}')"), ("${{ insert }}", "insert"),
            ("$${{ a }}", "format('${0}', a)"), ("é${{\na\n}}", "format('é{0}', a)"),
        ])
    func reading(template: String, expected: String) throws {
        #expect(try text(template) == expected)
    }

    @Test("segments know where they stand")
    func offsets() throws {
        #expect(
            try TemplateText.split("é ${{  a }}-${{ b}}") == [
                .literal("é ", offset: 0), .expression("a", offset: 8), .literal("-", offset: 12),
                .expression("b", offset: 17),
            ])
        guard case .expression(_, let parts) = try TemplateText.read("x ${{ a.c }}${{ b }}", allowing: Self.scope)
        else {
            Issue.record("mixed text is an expression")
            return
        }
        #expect(parts.map(\.offset) == [6, 16])
        #expect(parts.map(\.expression.text) == ["a.c", "b"])
    }

    private static let notClosed =
        "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not "
        + "found."

    @Test(
        "errors are GitHub's",
        arguments: [
            (
                "x ${{ a", 203, 2,
                Self.notClosed
            ),
            (
                "${{ 'a }}", 203, 0,
                Self.notClosed
            ),
            ("x ${{  }}", 203, 2, "An expression was expected"),
            ("x ${{ c }}", 201, 6, "Unrecognized named-value: 'c'. Located at position 1 within expression: c"),
            (
                "x ${{ insert }}", 203, 6,
                "The directive 'insert' is not allowed in this context. Directives are not supported for "
                    + "expressions that are embedded within a string. Directives are only supported when the "
                    + "entire value is an expression."
            ),
            (
                "${{ insert a }}", 203, 4,
                "Exactly 0 parameter(s) were expected following the directive 'insert'. Actual parameter count: 1"
            ),
        ])
    func errors(template: String, code: Int, offset: Int, message: String) {
        let error = #expect(throws: TemplateError.self) { try TemplateText.read(template, allowing: Self.scope) }
        #expect(error?.code == DiagnosticCode(code))
        #expect(error?.message == message)
        #expect(error?.offset == offset)
    }
}
