// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import StructuredData

/// What a git remote's `post-receive` hook sends: a JSON object a line for each ref that moved,
/// `{"ref": "refs/heads/main", "before": "<commit>", "after": "<commit>"}`, all zeros where there was or is none, and
/// `"pusher": "<login>"` where the hook knows it. `docs/guides/git-remotes.md` has a hook that does.
struct BareRemoteHook {
    private let repository: ForgeRepository

    init(_ repository: ForgeRepository) { self.repository = repository }

    /// - Throws: ``DiagnosticCode/webhookMalformed`` where a line is not that.
    func events(_ body: [UInt8]) throws(DiagnosticError) -> [TranslatedEvent] {
        try WebhookBody.checkSize(body)
        var events: [TranslatedEvent] = []
        var lines = 0
        for line in body.split(separator: UInt8(ascii: "\n")) where line.contains(where: { $0 > 32 }) {
            guard events.count < ForgeLimits.eventsADelivery else {
                throw WebhookBody.malformed(
                    "The push moved more refs than one delivery may tell of (\(ForgeLimits.eventsADelivery) events).")
            }
            let object = try WebhookBody.object(Array(line), of: .git)
            guard let ref = object["ref"]?.string, GitNames.isRef(ref),
                let before = object["before"]?.string, GitNames.isCommit(before),
                let after = object["after"]?.string, GitNames.isCommit(after),
                !(GitNames.isNone(before) && GitNames.isNone(after))
            else {
                throw WebhookBody.malformed(
                    "A line of the git remote's hook has no usable 'ref', 'before' and 'after'.")
            }
            lines += 1
            // Notes and the like start nothing on a forge either.
            guard GitNames.isBranch(ref) || GitNames.isTag(ref) else { continue }
            var facts = PushFacts(
                ref: ref, before: before, after: after, repository: repository.payload, sender: [:])
            if let pusher = object["pusher"]?.string {
                facts.sender = ["login": .string(pusher), "type": "User"]
                facts.pusher = ["name": .string(pusher)]
            }
            events += facts.events
        }
        guard lines > 0 else { throw WebhookBody.malformed("The git remote's hook tells of no ref.") }
        return events
    }
}
