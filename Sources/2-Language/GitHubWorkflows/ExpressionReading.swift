// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import Synchronization

/// Expressions as they are read where they stand.
enum ExpressionReading {
    /// What a scalar with `${{` in it stands for.
    static func template(
        _ text: String, _ availability: Availability
    ) throws(TemplateError) -> TemplateToken.Content {
        switch try TemplateText.read(text, allowing: scope(availability)) {
        case .literal(let text): .string(text)
        case .expression(let expression, _): .expression(expression.text)
        case .insert: .insert
        }
    }

    static func parse(
        _ source: String, _ availability: Availability
    ) throws(ExpressionError) -> ParsedExpression {
        try ExpressionParser.parse(source, allowing: scope(availability))
    }

    /// A file has few distinct scopes and many expressions.
    private static let scopes = Mutex<[Availability: ExpressionScope]>([:])

    private static func scope(_ availability: Availability) -> ExpressionScope {
        scopes.withLock { known in
            if let scope = known[availability] { return scope }
            let scope = availability.scope
            known[availability] = scope
            return scope
        }
    }
}

/// GitHub trims what Unicode calls white space, as .NET does.
enum WhiteSpaceText {
    static func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
