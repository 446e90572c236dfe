// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Announcements
internal import Credentials
package import Diagnostics
package import StructuredData
internal import Timekeeping

/// Hooks and channels: their settings in the directory, their secrets beside it.
extension Server {
    /// Adds a hook, with a secret of its own that signs what is sent.
    ///
    /// - Returns: the secret, which is not shown again.
    package func addHook(
        _ settings: HookSettings, by actor: Actor, as principal: Principal
    ) async throws(DiagnosticError) -> (hook: OutgoingHook, secret: String) {
        let secret = WebhookSecret.mint().text
        var settings = settings
        settings.secretReference = try references.keep(secret)
        do throws(DiagnosticError) {
            let events = try await directory.perform(.setHook(nil, settings), by: actor, as: principal)
            for case .hookSet(let fact) in events.map(\.fact) {
                if let hook = directory.current.hooks[fact.hook] { return (hook, secret) }
            }
        } catch {
            references.forget(settings.secretReference)
            throw error
        }
        throw DiagnosticError(.entryMissing, "The hook was removed as it was made.")
    }

    /// Gives a hook another secret. For a day the one before signs beside it, so that whoever listens has the time to learn the new
    /// one; the one before that is good for nothing any more.
    package func rotateHookSecret(
        _ hook: OutgoingHook, by actor: Actor, as principal: Principal
    ) async throws(DiagnosticError) -> String {
        let secret = WebhookSecret.mint().text
        var settings = hook.settings
        let before = try? references.text(hook.settings.secretReference)
        settings.secretReference = try references.keep(HookSecrets.text(secret, before: before))
        do throws(DiagnosticError) {
            _ = try await directory.perform(.setHook(hook.id, settings), by: actor, as: principal)
        } catch {
            references.forget(settings.secretReference)
            throw error
        }
        references.forget(hook.settings.secretReference)
        return secret
    }

    /// Adds a channel, or changes one.
    ///
    /// - Parameters:
    ///   - id: `nil`: a new one.
    ///   - address: where people are told, which is kept as a secret; `nil`: the one that it has.
    package func setChannel(
        _ id: EntryID?, _ settings: ChannelSettings, address: String?, by actor: Actor, as principal: Principal
    ) async throws(DiagnosticError) -> NotificationChannel {
        var settings = settings
        let before = id.flatMap { directory.current.channels[$0]?.settings.addressReference }
        if let address { settings.addressReference = try references.keep(address) }
        let found: EntryID?
        do throws(DiagnosticError) {
            let events = try await directory.perform(.setChannel(id, settings), by: actor, as: principal)
            found =
                events.lazy.compactMap { event -> EntryID? in
                    if case .channelSet(let fact) = event.fact { fact.channel } else { nil }
                }.first
        } catch {
            if address != nil { references.forget(settings.addressReference) }
            throw error
        }
        if address != nil, let before { references.forget(before) }
        guard let channel = (found ?? id).flatMap({ directory.current.channels[$0] }) else {
            throw DiagnosticError(.entryMissing, "The channel was removed as it was made.")
        }
        return channel
    }
}

/// What people ask of hooks and notifications beside their settings: the act is in the audit log before it is done.
extension Server {
    /// Sends a delivery that is over once more.
    package func redeliver(_ delivery: String, of hook: EntryID, by actor: Actor) async throws(DiagnosticError) {
        try await announcer.deliveries.checkRedelivery(delivery, of: hook)
        _ = try await directory.perform(.noteDelivery(hook: hook, delivery: delivery), by: actor)
        try await announcer.deliveries.redeliver(delivery, of: hook, by: directory.current.told(actor))
    }

    /// Sends a hook something to see whether it is heard.
    ///
    /// - Returns: the delivery.
    package func test(_ hook: EntryID, by actor: Actor) async throws(DiagnosticError) -> String {
        _ = try await directory.perform(.noteDelivery(hook: hook, delivery: nil), by: actor)
        return try await announcer.deliveries.test(hook, by: directory.current.told(actor))
    }

    /// Says who is told what in a project.
    ///
    /// - Parameter version: the document that is to be replaced; `nil`: whichever there is.
    package func setNotifications(
        _ object: DataObject, of project: EntryID, replacing version: Int?, by actor: Actor
    ) async throws(DiagnosticError) -> PolicyDocument {
        let book = announcer.policies
        let next = try book.checked(object, of: project, replacing: version).version
        _ = try await directory.perform(.noteNotifications(project, version: next), by: actor)
        return try book.set(object, of: project, replacing: next - 1, by: directory.current.told(actor), now: .now())
    }
}
