// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
internal import HTTPMessages
internal import NotificationRules
internal import Notifications
internal import RunCoordination
internal import Timekeeping

/// One attempt, and what follows from it.
extension DeliveryDesk {
    /// - Returns: when it is to be tried again; `nil`: never.
    func attempt(_ place: DeliveryPlace) async throws(DiagnosticError) -> Timestamp? {
        guard let delivery = try shelf.delivery(place), case .due = delivery.state.status else { return nil }
        guard let hook = surroundings.directory().hooks[place.hook] else {
            let reason = "Its hook was removed."
            return try record(
                [.deliveryGivenUp(id: place.id, reason: reason, at: surroundings.now())], nil, of: delivery)
        }
        guard hook.state != .paused else { return surroundings.now() + AnnouncementLimits.pausedHookWait }
        let health = try health(of: hook)
        let ending = DeliveryRules.beforeSending(delivery.state, endpoint: health, now: surroundings.now())
        guard ending.isEmpty else { return try record(ending, nil, of: delivery) }
        let (attempt, exchange) = await exchange(delivery, hook)
        // What others of the same hook came to meanwhile is known by now.
        let events = DeliveryRules.decide(
            attempt, of: delivery.state, endpoint: try self.health(of: hook), now: surroundings.now())
        let next = try record(events, exchange, of: delivery)
        surroundings.counted("hook", Self.outcome(events))
        for event in events {
            guard case .endpointDisabled(_, let reason, _) = event else { continue }
            surroundings.report(
                DiagnosticError(
                    .hookSwitchedOff, "The hook to \(hook.settings.url.cut(200)) was switched off. \(reason)",
                    remedy: "Mend the endpoint, and switch the hook on again."))
            try await surroundings.switchOff(hook.id, reason)
            await OwnerWord(surroundings).say(hook, reason)
        }
        return next
    }

    private static func outcome(_ events: [DeliveryEvent]) -> String {
        for event in events {
            switch event {
            case .deliverySucceeded: return "delivered"
            case .deliveryPostponed: return "retried"
            default: break
            }
        }
        return "given_up"
    }

    /// What the journal has of the endpoint, and what the directory says of the hook since.
    private func health(of hook: OutgoingHook) throws(DiagnosticError) -> EndpointHealth {
        var known = try known(hook.id)
        if known.health.disabled != nil, hook.state == .active {
            // Somebody switched it on again.
            let event = DeliveryEvent.endpointEnabled(
                endpoint: hook.id.description, by: "the hook's settings", at: surroundings.now())
            let append = StreamAppend(
                DeliveryShelf.endpoint(hook.id), expectedVersion: known.version,
                events: [DeliveryShelf.recorded(event)])
            let now = surroundings.now()
            _ = try surroundings.store.recorded { (journal) throws(JournalError) in
                try journal.append(append, now: now)
            }
            known.health.apply(event)
            known.version += 1
        }
        healths[hook.id] = known
        var health = known.health
        if hook.state == .failing, health.disabled == nil {
            health.disabled = hook.stateReason ?? "It is switched off."
        }
        return health
    }

    private func known(_ hook: EntryID) throws(DiagnosticError) -> (health: EndpointHealth, version: Int) {
        if let known = healths[hook] { return known }
        return try shelf.health(of: hook)
    }

    // MARK: over the wire

    private func exchange(
        _ delivery: OutgoingDelivery, _ hook: OutgoingHook
    ) async -> (DeliveryAttempt, DeliveryExchange) {
        let begin = ContinuousClock.now
        var call = HTTPCall("POST", hook.settings.url)
        let result: Result<HTTPAnswer, any Error>
        var problem: String?
        do throws(DiagnosticError) {
            call = try request(delivery, hook)
            result = .success(try await calls.send(call))
        } catch {
            problem = error.diagnostic.message.cut(NoticeLimits.sentenceBytes)
            result = .failure(error)
        }
        let duration = Int(begin.duration(to: .now) / .milliseconds(1))
        let now = surroundings.now()
        let exchange = DeliveryExchange(call, result, problem: problem, durationMs: duration, at: now)
        if case .success(let answer) = result {
            return (WebhookCall.attempt(answer, durationMs: duration, now: now), exchange)
        }
        return (DeliveryAttempt(problem: problem ?? "There was no answer.", durationMs: duration), exchange)
    }

