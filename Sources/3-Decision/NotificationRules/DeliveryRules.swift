// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Decides what follows from an attempt to deliver. Pure; the caller sends, and records the events.
package enum DeliveryRules {
    /// What follows from an attempt: it is recorded, and then delivered, tried again later, or given up. The events are
    /// of the delivery and of its endpoint; where one is `endpointDisabled`, its owner is to be told.
    package static func decide(
        _ attempt: DeliveryAttempt, of delivery: DeliveryState, endpoint: EndpointHealth, now: Timestamp
    ) -> [DeliveryEvent] {
        guard case .due = delivery.status else { return [] }
        var events: [DeliveryEvent] = [.deliveryAttempted(id: delivery.id, attempt: attempt, at: now)]
        if let status = attempt.status, (200...299).contains(status) {
            events.append(.deliverySucceeded(id: delivery.id, at: now))
            if endpoint.failingSince != nil {
                events.append(.endpointRecovered(endpoint: endpoint.endpoint, at: now))
            }
            return events
        }
        if let reason = reasonToDisable(attempt, endpoint, now) {
            events.append(.deliveryGivenUp(id: delivery.id, reason: reason, at: now))
            if endpoint.disabled == nil {
                events.append(.endpointDisabled(endpoint: endpoint.endpoint, reason: reason, at: now))
            }
            return events
        }
        if endpoint.failingSince == nil {
            events.append(.endpointFailing(endpoint: endpoint.endpoint, since: now))
        }
        if let next = DeliverySchedule.delay(before: delivery.attemptCount + 2, seed: delivery.seed) {
            let asked = min(attempt.retryAfter ?? .seconds(0), DeliverySchedule.longestWait)
            events.append(.deliveryPostponed(id: delivery.id, until: now + max(next, asked)))
        } else {
            let reason = "It failed \(delivery.attemptCount + 1) times. \(attempt.text)"
            events.append(.deliveryGivenUp(id: delivery.id, reason: reason, at: now))
        }
        return events
    }

    /// What to do with a delivery whose time has come, before anything is sent: nothing, or to give it up.
    package static func beforeSending(
        _ delivery: DeliveryState, endpoint: EndpointHealth, now: Timestamp
    ) -> [DeliveryEvent] {
        guard case .due = delivery.status, let reason = endpoint.disabled else { return [] }
        return [.deliveryGivenUp(id: delivery.id, reason: "Its endpoint is disabled: \(reason)", at: now)]
    }

    /// A person wants it sent once more. Nothing where it waits to be sent anyway, or its endpoint is disabled.
    package static func redeliver(
        _ delivery: DeliveryState, endpoint: EndpointHealth, by person: String, now: Timestamp
    ) -> [DeliveryEvent] {
        if case .due = delivery.status { return [] }
        guard endpoint.disabled == nil else { return [] }
        return [.redeliveryRequested(id: delivery.id, by: person, at: now)]
    }

    private static func reasonToDisable(
        _ attempt: DeliveryAttempt, _ endpoint: EndpointHealth, _ now: Timestamp
    ) -> String? {
        if attempt.status == 410 { return "It answered that it is gone (410)." }
        guard let since = endpoint.failingSince, now - since >= DeliverySchedule.endpointPatience else { return nil }
        return "Nothing could be delivered to it since \(since). \(attempt.text)"
    }
}
