// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import YAMLReading

extension Rule {
    /// Conditions that are always the same: by text around the braces, or because nothing in them varies.
    static let conditions = Rule("conditions") { workflow, findings in
        for expression in workflow.expressions
        where !findings.isFull && expression.site.expected == .condition && expression.index == 0 {
            let node = expression.site.node
            guard let scalar = node.text else { continue }
            if !expression.isBare, expression.isClosed, !(scalar.hasPrefix("${{") && isEnd(scalar, expression)) {
                findings.warn(
                    .alwaysTrueCondition,
                    "There is text around '${{ }}', so this condition is a text, and a text is always true.",
                    at: node.position,
                    remedy: scalar.last?.isNewline == true && expression.isWhole
                        ? "The line's end counts as text: write '|-' or '>-', or put it on one line."
                        : "Put the whole condition into one '${{ }}', or remove the braces.")
            } else if let root = expression.parsed?.root, isConstant(root) {
                findings.warn(
                    .constantCondition, "Nothing in the condition '\(expression.excerpt)' ever changes.",
                    at: node.position, remedy: "Remove it, or the part that it guards.")
            }
        }
    }

    private static func isEnd(_ scalar: String, _ expression: PlacedExpression) -> Bool {
        expression.count == 1 && scalar.utf8.count == expression.text.utf8.count + 5
    }

    private static func isConstant(_ root: ExpressionNode) -> Bool {
        var isConstant = true
        root.walk { node in
            switch node.kind {
            case .context: isConstant = false
            // What these give depends on the run, or on files.
            case .call(let name, _) where Place.specialFunctions.contains(name): isConstant = false
            default: break
            }
            return isConstant
        }
        return isConstant
    }
}
