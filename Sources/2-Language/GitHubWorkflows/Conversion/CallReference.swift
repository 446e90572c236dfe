// SPDX-License-Identifier: Apache-2.0

/// The `uses` of a job: where a reusable workflow may lie.
enum CallReference {
    private static let folder = [".github", "workflows"]

    /// Of the repository whose file the call stands in; `$/` is its root, as `./` is.
    static func isLocal(_ text: String) -> Bool { text.hasPrefix("./") || text.hasPrefix("$/") }

    /// What is wrong with the form, and what to write; `nil` where nothing is.
    static func fault(_ text: String) -> (message: String, remedy: String)? {
        let shown = QuotedText.cut(text)
        let remedy = "Write './.github/workflows/FILE.yml', or 'owner/repository/.github/workflows/FILE.yml@ref'."
        if text.hasPrefix("docker://") {
            return ("A job cannot use the image '\(shown)', only a reusable workflow.", "Use it in a step. " + remedy)
        }
        // A text without any slash may come of an expression, which GitHub's parser leaves alone: the lint tells them apart.
        if !text.utf8.contains(UInt8(ascii: "/")) { return nil }
        let isLocal = isLocal(text)
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        if isLocal, parts.count > 1 {
            let remedy = "Remove '@\(QuotedText.cut(String(parts[1])))'."
            return ("A workflow of this repository is called at the commit of its caller, not at '\(shown)'.", remedy)
        }
        if !isLocal, parts.count < 2 || parts[1].isEmpty {
            return ("The workflow '\(shown)' is called without a version.", remedy)
        }
        let path = parts[0].split(separator: "/", omittingEmptySubsequences: false).dropFirst(isLocal ? 1 : 0)
        guard !path.contains(".."), !path.contains(""), isLocal || path.count > 2 else {
            return ("'\(shown)' is not the name of a reusable workflow.", remedy)
        }
        if isLocal, path.count != 3 || Array(path.prefix(2).map(String.init)) != folder {
            return ("The workflow '\(shown)' does not lie directly in '.github/workflows'.", remedy)
        }
        return nil
    }
}

/// Text of a file as messages quote it.
enum QuotedText {
    /// Characters; what is longer would hide the message around it.
    static let limit = 80

    static func cut(_ text: String) -> String {
        text.utf8.count <= limit || text.count <= limit ? text : text.prefix(limit) + "…"
    }
}
