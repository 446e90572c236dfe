// SPDX-License-Identifier: Apache-2.0

/// Writes one page's HTML or SVG into a byte buffer. Whatever comes from outside is escaped on its way in: there is no
/// call that takes markup from a string that was computed.
package struct Markup {
    package private(set) var bytes: [UInt8] = []
    package let context: PageContext
    /// What was typed into the form that is being written, where it was refused.
    var typed: [String: String]?

    package init(_ context: PageContext, reserving sizeBytes: Int = 32 << 10) {
        self.context = context
        bytes.reserveCapacity(sizeBytes)
    }

    /// An element with its content. Void elements take none.
    package mutating func tag(_ tag: Tag, _ attributes: Attribute?..., content: (inout Markup) -> Void = { _ in }) {
        element(tag, attributes, content: content)
    }

    /// The same, with attributes that were gathered.
    package mutating func element(_ tag: Tag, _ attributes: [Attribute?], content: (inout Markup) -> Void) {
        open(tag, attributes)
        if tag.isVoid { return }
        let start = bytes.count
        content(&self)
        if bytes.count == start, tag.isShape {
            bytes.removeLast()
            bytes.append(contentsOf: "/>".utf8)
        } else {
            close(tag)
        }
    }

    /// An element that holds a text only.
    package mutating func tag(_ tag: Tag, _ attributes: Attribute?..., text: some StringProtocol) {
        open(tag, attributes)
        self.text(text)
        close(tag)
    }

    /// An element that holds a phrase of the catalogue only.
    package mutating func tag(_ tag: Tag, _ attributes: Attribute?..., words: PageText) {
        open(tag, attributes)
        text(words.text(in: context.language))
        close(tag)
    }

    package mutating func text(_ text: some StringProtocol) {
        Escaping.append(text, to: &bytes)
    }

    package mutating func words(_ words: PageText) {
        text(words.text(in: context.language))
    }

    /// A phrase as a value, for attributes.
    package func phrase(_ words: PageText) -> String { words.text(in: context.language) }

    /// Markup that stands in this program's source or among its own assets.
    package mutating func literal(_ markup: StaticString) {
        markup.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Bytes of an asset that is itself markup.
    mutating func asset(_ markup: [UInt8]) {
        bytes.append(contentsOf: markup)
    }

    /// What another writer made: it went through the same escapes.
    package mutating func append(_ other: Markup) {
        bytes.append(contentsOf: other.bytes)
    }

    private mutating func open(_ tag: Tag, _ attributes: [Attribute?]) {
        bytes.append(UInt8(ascii: "<"))
        bytes.append(contentsOf: tag.rawValue.utf8)
        for case let attribute? in attributes { attribute.append(to: &bytes) }
        bytes.append(UInt8(ascii: ">"))
    }

    private mutating func close(_ tag: Tag) {
        bytes.append(contentsOf: "</".utf8)
        bytes.append(contentsOf: tag.rawValue.utf8)
        bytes.append(UInt8(ascii: ">"))
    }
}
