// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// A node of a YAML document, with its place. Duplicate keys, styles and tags are kept: what they mean is the reader's business.
///
/// Aliases are resolved: the aliased node stands in their place and carries ``alias``.
public struct YAMLNode: Sendable {
    public enum Content: Sendable {
        case scalar(String, YAMLScalarStyle)
        case sequence([YAMLNode])
        case mapping([YAMLEntry])
    }

    public var content: Content
    /// Where the node itself begins (for an alias: where the anchored node begins).
    public var position: SourcePosition
    /// Just past the node's last character.
    public var end: SourcePosition
    /// The explicit tag, resolved (`tag:yaml.org,2002:float`, `!custom`); `nil` where the text gives none.
    public var tag: String?
    public var anchor: String?
    /// Where the alias stands that this node was reached through; `nil` for a node written in place.
    public var alias: SourcePosition?
    /// Nodes in this tree with aliases expanded, itself included.
    public var weight: Int

    public init(_ content: Content, position: SourcePosition, end: SourcePosition, weight: Int = 1) {
        self.content = content
        self.position = position
        self.end = end
        self.weight = weight
    }
}

public struct YAMLEntry: Sendable {
    public var key: YAMLNode
    public var value: YAMLNode

    public init(key: YAMLNode, value: YAMLNode) {
        self.key = key
        self.value = value
    }
}

public enum YAMLScalarStyle: Sendable, Hashable {
    case plain
    case singleQuoted
    case doubleQuoted
    case literal
    case folded
}

/// One anchor of a document and how it was used.
public struct YAMLAnchor: Sendable {
    public var name: String
    public var position: SourcePosition
    public var isUsed: Bool
}

public struct YAMLDocument: Sendable {
    /// `nil` for an empty document.
    public var root: YAMLNode?
    /// In the order of the text.
    public var anchors: [YAMLAnchor]
}

/// What a YAML text may cost. Past a limit the reader throws; it never hangs or grows without bound.
public struct YAMLLimits: Sendable {
    /// Bytes of the text.
    public var bytes = 4 << 20
    /// Nested collections.
    public var depth = 100
    /// Nodes with aliases expanded: what stops an alias bomb.
    public var nodes = 500_000
    /// Aliases in the text.
    public var aliases = 10_000

    public init() {}
}
