// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import StructuredData

/// Compares a remote's refs with the last ones that were seen, and tells what webhooks did not.
///
/// Pure: who polls runs git. What one poll tells is at most ``ForgeLimits/eventsAPoll`` refs; a ref that it does not get
/// to stays as it was in the memory, so that the next poll tells of it.
package struct RefPolling: Sendable {
    package var deliveries: [ForgeDelivery]
    package var memory: RefMemory
    /// Refs that moved and are left for the next poll.
    package var leftOver: Int

    /// - Parameters:
    ///   - seen: the memory as it was when git was asked.
    ///   - current: the memory now, where webhooks came in meanwhile: what they told of is newer than what git said.
    ///   - repository: the project's; its default branch is the listing's where that has one.
    /// - Throws: ``DiagnosticCode/webhookMalformed``, never for a listing that was read.
    package init(
        _ listing: RefListing, seen: RefMemory, current: RefMemory? = nil, repository: ForgeRepository,
        forge: ForgeKind, limit: Int = ForgeLimits.eventsAPoll
    ) throws(DiagnosticError) {
        deliveries = []
        leftOver = 0
        var repository = repository
        if let branch = listing.defaultBranch { repository.defaultBranch = branch }
        let told = listing.refs.filter { Self.isWatched($0.key) }
        guard seen.isPrimed else {
            memory = RefMemory()
            memory.refs = told
            memory.isPrimed = true
            return
        }
        memory = current ?? seen
        let changed = Set(told.keys).union(seen.refs.keys).filter { name in
            told[name] != seen.refs[name] && memory.refs[name] == seen.refs[name]
        }
        for name in changed.sorted(by: Self.isBefore) {
            guard deliveries.count < limit else {
                leftOver += 1
                continue
            }
            let facts = Change(name: name, before: seen.refs[name], after: told[name])
            if let delivery = try Self.delivery(facts, repository, forge) { deliveries.append(delivery) }
            memory.refs[name] = told[name]
        }
    }

    private struct Change {
        var name: String
        var before: String?
        var after: String?
    }

    private static func isWatched(_ ref: String) -> Bool {
        GitNames.isBranch(ref) || GitNames.isTag(ref) || requestNumber(ref) != nil
    }

    /// Branches first, then tags, then pull requests: what waits is what most can wait for.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        let ranks = [left, right].map { GitNames.isBranch($0) ? 0 : GitNames.isTag($0) ? 1 : 2 }
        return ranks[0] == ranks[1] ? left < right : ranks[0] < ranks[1]
    }

    /// 17 of `refs/pull/17/head` and `refs/merge-requests/17/head`.
    static func requestNumber(_ ref: String) -> Int? {
        let parts = ref.split(separator: "/")
        guard parts.count == 4, parts[0] == "refs", parts[1] == "pull" || parts[1] == "merge-requests",
            parts[3] == "head", let number = Int(parts[2]), number > 0, String(number) == parts[2]
        else { return nil }
        return number
    }

    private static func delivery(
        _ change: Change, _ repository: ForgeRepository, _ forge: ForgeKind
    ) throws(DiagnosticError) -> ForgeDelivery? {
        let translated: [TranslatedEvent]
        if let number = requestNumber(change.name) {
            // Forges keep these refs for ever; one that is gone says nothing of its pull request.
            guard let head = change.after else { return nil }
            translated = [request(number, head: head, before: change.before, repository)]
        } else {
            let none = GitNames.noCommit
            translated =
                PushFacts(
                    ref: change.name, before: change.before ?? none, after: change.after ?? none,
                    repository: repository.payload, sender: [:]
                ).events
        }
        var events: [ForgeEvent] = []
        for event in translated { events.append(try ForgeEvent(event.name, event.payload, forge: forge)) }
        let id = OwnDeliveryID.poll.id("\(change.name):\(change.after ?? "deleted-\(change.before ?? "")")")
        return ForgeDelivery(id: id, forge: forge, eventName: "poll", events: events)
    }

    /// Number and head are all that a ref tells: whose it is and where it goes to is not known, so that it counts as a fork's.
    private static func request(
        _ number: Int, head: String, before: String?, _ repository: ForgeRepository
    ) -> TranslatedEvent {
        var event = TranslatedEvent(
            "pull_request",
            [
                "action": before == nil ? "opened" : "synchronize", "number": .number(Double(number)),
                "pull_request": [
                    "number": .number(Double(number)), "state": "open", "draft": false, "merged": false,
                    "head": ["sha": .string(head)], "base": ["repo": .object(repository.payload)],
                ],
                "repository": .object(repository.payload), "sender": [:],
            ])
        if let before {
            event.payload["before"] = .string(before)
            event.payload["after"] = .string(head)
        }
        return event
    }
}
