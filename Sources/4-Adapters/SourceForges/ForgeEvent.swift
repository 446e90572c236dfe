// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import StructuredData

/// What happened in a repository, whatever the forge: the payload in GitHub's shape, and what is read from it.
package struct ForgeEvent: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A branch was made or moved.
        case push
        /// A tag was made or moved.
        case tag
        case branchDeleted
        case tagDeleted
        /// `opened`, `synchronize`, `closed`, …
        case pullRequest(action: String)
        case ping
        case release(action: String)
        case issueComment(action: String)
        case workflowDispatch
        /// The type that the caller chose.
        case repositoryDispatch(type: String)
        /// By GitHub's name of the event, or by the forge's where GitHub has none.
        case other(String)
    }

    package var forge: ForgeKind
    /// What workflows name in `on:`: `push`, `pull_request`, …
    package var name: String
    package var kind: Kind
    /// What `github.event` holds.
    package var payload: DataObject
    /// `nil` for events of an organisation or an instance.
    package var repository: ForgeRepository?
    /// What `github.ref` is: `refs/heads/main`; `refs/pull/1/merge` for a pull request; `nil`: that of the default branch.
    package var ref: String?
    package var before: String?
    /// All zeros where the ref was deleted; of an annotated tag the tag object.
    package var after: String?
    /// The commit that a run of the event takes: of a tag what it points to, of a pull request its head; `nil` where the payload has none.
    package var commit: String?
    package var commits: [ForgeCommit] = []
    /// Paths that the commits touch, sorted; `nil`: not known. A comparison by git says more: this one misses what a
    /// push by force took away.
    package var changedPaths: [String]?
    /// The login of who did it.
    package var sender: String?
    package var isBot: Bool
    package var pullRequest: ForgePullRequest?
    /// Of the commit, where the payload has it.
    package var headMessage: String?

    package var action: String? { payload["action"]?.string }

    /// The words that keep it from starting anything. Where ``headMessage`` is `nil`, the commit has to be looked at.
    package var skipMarker: String? {
        guard name == "push" || name == "pull_request" else { return nil }
        return headMessage.flatMap { SkipMarker.find(in: $0) }
    }

    /// A ping, and a push that deletes, start no workflow; a deletion's `delete` event does.
    package var startsWorkflows: Bool {
        switch kind {
        case .ping: false
        case .branchDeleted, .tagDeleted: name == "delete"
        default: true
        }
    }
}

/// A commit as a push lists it.
package struct ForgeCommit: Hashable, Sendable {
    package var id: String
    package var message: String
    package var added: [String]
    package var modified: [String]
    package var removed: [String]
    /// Whether the lists of paths are there, and whole.
    var hasPaths: Bool

    init?(_ payload: DataValue) {
        guard let id = payload["id"]?.string, GitNames.isCommit(id) else { return nil }
        self.id = id
        message = payload["message"]?.string ?? ""
        added = payload.strings("added")
        modified = payload.strings("modified")
        removed = payload.strings("removed")
        let lists = ["added", "modified", "removed"].map { payload[$0]?.array }
        hasPaths = lists.contains { $0 != nil } && lists.allSatisfy { ($0?.count ?? 0) < ForgeLimits.changedPaths }
    }
}

/// Stored as the forge, the name and the payload: everything else is read from them again.
extension ForgeEvent: DataRepresentable {
    package var data: DataValue {
        ["forge": .string(forge.rawValue), "event": .string(name), "payload": .object(payload)]
    }

    package init(data: DataValue) throws(DataShapeError) {
        let forge = try data.required("forge") { $0.string.flatMap(ForgeKind.init(rawValue:)) }
        let payload = try data.required("payload", \.object)
        let name = try data.string("event")
        do {
            self = try ForgeEvent(name, payload, forge: forge)
        } catch {
            throw DataShapeError("an event of a forge (\(error.diagnostic.message))")
        }
    }
}
