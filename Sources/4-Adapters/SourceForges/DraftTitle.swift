// SPDX-License-Identifier: Apache-2.0

/// The word before a title that makes a draft on GitLab and Gitea: `Draft: …`, `WIP: …`, `[WIP] …`.
enum DraftTitle {
    private static let words = ["draft:", "[draft]", "(draft)", "wip:", "[wip]"]

    static func isDraft(_ title: String) -> Bool { word(of: title) != nil }

    /// The title without the word.
    static func rest(of title: String) -> String {
        guard let word = word(of: title) else { return title }
        return String(title.dropFirst(word.count).drop { $0.isWhitespace })
    }

    private static func word(of title: String) -> String? {
        let folded = title.lowercased()
        return words.first { folded.hasPrefix($0) }
    }
}
