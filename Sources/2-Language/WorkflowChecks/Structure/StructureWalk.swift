// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// A scalar that may hold expressions, with all that decides what they may say.
struct ExpressionSite: Sendable {
    var node: YAMLNode
    var place: Place
    var expected: Expectation
    /// The key that the value stands under, as messages call it.
    var name: String
    /// Index of the entry under `jobs`.
    var job: Int?
    /// Index in the job's `steps`.
    var step: Int?
    /// The scalar is a mapping's key.
    var isKey = false
}

/// Holds a tree against its shape: reports what does not fit, goes on, and gathers the places of expressions.
struct StructureWalk {
    private(set) var findings: Findings
    private(set) var sites: [ExpressionSite] = []
    private var job: Int?
    private var step: Int?

    init(findings: Findings) {
        self.findings = findings
    }

    /// - Parameter owner: where the key stands that this is the value of; for an item of a list the item itself.
    mutating func visit(_ node: YAMLNode, as shape: Shape, owner: SourcePosition) {
        guard let alias = node.alias else { return visitWritten(node, as: shape, owner: owner) }
        // What is wrong with a value here may be right where it is written.
        let start = findings.diagnostics.count
        visitWritten(node, as: shape, owner: owner)
        findings.move(from: start, to: alias)
    }

    private mutating func visitWritten(_ node: YAMLNode, as shape: Shape, owner: SourcePosition) {
        if shape.isOpaque { return gather(node, shape) }
        if case .innerStep = shape.mark { return visit(node, as: WorkflowShapes.step, owner: owner) }
        switch node.content {
        case .scalar(let text, _):
            if text.isEmpty || node.isNull {
                visitEmpty(node, shape, owner)
            } else {
                visitScalar(node, text, shape)
            }
        case .sequence(let items):
            guard let itemShape = shape.items.first else { return wrongKind(node, shape) }
            if items.isEmpty, !shape.isEmptyAllowed { return empty(node, shape) }
            for (index, item) in items.enumerated() {
                if case .step = itemShape.mark { step = index }
                visit(item, as: itemShape, owner: item.position)
                if case .step = itemShape.mark { step = nil }
            }
        case .mapping(let entries):
            guard let section = shape.section.first else { return wrongKind(node, shape) }
            if entries.isEmpty, !shape.isEmptyAllowed, shape.name != "permissions" { empty(node, shape) }
            visitEntries(entries, section, shape, owner: owner)
        }
    }

    private mutating func visitEmpty(_ node: YAMLNode, _ shape: Shape, _ owner: SourcePosition) {
        // 'container: null', written out, is how a job says that it has none.
        if shape.name == "container", node.text == "null" { return }
        if !shape.isEmptyAllowed { empty(node, shape) }
        // A section that is not there has nothing: name what it would need, so that the fix is complete.
        if let section = shape.section.first, shape.scalar == nil { missing(in: [], section, shape, owner) }
    }

    private mutating func empty(_ node: YAMLNode, _ shape: Shape) {
        if shape.name == "steps", node.items != nil {
            return findings.warn(
                .emptyValue, "'steps' is empty: the job would do nothing.", at: node.position,
                remedy: "Add at least one step.")
        }
        findings.warn(
            .emptyValue, "'\(shape.name)' is empty.", at: node.position,
            remedy: "Give it a value, or remove the key.")
    }

    private mutating func wrongKind(_ node: YAMLNode, _ shape: Shape) {
        var wanted: [String] = []
        if shape.scalar != nil { wanted.append(scalarName(shape)) }
        if !shape.items.isEmpty { wanted.append("a list") }
        if !shape.section.isEmpty { wanted.append("a mapping") }
        findings.warn(
            .wrongKind, "'\(shape.name)' takes \(wanted.joined(separator: " or ")), but this is \(node.kindName).",
            at: node.position)
    }

    private func scalarName(_ shape: Shape) -> String {
        switch shape.scalar {
        case .boolean: "true or false"
        case .integer: "a whole number"
        case .number: "a number"
        case .words(let words) where !words.isEmpty: Wording.choice(words)
        case .words: "an expression"
        default: "text"
        }
    }
}

// MARK: Mappings

extension StructureWalk {
    private mutating func visitEntries(
        _ entries: [YAMLEntry], _ section: Section, _ shape: Shape, owner: SourcePosition
    ) {
        duplicates(entries, section, shape)
        missing(in: entries, section, shape, owner)
        for (index, entry) in entries.enumerated() {
            guard let key = entry.key.text else {
                findings.warn(
                    .unexpectedKey, "A key of '\(shape.name)' must be text, but this is \(entry.key.kindName).",
                    at: entry.key.position)
                continue
            }
            if key == "<<", entry.key.tag == nil {
                findings.warn(
                    .mergeKey, "GitHub does not know YAML's merge key '<<'.", at: entry.key.position,
                    remedy: "Write the keys out, or alias the whole mapping.")
                continue
            }
            if EmbeddedExpressions.isInsert(key) {
                // What is put in comes of an expression, which must give a mapping.
                let place = section.keyPlace ?? shape.place ?? section.entry.first?.place
                gather(entry.value, Shape(name: "insert", place: place, expected: .mapping))
                continue
            }
            if let place = section.keyPlace, EmbeddedExpressions.hasExpression(key) {
                var site = site(entry.key, place, .text, name: shape.name)
                site.isKey = true
                sites.append(site)
            }
            visitEntry(entry, key, index: index, section, shape)
        }
    }