    private func request(_ delivery: OutgoingDelivery, _ hook: OutgoingHook) throws(DiagnosticError) -> HTTPCall {
        // One a line: while a secret is replaced the old one stands behind the new one, and both sign.
        let text = try surroundings.secret(hook.settings.secretReference)
        var secrets: [WebhookSecret] = []
        for line in text.split(whereSeparator: \.isWhitespace) { secrets.append(try WebhookSecret(String(line))) }
        guard !secrets.isEmpty else {
            throw DiagnosticError(
                .webhookSecretInvalid, "The hook has no secret to sign with.", remedy: "Set its secret anew.")
        }
        return WebhookCall.request(
            url: hook.settings.url, id: delivery.state.id, body: try shelf.body(of: delivery), secrets: secrets,
            now: surroundings.now())
    }

    // MARK: recording

    /// - Returns: when the delivery is to be tried again.
    @discardableResult
    func record(
        _ events: [DeliveryEvent], _ exchange: DeliveryExchange?, of delivery: OutgoingDelivery
    ) throws(DiagnosticError) -> Timestamp? {
        var own = StreamAppend(
            DeliveryPlace(hook: delivery.hook, id: delivery.state.id).stream, expectedVersion: delivery.version,
            events: exchange.map { [DeliveryShelf.recorded($0)] } ?? [])
        var state = delivery.state
        var known = try known(delivery.hook)
        var others = StreamAppend(
            DeliveryShelf.endpoint(delivery.hook), expectedVersion: known.version, events: [])
        for event in events {
            if event.isOfEndpoint {
                others.events.append(DeliveryShelf.recorded(event))
                known.health.apply(event)
                known.version += 1
            } else {
                own.events.append(DeliveryShelf.recorded(event))
                state.apply(event)
            }
        }
        var next: Timestamp?
        if case .due(let time) = state.status { next = time }
        own.wakeUp = next.map { .at($0) } ?? WakeUp.none
        let appends = others.events.isEmpty ? [own] : [own, others]
        let now = surroundings.now()
        _ = try surroundings.store.recorded { (journal) throws(JournalError) in try journal.append(appends, now: now) }
        healths[delivery.hook] = known
        return next
    }

    /// Sends a delivery that is over once more, with all attempts from the first.
    ///
    /// - Parameter name: who asks.
    /// - Throws: ``DiagnosticCode/outgoingMissing``, ``DiagnosticCode/redeliveryRefused``.
    package func redeliver(_ id: String, of hook: EntryID, by name: String) throws(DiagnosticError) {
        let (delivery, events) = try redelivery(id, of: hook, by: name)
        due[DeliveryPlace(hook: hook, id: id)] = try record(events, nil, of: delivery)
        tick()
    }

    /// Whether a delivery can be sent once more; nothing is recorded.
    package func checkRedelivery(_ id: String, of hook: EntryID) throws(DiagnosticError) {
        _ = try redelivery(id, of: hook, by: "")
    }

    private func redelivery(
        _ id: String, of hook: EntryID, by name: String
    ) throws(DiagnosticError) -> (OutgoingDelivery, [DeliveryEvent]) {
        let place = DeliveryPlace(hook: hook, id: id)
        guard DeliveryID.isGood(id), let delivery = try shelf.delivery(place),
            let settings = surroundings.directory().hooks[hook]
        else { throw Self.missing(id) }
        let health = try health(of: settings)
        let events = DeliveryRules.redeliver(
            delivery.state, endpoint: health, by: name.cut(NoticeLimits.nameBytes), now: surroundings.now())
        guard !events.isEmpty else {
            let isOff = health.disabled != nil
            throw DiagnosticError(
                .redeliveryRefused,
                isOff ? "The hook is switched off: \(health.disabled ?? "")" : "The delivery waits to be sent anyway.",
                remedy: isOff ? "Switch the hook on first." : "Wait for its next attempt.")
        }
        return (delivery, events)
    }
}

extension DeliveryEvent {
    /// Of the endpoint, not of the delivery.
    var isOfEndpoint: Bool {
        switch self {
        case .endpointFailing, .endpointRecovered, .endpointDisabled, .endpointEnabled: true
        default: false
        }
    }
}
