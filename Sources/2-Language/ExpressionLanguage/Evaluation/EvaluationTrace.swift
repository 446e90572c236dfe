// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What an evaluation saw. It holds values as they were: whoever shows it redacts secrets first.
package struct EvaluationTrace: Sendable {
    /// Something that the expression read or called, and its value.
    package struct Observation: Hashable, Sendable {
        /// In canonical form: `github.ref`, `success()`.
        package var text: String
        package var value: DataValue

        package init(text: String, value: DataValue) {
            self.text = text
            self.value = value
        }
    }

    struct NodeKey: Hashable {
        var start: Int
        var end: Int

        init(_ node: ExpressionNode) {
            start = node.start
            end = node.end
        }
    }

    /// The expression with values in the place of what was read, without parentheses around the whole:
    /// `'refs/heads/dev' == 'refs/heads/main'`. What was not evaluated stays as it was written.
    package let expanded: String
    /// From left to right, each once; what a short circuit left out is not among them.
    package let observations: [Observation]
    package let result: DataValue

    /// A string that is longer is cut in ``expanded``.
    package static let maximumShownCharacters = 80

    init(root: ExpressionNode?, values: [NodeKey: DataValue], result: DataValue) {
        self.result = result
        var observations: [Observation] = []
        root?.walk { node in
            guard node.isReading || node.isCall else { return true }
            if let value = values[NodeKey(node)] {
                let observation = Observation(text: node.canonicalText(), value: value)
                if !observations.contains(observation) { observations.append(observation) }
            }
            return node.isCall
        }
        self.observations = observations
        let text =
            root?.canonicalText { node in
                guard node.isReading || node.yieldsShownValue, let value = values[NodeKey(node)], value.isPrimitive
                else { return nil }
                return Self.shown(value)
            } ?? ""
        switch root?.kind {
        case .comparison, .connection: expanded = String(text.dropFirst().dropLast())
        default: expanded = text
        }
    }

    /// `'refs/heads/dev' == 'refs/heads/main' → false`; the result alone where nothing was read.
    package var summary: String {
        let result = Self.shown(result)
        return observations.isEmpty || expanded == result ? result : "\(expanded) → \(result)"
    }

    private static func shown(_ value: DataValue) -> String {
        guard case .string(let string) = value, string.count > maximumShownCharacters else {
            return value.expressionLiteral
        }
        return ExpressionText.quoted(string.prefix(maximumShownCharacters) + "…")
    }
}

extension ExpressionNode {
    /// A context, or a way down from one or from a call's value.
    fileprivate var isReading: Bool {
        switch kind {
        case .context, .index: true
        default: false
        }
    }

    fileprivate var isCall: Bool {
        if case .call = kind { true } else { false }
    }

    /// Calls whose value says more than their arguments do.
    fileprivate var yieldsShownValue: Bool {
        guard case .call(let name, _) = kind else { return false }
        return !["contains", "startswith", "endswith"].contains(name)
            && !ExpressionFunctionSignature.statusFunctionNames.contains(name)
    }
}
