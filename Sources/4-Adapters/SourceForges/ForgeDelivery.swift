// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import HTTPMessages
internal import StructuredData

/// What one webhook, or one poll, told: events in GitHub's shape under an id that stays the same when it is told again.
package struct ForgeDelivery: Hashable, Sendable {
    /// Printable, without blanks; at most ``ForgeLimits/deliveryIDBytes``.
    package var id: String
    package var forge: ForgeKind
    /// As the forge calls it: `push`, `Merge Request Hook`.
    package var eventName: String
    /// Several where one of the forge's is several of GitHub's (labels that changed together); none where a change
    /// means nothing to a workflow.
    package var events: [ForgeEvent]
    /// Events past ``ForgeLimits/eventsADelivery``, which are left out.
    package var droppedEvents = 0

    init(id: String, forge: ForgeKind, eventName: String, events: [ForgeEvent]) {
        self.id = id
        self.forge = forge
        self.eventName = eventName
        self.events = events
    }

    /// Reads a webhook that was verified.
    ///
    /// - Parameter repository: the project's, for a git remote's hook, which does not name it.
    /// - Throws: ``DiagnosticCode/webhookEventMissing``, ``DiagnosticCode/webhookMalformed``,
    ///   ``DiagnosticCode/webhookTooLarge``.
    package init(
        _ headers: HTTPHeaders, body: [UInt8], forge: ForgeKind, repository: ForgeRepository? = nil
    ) throws(DiagnosticError) {
        let eventName = try Self.eventName(headers, forge)
        let translated: [TranslatedEvent]
        switch forge {
        case .github:
            translated = [TranslatedEvent(eventName, try WebhookBody.object(headers, body, of: forge))]
        case .gitlab: translated = try GitLabHook(try WebhookBody.object(headers, body, of: forge)).events()
        case .gitea: translated = try GiteaHook(eventName, try WebhookBody.object(headers, body, of: forge)).events()
        case .git:
            guard let repository else { throw WebhookBody.malformed("A hook of a git remote belongs to no project.") }
            translated = try BareRemoteHook(repository).events(body)
        }
        var events: [ForgeEvent] = []
        for event in translated.prefix(ForgeLimits.eventsADelivery) {
            events.append(try ForgeEvent(event.name, event.payload, forge: forge))
        }
        self.init(id: Self.id(headers, body: body, forge: forge), forge: forge, eventName: eventName, events: events)
        droppedEvents = translated.count - events.count
    }

    private static func eventName(_ headers: HTTPHeaders, _ forge: ForgeKind) throws(DiagnosticError) -> String {
        let names: [String]
        switch forge {
        case .github: names = ["X-GitHub-Event"]
        case .gitlab: names = ["X-Gitlab-Event"]
        case .gitea: names = ["X-Forgejo-Event", "X-Gitea-Event", "X-Gogs-Event"]
        case .git: return "post-receive"
        }
        for name in names {
            if let value = headers[name], !value.isEmpty { return value.shortened(to: 100) }
        }
        throw DiagnosticError(
            .webhookEventMissing, "The webhook has no \(names.joined(separator: " or ")).",
            remedy: "The hook is set up here for \(forge.title); let that send it.")
    }

    /// What is the same when a forge sends a delivery again, and differs between two that mean different things.
    ///
    /// - GitHub: `X-GitHub-Delivery` stays the same when a delivery is sent again.
    /// - Gitea, Forgejo: `X-Gitea-Delivery`; one that a person sends again has a new one.
    /// - GitLab: `Idempotency-Key` (17.4 and later; `webhook-id` is the same). `X-Gitlab-Webhook-UUID` is new with every
    ///   attempt and `X-Gitlab-Event-UUID` is shared by all branches of one push, so neither will do: before 17.4 the
    ///   digest of the latter and the body stands in.
    static func id(_ headers: HTTPHeaders, body: [UInt8], forge: ForgeKind) -> String {
        let names: [String]
        switch forge {
        case .github: names = ["X-GitHub-Delivery"]
        case .gitlab: names = ["Idempotency-Key", "webhook-id"]
        case .gitea: names = ["X-Forgejo-Delivery", "X-Gitea-Delivery", "X-Gogs-Delivery"]
        case .git: names = ["X-Martlet-Delivery"]
        }
        for name in names {
            if let value = headers[name], isID(value) { return value }
        }
        var digest = SHA256()
        digest.update(data: Array((headers["X-Gitlab-Event-UUID"] ?? "").utf8))
        digest.update(data: [0])
        digest.update(data: body)
        return OwnDeliveryID.body.id(Hexadecimal.text(digest.finalize()))
    }

    private static func isID(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= ForgeLimits.deliveryIDBytes
            && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "/") }
            && !OwnDeliveryID.isOwn(text)
    }
}
