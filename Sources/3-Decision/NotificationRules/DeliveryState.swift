// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// One delivery: the fold of its ``DeliveryEvent``s.
package struct DeliveryState: Hashable, Sendable {
    package var id: String
    package var endpoint: String
    package var type: String
    package var seed: UInt64
    /// Attempts since it was created, or asked for once more.
    package var attemptCount = 0
    package var status: Status
    /// The last ones, the newest last.
    package var attempts: [Attempted] = []

    package enum Status: Hashable, Sendable {
        /// To be tried then.
        case due(Timestamp)
        case delivered(Timestamp)
        case givenUp(reason: String, Timestamp)
    }

    package struct Attempted: Hashable, Sendable {
        package var attempt: DeliveryAttempt
        package var at: Timestamp
    }

    /// Attempts that are kept for those who look at a delivery.
    package static let keptAttempts = 20

    /// `nil` where the first event is not its creation.
    package init?(_ events: some Sequence<DeliveryEvent>) {
        var state: DeliveryState?
        for event in events {
            if case .deliveryCreated(let id, let endpoint, let type, let seed, let time) = event, state == nil {
                state = DeliveryState(id: id, endpoint: endpoint, type: type, seed: seed, status: .due(time))
            } else {
                state?.apply(event)
            }
        }
        guard let state else { return nil }
        self = state
    }

    private init(id: String, endpoint: String, type: String, seed: UInt64, status: Status) {
        self.id = id
        self.endpoint = endpoint
        self.type = type
        self.seed = seed
        self.status = status
    }

    /// Events of other deliveries and of endpoints change nothing.
    package mutating func apply(_ event: DeliveryEvent) {
        switch event {
        case .deliveryAttempted(id, let attempt, let time):
            attemptCount += 1
            attempts.append(Attempted(attempt: attempt, at: time))
            if attempts.count > Self.keptAttempts { attempts.removeFirst() }
        case .deliveryPostponed(id, let until): status = .due(until)
        case .deliverySucceeded(id, let time): status = .delivered(time)
        case .deliveryGivenUp(id, let reason, let time): status = .givenUp(reason: reason, time)
        case .redeliveryRequested(id, _, let time):
            attemptCount = 0
            status = .due(time)
        default: break
        }
    }
}

/// Whether an endpoint answers: the fold of the events about it.
package struct EndpointHealth: Hashable, Sendable {
    package var endpoint: String
    /// Since when nothing was delivered to it.
    package var failingSince: Timestamp?
    /// Why nothing is sent to it any more.
    package var disabled: String?

    package init(endpoint: String) { self.endpoint = endpoint }

    package mutating func apply(_ event: DeliveryEvent) {
        switch event {
        case .endpointFailing(endpoint, let since): failingSince = since
        case .endpointRecovered(endpoint, _): failingSince = nil
        case .endpointDisabled(endpoint, let reason, _): disabled = reason
        case .endpointEnabled(endpoint, _, _):
            disabled = nil
            failingSince = nil
        default: break
        }
    }
}
