// SPDX-License-Identifier: Apache-2.0

internal import CLibYAML
public import Diagnostics

/// Builds a ``YAMLDocument`` from libyaml's events: one pass, no recursion, every limit checked as it goes.
public struct YAMLReader {
    private let limits: YAMLLimits
    private var open: [Collection] = []
    private var root: YAMLNode?
    private var anchors: [String: AnchoredNode] = [:]
    private var anchorList: [YAMLAnchor] = []
    private var aliasCount = 0
    private var documentCount = 0

    /// A collection whose end was not seen yet.
    private struct Collection {
        var isMapping: Bool
        var items: [YAMLNode] = []
        var position: SourcePosition
        var tag: String?
        var anchor: String?
        var weight = 1
    }

    private struct AnchoredNode {
        /// `nil` while the anchored collection is still open: an alias to it would be a cycle.
        var node: YAMLNode?
        var listIndex: Int
    }

    /// Reads the first document of `text`.
    ///
    /// - Throws: ``DiagnosticError`` with a position: a syntax or encoding error, or a limit.
    public static func read(_ text: [UInt8], limits: YAMLLimits = YAMLLimits()) throws(DiagnosticError) -> YAMLDocument
    {
        try TextValidation.check(text, limit: limits.bytes)
        // libyaml wants an address, which an empty array need not have.
        if text.isEmpty { return YAMLDocument(root: nil, anchors: []) }
        var reader = YAMLReader(limits: limits)
        return try reader.run(text)
    }

    private init(limits: YAMLLimits) {
        self.limits = limits
    }

