// SPDX-License-Identifier: Apache-2.0

internal import CWebAssets
internal import Crypto
internal import StructuredData

/// One file that pages load. Its address holds a digest of its bytes, so that it may be kept for ever.
package struct WebAsset: Sendable {
    /// As in /web: `app.css`.
    package let name: String
    /// `/assets/app.<12 hexadecimal digits>.css`.
    package let path: String
    package let contentType: String
    package let bytes: [UInt8]
    /// A strong entity tag, with its quotes.
    package let entityTag: String

    fileprivate init(_ name: String, _ bytes: [UInt8]) {
        let digest = Hexadecimal.text(Array(SHA256.hash(data: bytes).prefix(6)))
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        self.name = name
        self.bytes = bytes
        path = "/assets/\(name[..<dot]).\(digest)\(name[dot...])"
        entityTag = "\"\(digest)\""
        contentType =
            switch name[dot...] {
            case ".css": "text/css; charset=utf-8"
            case ".js": "text/javascript; charset=utf-8"
            default: "image/svg+xml"
            }
    }
}

/// The style sheet, the modules and the drawings, by address.
package enum WebAssets {
    /// `max-age` is a year, the most that caches promise; a file that changes has another address.
    package static let cacheControl = "public, max-age=31536000, immutable"

    package static let all: [WebAsset] = embedded + RunState.allCases.map(favicon) + [idleFavicon]

    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })
    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// What is served under a request's path; `nil` where there is no such file, or no longer.
    package static func find(path: String) -> WebAsset? { byPath[path] }

    /// By the name it has in /web.
    package static func named(_ name: String) -> WebAsset? { byName[name] }

    static func address(_ name: String) -> PageAddress {
        guard let asset = byName[name] else { preconditionFailure("no asset '\(name)': it is missing in CWebAssets") }
        return .asset(asset.path)
    }

    /// The glyphs, written into each page: an outside sprite would be drawn a moment later than its words.
    static let glyphs = embedded.first { $0.name == "glyphs.svg" }?.bytes ?? []

    private static let embedded: [WebAsset] = {
        var count = 0
        let first = martlet_web_assets(&count)
        var made: [WebAsset] = []
        for file in UnsafeBufferPointer(start: first, count: count) {
            let name = String(cString: file.name)
            let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
            made.append(WebAsset(name, name.hasSuffix(".js") ? linked(bytes, to: made) : bytes))
        }
        return made
    }()

    /// A module with the names that it imports (`"./dom.js"`) replaced by addresses with digests.
    private static func linked(_ module: [UInt8], to earlier: [WebAsset]) -> [UInt8] {
        var text = String(decoding: module, as: UTF8.self)
        for asset in earlier where asset.name.hasSuffix(".js") {
            text = text.split(separator: "\"./\(asset.name)\"", omittingEmptySubsequences: false)
                .joined(separator: "\"\(asset.path)\"")
        }
        return Array(text.utf8)
    }

    /// The tab's picture of a run in a state: its glyph.
    private static func favicon(_ state: RunState) -> WebAsset {
        WebAsset("favicon-\(state.rawValue).svg", GlyphDrawing.picture(of: state.glyph, colour: state.pictureColour))
    }

    private static let idleFavicon = WebAsset(
        "favicon.svg", GlyphDrawing.picture(of: "i-martlet", colour: GlyphDrawing.accentColour))
}
