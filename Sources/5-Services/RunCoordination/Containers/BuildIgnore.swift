// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import Glibc

/// What `.dockerignore` leaves out of the files that an image is built from.
///
/// Source: docs.docker.com/build/concepts/context, "dockerignore files": a pattern matches a path or a folder around it, the
/// last one that matches decides, `!` brings back.
struct BuildIgnore {
    private struct Rule {
        var parts: [String]
        var bringsBack: Bool
    }

    private let rules: [Rule]
    private static let sizeLimitBytes = 1 << 20

    /// Whether something in a folder that is left out may be brought back.
    let hasExceptions: Bool

    /// - Parameter folder: of the files; `Dockerfile.dockerignore` comes before `.dockerignore`.
    init(folder: String, dockerfile: String) throws(DiagnosticError) {
        var rules: [Rule] = []
        for name in ["\(dockerfile).dockerignore", ".dockerignore"] {
            guard let bytes = try Files.readIfPresent("\(folder)/\(name)", limit: Self.sizeLimitBytes) else { continue }
            rules = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap(Self.rule)
            break
        }
        // The engine needs them.
        for name in rules.isEmpty ? [] : [dockerfile, ".dockerignore"] {
            rules.append(Rule(parts: name.split(separator: "/").map(String.init), bringsBack: true))
        }
        self.rules = rules
        hasExceptions = rules.contains { $0.bringsBack }
    }

    private static func rule(_ line: Substring) -> Rule? {
        var text = line.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        guard !text.isEmpty, text.first != "#" else { return nil }
        let bringsBack = text.first == "!"
        if bringsBack { text = text.dropFirst() }
        let parts = text.split(separator: "/").map(String.init).filter { $0 != "." }
        return parts.isEmpty ? nil : Rule(parts: parts, bringsBack: bringsBack)
    }

    /// - Parameter path: relative to the folder.
    func leavesOut(_ path: String) -> Bool {
        guard !rules.isEmpty else { return false }
        let parts = path.split(separator: "/").map(String.init)
        var isOut = false
        for rule in rules where rule.bringsBack == isOut {
            // A folder around it stands for it.
            if (1...parts.count).contains(where: { Self.matches(rule.parts[...], parts[..<$0]) }) { isOut.toggle() }
        }
        return isOut
    }

    private static func matches(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**" {
            return (path.startIndex...path.endIndex).contains { matches(pattern.dropFirst(), path[$0...]) }
        }
        guard let name = path.first, fnmatch(first, name, 0) == 0 else { return false }
        return matches(pattern.dropFirst(), path.dropFirst())
    }
}
