// SPDX-License-Identifier: Apache-2.0

/// The words in a commit's message that keep `push` and `pull_request` from starting anything.
///
/// Source: "Skipping workflow runs" of GitHub's documentation. Capitals do not count, as on GitLab.
package enum SkipMarker {
    private static let markers = ["[skip ci]", "[ci skip]", "[no ci]", "[skip actions]", "[actions skip]"]
    private static let trailer = "skip-checks"

    /// The marker of a message: one of the five in brackets, or `skip-checks: true` in the paragraph at its end.
    package static func find(in message: String) -> String? {
        let folded = message.lowercased()
        if let marker = markers.first(where: { folded.contains($0) }) { return marker }
        let lines = folded.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(trimmed)
        guard let last = lines.lastIndex(where: { !$0.isEmpty }),
            let blank = lines[..<last].lastIndex(where: \.isEmpty)
        else { return nil }
        let isSkipped = lines[(blank + 1)...last].contains { line in
            let sides = line.split(separator: ":", maxSplits: 1)
            return sides.count == 2 && trimmed(sides[0]) == trailer && trimmed(sides[1]) == "true"
        }
        return isSkipped ? "\(trailer): true" : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
