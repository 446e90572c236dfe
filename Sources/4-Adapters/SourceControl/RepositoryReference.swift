// SPDX-License-Identifier: Apache-2.0

/// A file or folder of another repository, as `uses:` names it: `owner/repo/path@ref`.
package struct RepositoryReference: Hashable, Sendable, CustomStringConvertible {
    package let owner: String
    package let repository: String
    /// Below the repository's root, without a slash before it; empty: the root.
    package let path: String
    /// A branch, tag or commit.
    package let ref: String

    /// `nil` for what is not of that form, or names a place outside the repository.
    package init?(_ text: String) {
        guard let at = text.lastIndex(of: "@") else { return nil }
        let parts = text[..<at].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let ref = String(text[text.index(after: at)...])
        guard parts.count >= 2, parts.allSatisfy(Self.isName), !ref.isEmpty, !ref.hasPrefix("-") else { return nil }
        owner = parts[0]
        repository = parts[1]
        path = parts[2...].joined(separator: "/")
        self.ref = ref
    }

    private static func isName(_ part: String) -> Bool {
        !part.isEmpty && part != "." && part != ".." && !part.hasPrefix("-")
    }

    /// Another file of the same repository at the same ref.
    package func sibling(_ path: String) -> RepositoryReference? {
        RepositoryReference("\(owner)/\(repository)/\(path)@\(ref)")
    }

    /// `owner/repo@ref`: what is fetched, and locked, as one.
    package var unit: String { "\(owner)/\(repository)@\(ref)" }

    /// The same place at another ref.
    func at(_ ref: String) -> RepositoryReference {
        RepositoryReference(owner: owner, repository: repository, path: path, ref: ref)
    }

    private init(owner: String, repository: String, path: String, ref: String) {
        self.owner = owner
        self.repository = repository
        self.path = path
        self.ref = ref
    }

    package var description: String {
        "\(owner)/\(repository)\(path.isEmpty ? "" : "/" + path)@\(ref)"
    }
}
