// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import YAMLReading

/// Turns a YAML tree into typed tokens along the schema, and records what does not fit.
///
/// What it accepts, in which order it complains and in which words are GitHub's.
struct TemplateReader {
    private let schema: WorkflowSchema
    private let file: Int
    private let allowsAnchors: Bool
    private var alias: TokenAlias?
    var log: ReadingLog

    init(file: Int, allowsAnchors: Bool, log: ReadingLog, schema: WorkflowSchema = .current) {
        self.schema = schema
        self.file = file
        self.allowsAnchors = allowsAnchors
        self.log = log
    }

    /// Reads `root` as `definition`; `nil` after an error that ends the reading.
    mutating func read(_ root: YAMLNode, as definition: String) -> TemplateToken? {
        do throws(DiagnosticError) {
            let shape = schema.shape(definition)
            return try value(root, Rule(shape: shape, availability: shape.availability))
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.file = log.files.indices.contains(file) ? log.files[file] : nil
            log.add(diagnostic)
            log.resetDepth()
            return nil
        }
    }

    /// A definition, and what expressions may use by it and those above.
    private struct Rule {
        var shape: SchemaShape
        var availability: Availability
    }

    private func rule(_ name: String, below parent: Rule) -> Rule {
        let shape = schema.shape(name)
        return Rule(shape: shape, availability: parent.availability.union(shape.availability))
    }

    private func place(_ node: YAMLNode) -> TokenPlace {
        TokenPlace(file: file, position: node.position, alias: alias ?? node.tokenAlias)
    }

    private func checkAnchor(_ node: YAMLNode) throws(DiagnosticError) {
        guard !allowsAnchors, let anchor = node.anchor else { return }
        throw DiagnosticError(
            Diagnostic(
                .anchorsNotAllowed, "Anchors are not currently supported. Remove the anchor '\(anchor)'",
                position: node.position))
    }

    private mutating func value(_ node: YAMLNode, _ rule: Rule) throws(DiagnosticError) -> TemplateToken {
        // What is wrong with a value here may be right where it is written: the alias is at fault.
        let outer = alias
        defer { alias = outer }
        alias = outer ?? node.tokenAlias
        return try written(node, rule)
    }

    private mutating func written(_ node: YAMLNode, _ rule: Rule) throws(DiagnosticError) -> TemplateToken {
        try checkAnchor(node)
        switch node.content {
        case .scalar(let text, let style):
            var token = try scalar(text, style, node, rule.availability)
            validate(&token, rule)
            try charge(token)
            return token
        case .sequence(let items):
            return try sequence(items, node, rule)
        case .mapping(let entries):
            return try mapping(entries, node, rule)
        }
    }

    private mutating func charge(_ token: TemplateToken) throws(DiagnosticError) {
        switch token.content {
        case .string(let text), .expression(let text): try log.addToken(text: text)
        default: try log.addToken()
        }
    }

    private mutating func sequence(
        _ items: [YAMLNode], _ node: YAMLNode, _ rule: Rule
    ) throws(DiagnosticError) -> TemplateToken {
        try log.enterCollection(at: node.position)
        try log.addToken()
        var result: [TemplateToken] = []
        if let itemName = rule.shape.item {
            let itemRule = self.rule(itemName, below: rule)
            result.reserveCapacity(items.count)
            for item in items { result.append(try value(item, itemRule)) }
        } else {
            log.error(.unexpectedSequence, "A sequence was not expected", at: place(node))
        }
        log.leaveCollection()
        return TemplateToken(.sequence(result), place(node))
    }

    private mutating func mapping(
        _ entries: [YAMLEntry], _ node: YAMLNode, _ rule: Rule
    ) throws(DiagnosticError) -> TemplateToken {
        try log.enterCollection(at: node.position)
        try log.addToken()
        var reading = MappingReading(rule: rule, node: node)
        reading.candidates = rule.shape.mappings
        if reading.candidates.isEmpty {
            log.error(.unexpectedMapping, "A mapping was not expected", at: place(node))
        } else {
            reading.entries.reserveCapacity(entries.count)
            reading.isStrict = reading.candidates[0].isStrict(beside: entries)
            for entry in entries { try read(entry, into: &reading) }
            finish(reading)
        }
        log.leaveCollection()
        return TemplateToken(.mapping(reading.entries), place(node))
    }
}

/// Mappings.
extension TemplateReader {
    private struct MappingReading {
        var rule: Rule
        var node: YAMLNode
        /// The alternatives that the keys so far leave.
        var candidates: [SchemaMapping] = []
        var entries: [TokenEntry] = []
        var keys: Set<String> = []
        var hasExpressionKey = false
        var isStrict = true

        init(rule: Rule, node: YAMLNode) {
            self.rule = rule
            self.node = node
        }
    }

