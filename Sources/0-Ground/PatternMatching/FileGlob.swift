// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// A pattern of `hashFiles` that cannot be used, or a walk that went too far.
public struct FileGlobError: CodedError, Hashable {
    public var diagnostic: Diagnostic

    init(_ code: DiagnosticCode, _ message: String, remedy: String? = nil) {
        diagnostic = Diagnostic(code, message, remedy: remedy)
    }
}

/// One pattern of `hashFiles`, made absolute and cut into path segments.
///
/// The language is the one of `@actions/glob`: `*`, `?`, `[…]` within a segment, `**` as a segment of its own, `\` as
/// escape, no braces; hidden files match like others.
struct FileGlob: Sendable {
    enum Segment: Hashable {
        /// `**`: any number of segments; at the end at least one.
        case anyDepth
        case literal(String)
        case wildcard(PatternProgram)
    }

    /// Places in a pattern that a path can have reached: bit n stands before segment n, the bit after the last one
    /// says that all of the path is matched.
    typealias Places = UInt64

    static let maximumSegments = 62

    let isNegated: Bool
    let segments: [Segment]
    /// The pattern ended in `/`: only folders match it.
    let isFolderOnly: Bool
    /// Added for what lies below a matched folder.
    let isImplicit: Bool
    /// The path up to the first wildcard, where a walk begins.
    let searchPath: String

    /// - Parameter line: trimmed, not empty.
    init(line: String, workspace: String, home: String) throws(FileGlobError) {
        var text = Substring(line)
        var negated = false
        while text.first == "!" {
            negated.toggle()
            text = text.dropFirst().trimmingSpaces()
        }
        guard !text.isEmpty else {
            throw FileGlobError(.emptyPattern, "pattern cannot be empty", remedy: "Write a path after the '!'.")
        }
        var root: [Substring] = []
        var parts = text.split(separator: "/")
        let names = parts.map { Self.literal($0) }
        for (index, name) in names.enumerated() {
            guard name == ".." || (name == "." && (index > 0 || text.first == "/")) else { continue }
            let message = "Invalid pattern '\(text)'. Relative pathing '.' and '..' is not allowed."
            throw FileGlobError(.brokenFileGlob, message, remedy: "Write the path from the workspace's root.")
        }
        if text.first != "/" {
            root = workspace.split(separator: "/")
            if parts.first == "." || parts.first == "~" {
                if parts[0] == "~" { root = home.split(separator: "/") }
                parts.removeFirst()
            }
        }
        guard root.count + parts.count <= Self.maximumSegments else {
            let message = "The pattern '\(text.prefix(80))' has over \(Self.maximumSegments) path segments."
            throw FileGlobError(.brokenFileGlob, message, remedy: "Write a shorter pattern.")
        }
        isNegated = negated
        isFolderOnly = text.last == "/"
        isImplicit = false
        segments = root.map { .literal(String($0)) } + parts.map { Self.segment($0) }
        let plain = root.map { Optional(String($0)) } + parts.map { Self.literal($0) }
        searchPath = "/" + plain.prefix { $0 != nil }.compactMap(\.self).joined(separator: "/")
    }

    /// The pattern for all that lies below what `pattern` matches.
    init(below pattern: FileGlob) {
        isNegated = pattern.isNegated
        segments = pattern.segments + [.anyDepth]
        isFolderOnly = false
        isImplicit = true
        searchPath = pattern.searchPath
    }

    /// The places before any segment of a path was seen.
    var start: Places { spread(1) }

    /// The places after one more segment of a path.
    func places(_ places: Places, after name: String) -> Places {
        var next: Places = 0
        for (index, segment) in segments.enumerated() where places & (1 << Places(index)) != 0 {
            switch segment {
            case .anyDepth:
                next |= 1 << Places(index)
                if index == segments.count - 1 { next |= 1 << Places(segments.count) }
            case .literal(let own):
                if own == name { next |= 1 << Places(index + 1) }
            case .wildcard(let program):
                if program.matches(name) { next |= 1 << Places(index + 1) }
            }
        }
        return next == 0 ? 0 : spread(next)
    }

    /// Whether a path that led to `places` matches. A `**` at the end also matches the folder before it.
    func isMatch(_ places: Places) -> Bool {
        if places & (1 << Places(segments.count)) != 0 { return true }
        guard segments.last == .anyDepth, !isImplicit else { return false }
        return places & (1 << Places(segments.count - 1)) != 0
    }

    /// A `**` before the end may stand for nothing.
    private func spread(_ places: Places) -> Places {
        var result = places
        for (index, segment) in segments.enumerated() where segment == .anyDepth && index < segments.count - 1 {
            if result & (1 << Places(index)) != 0 { result |= 1 << Places(index + 1) }
        }
        return result
    }
}

extension Substring {
    func trimmingSpaces() -> Substring {
        var rest = self
        while let first = rest.unicodeScalars.first, first.properties.isWhitespace { rest.unicodeScalars.removeFirst() }
        while let last = rest.unicodeScalars.last, last.properties.isWhitespace { rest.unicodeScalars.removeLast() }
        return rest
    }
}