    private mutating func visitEntry(
        _ entry: YAMLEntry, _ key: String, index: Int, _ section: Section, _ shape: Shape
    ) {
        if let field = section.fields.first(where: { $0.key == key }) {
            visit(entry.value, as: field.shape, owner: entry.key.position)
        } else if let inner = section.entry.first {
            if case .job = inner.mark { job = index }
            visit(entry.value, as: inner, owner: entry.key.position)
            if case .job = inner.mark { job = nil }
        } else {
            unexpected(entry.key, key, section, shape)
        }
    }

    private mutating func unexpected(_ node: YAMLNode, _ key: String, _ section: Section, _ shape: Shape) {
        guard !findings.isFull else { return }
        let known = section.fields.map(\.key)
        let meant = Wording.nearest(to: key, among: known)
        let remedy: String
        if let meant, meant.lowercased() == key.lowercased() {
            remedy = "Keys are case-sensitive: write '\(meant)'."
        } else if let meant {
            remedy = "Did you mean '\(meant)'?"
        } else {
            remedy = "Remove it, or use one of \(Wording.choice(known.sorted()))."
        }
        findings.warn(.unexpectedKey, "'\(shape.name)' has no key '\(key)'.", at: node.position, remedy: remedy)
    }

    private mutating func duplicates(_ entries: [YAMLEntry], _ section: Section, _ shape: Shape) {
        guard entries.count > 1 else { return }
        var first: [String: Int] = [:]
        for (index, entry) in entries.enumerated() {
            guard let key = entry.key.text else { continue }
            let identity = section.ignoresCase ? key.lowercased() : key
            guard let found = first[identity] else {
                first[identity] = index
                continue
            }
            let before = entries[found].key
            let sameSpelling = before.text == key
            findings.warn(
                .duplicateKey,
                "'\(shape.name)' has the key '\(key)' twice; it stands on line \(before.position.line) already.",
                at: entry.key.position,
                remedy: sameSpelling
                    ? "Remove one of them." : "Upper and lower case do not tell them apart: rename one.")
        }
    }

    private mutating func missing(
        in entries: [YAMLEntry], _ section: Section, _ shape: Shape, _ owner: SourcePosition
    ) {
        for field in section.fields where field.isRequired {
            guard !entries.contains(where: { $0.key.text == field.key }) else { continue }
            findings.warn(
                .missingKey, "'\(shape.name)' has no '\(field.key)'.", at: owner,
                remedy: "Add '\(field.key):' to it.")
        }
    }
}

// MARK: Scalars

extension StructureWalk {
    private mutating func visitScalar(_ node: YAMLNode, _ text: String, _ shape: Shape) {
        if let place = shape.place, shape.expected == .condition || EmbeddedExpressions.hasExpression(text) {
            sites.append(site(node, place, shape.expected, name: shape.name))
            guard !EmbeddedExpressions.isWholeExpression(text) else { return }
        } else if shape.place == nil, EmbeddedExpressions.isWholeExpression(text) {
            // Whether GitHub evaluates it here is the reader's business; it is not a literal to judge.
            return
        }
        guard let scalar = shape.scalar else { return wrongKind(node, shape) }
        switch scalar {
        case .text, .any:
            break
        case .words(let words):
            guard !words.contains(text) else { break }
            if words.isEmpty {
                findings.warn(
                    .wrongKind, "'\(shape.name)' takes a mapping, or one expression that gives one; this is text.",
                    at: node.position)
            } else {
                findings.warn(
                    .wrongValue, "'\(Wording.excerpt(text))' is not a value of '\(shape.name)'.", at: node.position,
                    remedy: "Use \(Wording.choice(words)).")
            }
        case .boolean:
            if node.scalarKind != .boolean { wrongScalar(node, text, shape) }
        case .integer, .number:
            visitNumber(node, text, shape, whole: scalar.isInteger)
        }
    }

    private mutating func visitNumber(_ node: YAMLNode, _ text: String, _ shape: Shape, whole: Bool) {
        guard node.scalarKind == .integer || node.scalarKind == .number && !whole else {
            return wrongScalar(node, text, shape)
        }
        if let value = Double(text), value <= 0 {
            findings.warn(
                .wrongValue, "'\(shape.name)' must be greater than zero, but it is \(text).", at: node.position)
        }
    }

    private mutating func wrongScalar(_ node: YAMLNode, _ text: String, _ shape: Shape) {
        findings.warn(
            .wrongKind,
            "'\(shape.name)' takes \(scalarName(shape)), or one expression that gives it; "
                + "'\(Wording.excerpt(text))' is \(node.kindName).",
            at: node.position, remedy: node.scalarKind == .string ? "Write it plainly, without quotes." : nil)
    }

    private func site(_ node: YAMLNode, _ place: Place, _ expected: Expectation, name: String) -> ExpressionSite {
        ExpressionSite(node: node, place: place, expected: expected, name: name, job: job, step: step)
    }

    /// Every scalar with an expression below a node whose shape is open.
    private mutating func gather(_ node: YAMLNode, _ shape: Shape) {
        guard let place = shape.place else { return }
        switch node.content {
        case .scalar(let text, _):
            guard EmbeddedExpressions.hasExpression(text) else { return }
            sites.append(site(node, place, .anything, name: shape.name))
        case .sequence(let items):
            for item in items { gather(item, shape) }
        case .mapping(let entries):
            for entry in entries { gather(entry.value, shape) }
        }
    }
}

extension Shape.Scalar {
    fileprivate var isInteger: Bool { if case .integer = self { true } else { false } }
}
