// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import SourceControl

/// Where a command takes other repositories from: their workflows and their actions. Each is asked for once a command.
package final class RepositoryOffer: Sendable {
    private let sources: RepositorySources
    private let forge: RepositorySources
    private let prefersNative: Bool
    private let lock: ActionLock

    /// Actions that are built into Martlet, by the name they are used under.
    private static let native = [
        "actions/checkout": "checkout", "actions/cache": "cache", "actions/cache/restore": "cache-restore",
        "actions/cache/save": "cache-save", "actions/upload-artifact": "upload-artifact",
        "actions/upload-artifact/merge": "merge-artifacts", "actions/download-artifact": "download-artifact",
        "actions/setup-node": "setup-node", "actions/setup-python": "setup-python", "actions/setup-go": "setup-go",
        "actions/setup-java": "setup-java",
    ]

    /// What an action's name leads to.
    enum Place {
        case files(FoundRepository)
        case native(String)
        /// Where was looked.
        case nowhere(String)
    }

    /// Of public actions, whatever forge the repository itself is on.
    private static let publicForge = "https://github.com"

    /// - Parameters:
    ///   - root: of the repository whose settings hold.
    ///   - environment: of the command: `MARTLET_ACTIONS_DIR` is looked at first, `MARTLET_OFFLINE` keeps off the
    ///     network, and what is fetched is kept in the store.
    ///   - asksForge: whether what no source has is looked for on the forge.
    ///   - isTrusted: whether the repository's own settings may name places on this machine and addresses that
    ///     the user's keys open; else folders of the repository itself and public addresses are left.
    /// - Throws: ``DiagnosticCode/sourcesInvalid``.
    package init(
        root: String, environment: [String: String], asksForge: Bool = true, isTrusted: Bool = true
    ) throws(DiagnosticError) {
        var settings = try SourceSettings.read(
            root: root, first: environment["MARTLET_ACTIONS_DIR"], forge: Self.publicForge)
        if !isTrusted { settings.leaveOutPrivate(root: root, given: environment["MARTLET_ACTIONS_DIR"]) }
        let isOffline = !["", "0", "false"].contains(environment["MARTLET_OFFLINE"] ?? "")
        let mirrors = RepositoryMirrors(root: RunStore.defaultRoot(environment) + "/sources", isOffline: isOffline)
        sources = RepositorySources(settings.sources, mirrors: mirrors)
        forge = RepositorySources(asksForge ? settings.forge.map { [$0] } ?? [] : [], mirrors: mirrors)
        prefersNative = settings.prefersNative
        lock = try ActionLock.read(root: root)
    }

    private init(_ other: RepositoryOffer, lock: ActionLock) {
        (sources, forge, prefersNative) = (other.sources, other.forge, other.prefersNative)
        self.lock = lock
    }

    /// The same, but for what each ref stands for: that is asked of the sources.
    var withoutLock: RepositoryOffer { RepositoryOffer(self, lock: ActionLock()) }

    func file(_ reference: RepositoryReference) throws(DiagnosticError) -> [UInt8]? {
        let commit = lock.commits[reference.unit]
        if let text = try sources.file(reference, commit: commit) { return text }
        return try forge.file(reference, commit: commit)
    }

    /// The action of another repository.
    ///
    /// - Parameter path: of the action's folder in its repository.
    func action(_ reference: RepositoryReference) throws(DiagnosticError) -> Place {
        let name = "\(reference.owner)/\(reference.repository)".lowercased()
        let native = Self.native[reference.path.isEmpty ? name : "\(name)/\(reference.path)"]
        if prefersNative, let native { return .native(native) }
        let commit = lock.commits[reference.unit]
        if let found = try sources.repository(reference, commit: commit) { return .files(found) }
        if let native { return .native(native) }
        if let found = try forge.repository(reference, commit: commit) { return .files(found) }
        return .nowhere(placesLooked)
    }

    /// All files of another repository; `nil` where no source has it.
    func repository(_ reference: RepositoryReference) throws(DiagnosticError) -> FoundRepository? {
        let commit = lock.commits[reference.unit]
        if let found = try sources.repository(reference, commit: commit) { return found }
        return try forge.repository(reference, commit: commit)
    }

    /// Where the files of a repository lie that a plan has pinned.
    func files(_ reference: RepositoryReference, commit: String?) -> FoundRepository? {
        if let found = try? sources.repository(reference, commit: commit) { return found }
        return try? forge.repository(reference, commit: commit)
    }

    /// Where was looked, as a sentence's end.
    var placesLooked: String {
        let places =
            (sources.sources + forge.sources).isEmpty
            ? "no source of other repositories is set up in \(SourceSettings.path)"
            : "it is in none of: "
                + [sources, forge].filter { !$0.sources.isEmpty }.map(\.placesLooked)
                .joined(separator: ", ")
        return places
    }
}