    private mutating func run(_ text: [UInt8]) throws(DiagnosticError) -> YAMLDocument {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else {
            throw DiagnosticError(Diagnostic(.yamlTooLarge, "There is not enough memory to read this file."))
        }
        defer { yaml_parser_delete(&parser) }
        var failure: DiagnosticError?
        // libyaml counts a byte order mark as a column, and then finds the second line's keys badly indented.
        let start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        text[start...].withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
            do throws(DiagnosticError) {
                while try step(&parser) {}
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return YAMLDocument(root: root, anchors: anchorList)
    }

    /// Takes one event; `false` at the end of the stream.
    private mutating func step(_ parser: inout yaml_parser_t) throws(DiagnosticError) -> Bool {
        var event = yaml_event_t()
        guard yaml_parser_parse(&parser, &event) == 1 else { throw Self.syntaxError(parser) }
        defer { yaml_event_delete(&event) }
        switch event.type {
        case YAML_STREAM_END_EVENT:
            return false
        case YAML_DOCUMENT_START_EVENT:
            documentCount += 1
            if documentCount > 1 {
                throw Self.error(
                    .yamlSeveralDocuments, "A second YAML document begins here; one file holds one document.",
                    at: event.start_mark, remedy: "Remove the '---' line, or move what follows into a file of its own.")
            }
        case YAML_ALIAS_EVENT:
            try add(resolveAlias(event), at: event.start_mark)
        case YAML_SCALAR_EVENT:
            try add(scalar(event), at: event.start_mark)
        case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT:
            try openCollection(event)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            try closeCollection(at: event)
        default:
            break
        }
        return true
    }

    private mutating func scalar(_ event: yaml_event_t) -> YAMLNode {
        let data = event.data.scalar
        let value = String(decoding: UnsafeBufferPointer(start: data.value, count: data.length), as: UTF8.self)
        var node = YAMLNode(
            .scalar(value, Self.style(data.style)), position: Self.position(event.start_mark),
            end: Self.position(event.end_mark))
        node.tag = Self.text(data.tag)
        node.anchor = Self.text(data.anchor)
        if let anchor = node.anchor { declare(anchor, node, at: node.position) }
        return node
    }

    private mutating func resolveAlias(_ event: yaml_event_t) throws(DiagnosticError) -> YAMLNode {
        let name = Self.text(event.data.alias.anchor) ?? ""
        aliasCount += 1
        if aliasCount > limits.aliases {
            throw Self.error(
                .yamlTooManyNodes, "This file has more than \(limits.aliases) aliases.", at: event.start_mark)
        }
        guard let anchored = anchors[name] else {
            throw Self.error(
                .yamlUnknownAlias, "The alias '*\(name)' refers to an anchor that is not defined before it.",
                at: event.start_mark, remedy: "Define '&\(name)' on an earlier node.")
        }
        guard var node = anchored.node else {
            throw Self.error(
                .yamlRecursiveAlias, "The alias '*\(name)' stands inside the node that it refers to.",
                at: event.start_mark, remedy: "Move the alias out of the node anchored as '&\(name)'.")
        }
        anchorList[anchored.listIndex].isUsed = true
        node.alias = Self.position(event.start_mark)
        return node
    }

    private mutating func openCollection(_ event: yaml_event_t) throws(DiagnosticError) {
        guard open.count < limits.depth else {
            throw Self.error(
                .yamlTooDeep, "Collections are nested more than \(limits.depth) deep here.", at: event.start_mark)
        }
        let isMapping = event.type == YAML_MAPPING_START_EVENT
        let (tag, anchor) =
            isMapping
            ? (event.data.mapping_start.tag, event.data.mapping_start.anchor)
            : (event.data.sequence_start.tag, event.data.sequence_start.anchor)
        var collection = Collection(isMapping: isMapping, position: Self.position(event.start_mark))
        collection.tag = Self.text(tag)
        collection.anchor = Self.text(anchor)
        if let name = collection.anchor { declare(name, nil, at: collection.position) }
        open.append(collection)
    }

    private mutating func closeCollection(at event: yaml_event_t) throws(DiagnosticError) {
        guard let done = open.popLast() else { return }
        var content: YAMLNode.Content = .sequence(done.items)
        if done.isMapping {
            var entries: [YAMLEntry] = []
            entries.reserveCapacity(done.items.count / 2)
            for index in stride(from: 0, to: done.items.count - 1, by: 2) {
                entries.append(YAMLEntry(key: done.items[index], value: done.items[index + 1]))
            }
            content = .mapping(entries)
        }
        var node = YAMLNode(
            content, position: done.position, end: Self.position(event.end_mark), weight: done.weight)
        node.tag = done.tag
        node.anchor = done.anchor
        if let name = node.anchor, let anchored = anchors[name] {
            anchors[name] = AnchoredNode(node: node, listIndex: anchored.listIndex)
        }
        try add(node, at: event.start_mark)
    }

    /// Puts a finished node into the innermost open collection.
    private mutating func add(_ node: YAMLNode, at mark: yaml_mark_t) throws(DiagnosticError) {
        guard let last = open.indices.last else {
            root = node
            return
        }
        open[last].weight += node.weight
        if open[last].weight > limits.nodes {
            throw Self.error(
                .yamlTooManyNodes, "With its aliases expanded this file has more than \(limits.nodes) nodes.", at: mark)
        }
        open[last].items.append(node)
    }

    private mutating func declare(_ name: String, _ node: YAMLNode?, at position: SourcePosition) {
        anchors[name] = AnchoredNode(node: node, listIndex: anchorList.count)
        anchorList.append(YAMLAnchor(name: name, position: position, isUsed: false))
    }
}

extension YAMLReader {
    private static func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        pointer.map { String(decodingCString: $0, as: UTF8.self) }
    }

    private static func style(_ style: yaml_scalar_style_t) -> YAMLScalarStyle {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
        case YAML_LITERAL_SCALAR_STYLE: .literal
        case YAML_FOLDED_SCALAR_STYLE: .folded
        default: .plain
        }
    }

    private static func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private static func error(
        _ code: DiagnosticCode, _ message: String, at mark: yaml_mark_t, remedy: String? = nil
    ) -> DiagnosticError {
        DiagnosticError(Diagnostic(code, message, position: position(mark), remedy: remedy))
    }

    private static func syntaxError(_ parser: yaml_parser_t) -> DiagnosticError {
        let problem = parser.problem.map { String(cString: $0) } ?? "the text is not YAML"
        let context = parser.context.map { String(cString: $0) + ": " } ?? ""
        if parser.error == YAML_MEMORY_ERROR {
            return DiagnosticError(Diagnostic(.yamlTooLarge, "There is not enough memory to read this file."))
        }
        return error(
            .yamlSyntax, "This is not valid YAML: \(context)\(problem).", at: parser.problem_mark,
            remedy: "Check the indentation and the quotes on this line and on the one before it.")
    }
}