    private mutating func read(_ entry: YAMLEntry, into reading: inout MappingReading) throws(DiagnosticError) {
        try checkAnchor(entry.key)
        guard case .scalar(let text, let style) = entry.key.content else {
            log.error(.unexpectedMapping, "A mapping key must be a scalar", at: place(entry.key))
            return
        }
        var key = try scalar(text, style, entry.key, reading.rule.availability)
        if key.isExpression { return try read(expressionKey: key, entry, into: &reading) }
        let name = key.literalText ?? ""
        key.content = .string(name)
        guard reading.keys.insert(name.lowercased()).inserted else {
            log.error(.keyDefinedTwice, "'\(QuotedText.cut(name))' is already defined", at: key.place)
            return
        }
        if let type = match(name, in: &reading.candidates) {
            try log.addToken(text: name)
            reading.entries.append(
                TokenEntry(key: key, value: try value(entry.value, rule(type, below: reading.rule))))
        } else if let looseKey = reading.candidates[0].looseKey, let looseValue = reading.candidates[0].looseValue {
            var checked = key
            validate(&checked, rule(looseKey, below: reading.rule))
            try log.addToken(text: name)
            reading.entries.append(
                TokenEntry(key: key, value: try value(entry.value, rule(looseValue, below: reading.rule))))
        } else if reading.isStrict {
            log.error(
                .unexpectedValue, "Unexpected value '\(QuotedText.cut(name))'", at: key.place,
                remedy: ValueRemedies.key(name, reading.candidates))
        } else {
            log.warning(.keyIgnored, "GitHub ignores the key '\(name)' here.", at: place(entry.key))
        }
    }

    private mutating func read(
        expressionKey key: TemplateToken, _ entry: YAMLEntry, into reading: inout MappingReading
    ) throws(DiagnosticError) {
        reading.hasExpressionKey = true
        guard reading.rule.availability.allowsExpressions else {
            log.error(.expressionNotAllowed, "A template expression is not allowed in this context", at: key.place)
            return
        }
        try charge(key)
        let only = reading.candidates[0]
        let type = only.properties.isEmpty ? only.looseValue ?? "any" : "any"
        reading.entries.append(TokenEntry(key: key, value: try value(entry.value, rule(type, below: reading.rule))))
    }

    /// The definition of a well-known key; candidates that do not know it are dropped.
    private func match(_ name: String, in candidates: inout [SchemaMapping]) -> String? {
        guard let property = candidates.lazy.compactMap({ $0.property(name) }).first else { return nil }
        if candidates.count > 1 { candidates.removeAll { $0.property(name) == nil } }
        return property.type
    }

    private mutating func finish(_ reading: MappingReading) {
        if reading.candidates.count > 1 {
            log.error(
                .ambiguousMapping,
                "There's not enough info to determine what you meant. Add one of these properties: "
                    + Self.distinguishing(reading.candidates).joined(separator: ", "), at: place(reading.node))
        } else if !reading.hasExpressionKey {
            for property in reading.candidates[0].properties
            where property.isRequired && !reading.keys.contains(property.name) {
                log.error(
                    .requiredKeyMissing, "Required property is missing: \(property.name)", at: place(reading.node))
            }
        }
    }

    /// The keys that only one candidate knows, sorted. Those that only steer other steps are left out, as on GitHub.
    private static func distinguishing(_ candidates: [SchemaMapping]) -> [String] {
        var counts: [String: Int] = [:]
        for property in candidates.flatMap(\.properties) { counts[property.name, default: 0] += 1 }
        return counts.filter { $0.value == 1 && !["wait", "wait-all", "cancel"].contains($0.key) }.keys.sorted()
    }
}

/// Scalars.
extension TemplateReader {
    private mutating func scalar(
        _ text: String, _ style: YAMLScalarStyle, _ node: YAMLNode, _ availability: Availability
    ) throws(DiagnosticError) -> TemplateToken {
        let content = try ScalarResolution.resolve(text, style, of: node)
        let token = TemplateToken(content, place(node))
        guard case .string(let raw) = content, TemplateText.mayHoldExpression(raw) else { return token }
        do throws(TemplateError) {
            return TemplateToken(try ExpressionReading.template(raw, availability), token.place)
        } catch {
            log.error(error.code, error.message, at: token.place)
            return token
        }
    }

    /// Checks a scalar against its rule; a literal becomes the string that the rule wants.
    private mutating func validate(_ token: inout TemplateToken, _ rule: Rule) {
        if case .insert = token.content {
            log.error(.unexpectedValue, "Unexpected value '${{ insert }}'", at: token.place)
            return
        }
        if token.isExpression {
            if !rule.availability.allowsExpressions {
                log.error(
                    .expressionNotAllowed, "A template expression is not allowed in this context", at: token.place)
            }
            return
        }
        switch token.content {
        case .null where rule.shape.acceptsNull, .bool where rule.shape.acceptsBoolean,
            .number where rule.shape.acceptsNumber:
            return
        default: break
        }
        let text = token.literalText ?? ""
        guard let match = rule.shape.strings.first(where: { $0.accepts(text) }) else {
            log.error(
                .unexpectedValue, "Unexpected value '\(QuotedText.cut(text))'", at: token.place,
                remedy: ValueRemedies.value(text, isAbsent: token.isNull || text.isEmpty, rule.shape))
            return
        }
        if match.isOpen, !match.allowed.contains(text), let place = token.place {
            log.warning(
                .activityTypeUnknown, "GitHub knows no activity type '\(text)' of this event.", at: place)
        }
        token.content = .string(text)
    }
}

extension SchemaMapping {
    /// Whether an unknown key among `entries` is an error.
    fileprivate func isStrict(beside entries: [YAMLEntry]) -> Bool {
        guard isOpen else { return true }
        guard let strictBeside else { return false }
        return entries.contains { $0.key.scalarText == strictBeside }
    }
}

extension YAMLNode {
    fileprivate var tokenAlias: TokenAlias? { alias.map { TokenAlias(position: $0, anchorLine: position.line) } }
}
