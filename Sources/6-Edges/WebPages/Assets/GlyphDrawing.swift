// SPDX-License-Identifier: Apache-2.0

/// The glyphs of /web/glyphs.svg as pictures of their own: favicons, marks in badges.
enum GlyphDrawing {
    static let accentColour = "#2f7fd6"

    /// What stands inside a symbol, and its view box.
    static func symbol(_ id: String) -> (viewBox: String, content: Substring)? {
        let sprite = String(decoding: WebAssets.glyphs, as: UTF8.self)
        guard let start = sprite.firstRange(of: "<symbol id=\"\(id)\" viewBox=\"") else { return nil }
        let rest = sprite[start.upperBound...]
        guard let box = rest.firstRange(of: "\">"), let end = rest.firstRange(of: "</symbol>") else { return nil }
        return (String(rest[..<box.lowerBound]), rest[box.upperBound..<end.lowerBound])
    }

    static func picture(of id: String, colour: String) -> [UInt8] {
        guard let symbol = symbol(id) else { return [] }
        let head = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"\(symbol.viewBox)\" color=\"\(colour)\">"
        return Array("\(head)\(symbol.content)</svg>".utf8)
    }
}
