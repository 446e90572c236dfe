// SPDX-License-Identifier: Apache-2.0

package import ExpressionLanguage
package import PipelineModel
package import StructuredData

/// The expressions of a plan, each text read once, however often it is evaluated.
package final class ExpressionShelf {
    package struct Entry {
        package var expression: ParsedExpression
        /// The contexts that it reads, in lower case: no other is put together for it.
        package var contexts: Set<String>
        /// Those among them whose value nobody knows: reading one throws.
        var unknown: Set<String> = []
    }

    private var entries: [String: Entry] = [:]
    private let knowledge: PlanKnowledge?

    package init() { knowledge = nil }

    /// A shelf for a time at which not everything is known.
    init(_ knowledge: PlanKnowledge) { self.knowledge = knowledge }

    package func entry(_ source: String) throws(ExpressionError) -> Entry {
        if let entry = entries[source] { return entry }
        let expression = try ExpressionParser.parse(source, allowing: .anything)
        let entry =
            knowledge?.entry(expression) ?? Entry(expression: expression, contexts: expression.contextNames)
        entries[source] = entry
        return entry
    }
}

/// What a condition came to.
package struct ConditionAnswer: Sendable {
    package var holds: Bool
    /// Not redacted.
    package var summary: String
    /// Not redacted.
    package var values: [String]
}

/// Evaluates what templates and conditions say, in the contexts of one moment.
package struct TemplateEvaluation {
    package typealias Pair = (name: String, value: String)

    private let shelf: ExpressionShelf
    /// The value of a context by its name in lower case; asked only for those that an expression reads.
    private let context: (String) -> DataValue?
    private let functions: [String: ExpressionFunction]

    package init(
        shelf: ExpressionShelf, functions: [String: ExpressionFunction] = [:], context: @escaping (String) -> DataValue?
    ) {
        self.shelf = shelf
        self.context = context
        self.functions = functions
    }

    package func value(_ source: String) throws(ExpressionError) -> DataValue {
        let entry = try shelf.entry(source)
        return try evaluator(entry).evaluate(entry.expression)
    }

    /// Whether the condition holds, and what it saw.
    ///
    /// - Parameter explainsTrue: whether that is said of one that holds, too.
    package func condition(
        _ source: String, explainsTrue: Bool = false
    ) throws(ExpressionError) -> ConditionAnswer {
        let entry = try shelf.entry(source)
        let (value, trace) = try evaluator(entry).evaluateRecording(entry.expression)
        guard explainsTrue || !value.isTruthy else { return ConditionAnswer(holds: true, summary: "", values: []) }
        let values = trace.observations.map { "\($0.text) → \($0.value.shown)" }
        return ConditionAnswer(holds: value.isTruthy, summary: trace.summary, values: values)
    }

    private func evaluator(_ entry: ExpressionShelf.Entry) -> ExpressionEvaluator {
        var contexts = ExpressionContexts()
        for name in entry.contexts where !entry.unknown.contains(name) { contexts[name] = context(name) }
        for name in entry.unknown { contexts.supply(name, PlanKnowledge.refuse) }
        return ExpressionEvaluator(contexts: contexts, functions: functions)
    }

    // MARK: templates

    package func value(of template: TemplateValue) throws(ExpressionError) -> DataValue {
        switch template {
        case .null, .insert: return .null
        case .bool(let value): return .bool(value)
        case .number(let value): return .number(value)
        case .string(let text): return .string(text)
        case .expression(let source): return try value(source)
        case .sequence(let items):
            var values: [DataValue] = []
            for item in items {
                let value = try value(of: item)
                // A list that an expression gives as an item takes the item's place.
                if case .expression = item, let inserted = value.array {
                    values += inserted
                } else {
                    values.append(value)
                }
            }
            return .array(values)
        case .mapping(let entries):
            var object = DataObject()
            try fill(&object, entries)
            return .object(object)
        }
    }

    private func fill(_ object: inout DataObject, _ entries: [TemplateEntry]) throws(ExpressionError) {
        for entry in entries {
            let value = try value(of: entry.value)
            if entry.key == .insert {
                for (key, value) in value.object ?? DataObject() { object[key] = value }
            } else {
                object[try self.value(of: entry.key).coercedToString] = value
            }
        }
    }

    package func text(of template: TemplateValue) throws(ExpressionError) -> String {
        if case .string(let text) = template { return text }
        return try value(of: template).coercedToString
    }

    /// `nil` where there is no template, or it comes to an empty text.
    package func text(of template: TemplateValue?) throws(ExpressionError) -> String? {
        guard let template else { return nil }
        let text = try text(of: template)
        return text.isEmpty ? nil : text
    }

    /// Names and texts, in order: `env`, `with`, `outputs`.
    package func pairs(of template: TemplateValue?) throws(ExpressionError) -> [Pair] {
        guard let template else { return [] }
        if case .mapping(let entries) = template, let pairs = try plainPairs(entries) { return pairs }
        let value = try value(of: template)
        guard value != .null, value != .string("") else { return [] }
        guard let object = value.object else {
            throw ExpressionError(evaluation: "A mapping was expected, and the value is of the type \(value.kind)")
        }
        return try object.map { (key, value) throws(ExpressionError) in (key, try Self.text(value, of: key)) }
    }

    /// The common case: a mapping with plain keys, made without an object between.
    private func plainPairs(_ entries: [TemplateEntry]) throws(ExpressionError) -> [Pair]? {
        var pairs: [Pair] = []
        for entry in entries {
            guard case .string(let key) = entry.key else { return nil }
            pairs.append((key, try Self.text(try value(of: entry.value), of: key)))
        }
        return pairs
    }

    private static func text(_ value: DataValue, of key: String) throws(ExpressionError) -> String {
        guard value.isPrimitive else {
            throw ExpressionError(
                evaluation: "The value of '\(key)' is of the type \(value.kind), where a text was expected")
        }
        return value.coercedToString
    }

    /// GitHub takes a Boolean only; a text that says the same is taken too.
    package func flag(of template: TemplateValue?) throws(ExpressionError) -> Bool {
        guard let template else { return false }
        switch try value(of: template) {
        case .bool(let flag): return flag
        case .null: return false
        case .string(let text) where text.lowercased() == "true": return true
        case .string(let text) where text.isEmpty || text.lowercased() == "false": return false
        case let value: throw ExpressionError(evaluation: "Unexpected value '\(value.coercedToString)'")
        }
    }

    package func number(of template: TemplateValue?) throws(ExpressionError) -> Double? {
        guard let template else { return nil }
        let value = try value(of: template)
        if value == .null || value == .string("") { return nil }
        let number = value.coercedToNumber
        guard number.isFinite else {
            throw ExpressionError(evaluation: "Unexpected value '\(value.coercedToString)'")
        }
        return number
    }
}

extension DataValue {
    fileprivate var kind: String { expressionKind }

    /// Short enough for a reason.
    fileprivate var shown: String {
        switch self {
        case .array(let items): return "Array of \(items.count)"
        case .object(let object): return "Object of \(object.count)"
        default:
            let text = EvaluationText.literal(self)
            return text.utf8.count > 200 ? String(text.prefix(200)) + "…" : text
        }
    }
}

/// Values as an expression would write them.
private enum EvaluationText {
    static func literal(_ value: DataValue) -> String {
        switch value {
        case .string(let text):
            "'"
                + text.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "''") + "'"
        case .null: "null"
        default: value.coercedToString
        }
    }
}
