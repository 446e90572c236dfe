// SPDX-License-Identifier: Apache-2.0

package import StructuredData

extension ExpressionNode {
    /// The node written out anew in GitHub's canonical form: every operator in parentheses, `a.b` where it can be.
    ///
    /// - Parameter substitute: what to write instead of a node; `nil` writes the node itself.
    package func canonicalText(replacing substitute: (ExpressionNode) -> String? = { _ in nil }) -> String {
        if let text = substitute(self) { return text }
        switch kind {
        case .literal(let value): return value.expressionLiteral
        case .context(let name): return name
        case .wildcard: return "*"
        case .not(let operand): return "!" + operand.canonicalText(replacing: substitute)
        case .comparison(let comparison, let left, let right):
            let (left, right) = (
                left.canonicalText(replacing: substitute), right.canonicalText(replacing: substitute)
            )
            return "(\(left) \(comparison.rawValue) \(right))"
        case .connection(let connective, let operands):
            let texts = operands.map { $0.canonicalText(replacing: substitute) }
            return "(" + texts.joined(separator: " \(connective.rawValue) ") + ")"
        case .call(let name, let arguments):
            let texts = arguments.map { $0.canonicalText(replacing: substitute) }
            return "\(ExpressionFunctionSignature.spelling(of: name))(\(texts.joined(separator: ", ")))"
        case .index(let object, let index):
            let object = object.indexedText(replacing: substitute)
            if case .wildcard = index.kind { return object + ".*" }
            if case .literal(.string(let name)) = index.kind, ExpressionNames.isLegal(name.utf8) {
                return "\(object).\(name)"
            }
            return "\(object)[\(index.canonicalText(replacing: substitute))]"
        }
    }

    /// Text that `.` or `[` may follow.
    private func indexedText(replacing substitute: (ExpressionNode) -> String?) -> String {
        let text = canonicalText(replacing: substitute)
        switch kind {
        case .literal, .not: return "(\(text))"
        default: return text
        }
    }
}

extension DataValue {
    /// The value as an expression would write it; arrays and objects are only named.
    package var expressionLiteral: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .number(let value): DataValue.numberText(value)
        case .string(let value): ExpressionText.quoted(value)
        case .array: "Array"
        case .object: "Object"
        }
    }
}

/// Writing parts of expressions.
package enum ExpressionText {
    /// `text` as a string literal.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = [UInt8(ascii: "'")]
        for byte in text.utf8 {
            bytes.append(byte)
            if byte == UInt8(ascii: "'") { bytes.append(byte) }
        }
        bytes.append(UInt8(ascii: "'"))
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ExpressionFunctionSignature {
    /// A lower-case name of a known function as manuals write it.
    static func spelling(of name: String) -> String { spellings[name] ?? name }

    private static let spellings = Dictionary(
        uniqueKeysWithValues: (general + jobStatus + [hashFiles]).map { ($0.name.lowercased(), $0.name) })
}
