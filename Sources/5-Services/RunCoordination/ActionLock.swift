// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import YAMLReading

/// `.martlet/actions.lock`: which commit each `owner/repo@ref` stands for, whatever its tag or branch does later.
///
///     # Made by: martlet actions lock
///     locked:
///       actions/cache@v4: 0057852bfaa89a56745cba8c7296529d2fc39830
package struct ActionLock: Hashable, Sendable {
    package static let path = ".martlet/actions.lock"
    private static let sizeLimitBytes = 4 << 20

    /// Commits by `owner/repo@ref`.
    package var commits: [String: String] = [:]

    package init(commits: [String: String] = [:]) { self.commits = commits }

    /// Empty where there is no lock.
    package static func read(root: String) throws(DiagnosticError) -> ActionLock {
        guard let bytes = try Files.readIfPresent("\(root)/\(path)", limit: sizeLimitBytes) else { return ActionLock() }
        let document = try YAMLReader.read(bytes)
        guard let node = document.root else { return ActionLock() }
        guard case .mapping(let entries) = node.content, entries.count == 1,
            case .scalar("locked", _) = entries[0].key.content,
            case .mapping(let pairs) = entries[0].value.content
        else { throw fault("It must be a mapping with the key 'locked'.", node) }
        var lock = ActionLock()
        for pair in pairs {
            guard case .scalar(let reference, _) = pair.key.content, case .scalar(let commit, _) = pair.value.content,
                commit.utf8.count == 40, commit.allSatisfy(\.isHexDigit)
            else { throw fault("An entry is 'owner/repo@ref: COMMIT', a commit's whole id.", pair.key) }
            lock.commits[reference] = commit
        }
        return lock
    }

    package func write(root: String) throws(DiagnosticError) {
        let lines = commits.sorted { $0.key < $1.key }.map { "  \($0.key): \($0.value)\n" }
        let text = "# Made by: martlet actions lock\nlocked:" + (lines.isEmpty ? " {}\n" : "\n" + lines.joined())
        let file = "\(root)/\(Self.path)"
        try Trees.make(Files.directory(of: file))
        try Files.replace(file, with: text.utf8)
    }

    private static func fault(_ message: String, _ node: YAMLNode) -> DiagnosticError {
        DiagnosticError(
            Diagnostic(
                .actionLockInvalid, message, file: path, position: node.position,
                remedy: "Make it anew with: martlet actions lock"))
    }
}
