// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What may stand at a place instead of a value or key that may not.
enum ValueRemedies {
    /// Words that are listed; of longer lists the nearest only.
    private static let listLimit = 20

    /// - Parameter isAbsent: the key has no value at all.
    static func value(_ text: String, isAbsent: Bool, _ shape: SchemaShape) -> String {
        let words = shape.strings.flatMap(\.allowed)
        if !isAbsent, let meant = NearestName.find(text, among: words) { return "Did you mean '\(meant)'?" }
        var kinds: [String] = []
        if words.count > listLimit {
            kinds.append("one of the words that `martlet schema` prints")
        } else {
            kinds += words.map { "'\($0)'" }
        }
        if shape.strings.contains(where: { $0.allowed.isEmpty }) {
            kinds.append(shape.strings.contains(where: \.isExpression) ? "an expression" : "a text")
        }
        if shape.acceptsBoolean { kinds.append("true or false") }
        if shape.acceptsNumber { kinds.append("a number") }
        if shape.item != nil { kinds.append("a list") }
        if !shape.mappings.isEmpty { kinds.append("a mapping") }
        if kinds.isEmpty { return isAbsent ? "It has no value: give it one." : "Correct it." }
        return (isAbsent ? "It has no value: give it " : "Write ") + list(kinds) + "."
    }

    static func key(_ name: String, _ candidates: [SchemaMapping]) -> String {
        var known: [String] = []
        for property in candidates.flatMap(\.properties) where !known.contains(property.name) {
            known.append(property.name)
        }
        if let meant = NearestName.find(name, among: known) {
            return meant.lowercased() == name.lowercased()
                ? "Keys are case-sensitive: write '\(meant)'." : "Did you mean '\(meant)'?"
        }
        if name == "<<" { return "GitHub does not know YAML's merge key: write the keys out." }
        guard !known.isEmpty else { return "Remove it." }
        return "Remove it, or use one of " + list(known.sorted().map { "'\($0)'" }) + "."
    }

    private static func list(_ words: [String]) -> String {
        guard words.count > 1, let last = words.last else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
