// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PatternMatching

/// A pattern of artifacts' names: minimatch's language, of which names without slashes need `*`, `?`, `[…]`, `{a,b}` and
/// a `!` at the beginning.
struct ArtifactPattern {
    private let sets: [FileGlobSet]
    private let isNegated: Bool
    private static let alternativeLimit = 100

    init(_ text: String) throws(DiagnosticError) {
        let marks = text.prefix { $0 == "!" }
        isNegated = marks.count % 2 == 1
        var sets: [FileGlobSet] = []
        do throws(FileGlobError) {
            for pattern in Self.alternatives(String(text.dropFirst(marks.count))) where !pattern.isEmpty {
                sets.append(try FileGlobSet([pattern], workspace: "/", home: "/", includesBelow: false))
            }
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        self.sets = sets
    }

    func matches(_ name: String) -> Bool { sets.contains { $0.matches(file: "/" + name) } != isNegated }

    /// `a{b,c}` is `ab` and `ac`; nested ones from the inside.
    private static func alternatives(_ text: String) -> [String] {
        var texts = [text]
        while let index = texts.firstIndex(where: { $0.contains("{") && $0.contains("}") }),
            texts.count < alternativeLimit
        {
            let text = texts[index]
            guard let close = text.firstIndex(of: "}"), let open = text[..<close].lastIndex(of: "{") else { break }
            let (before, after) = (text[..<open], text[text.index(after: close)...])
            let parts = text[text.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
            texts.replaceSubrange(index...index, with: parts.map { "\(before)\($0)\(after)" })
        }
        return texts
    }
}
