// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
package import NotificationRules
internal import RunCoordination
internal import StructuredData
package import Timekeeping

/// A delivery to a hook, as the journal has it.
package struct OutgoingDelivery: Sendable {
    package var hook: EntryID
    package var state: DeliveryState
    package var createdAt: Timestamp
    /// The last ones, the newest last.
    package var exchanges: [DeliveryExchange] = []
    var body: Body
    /// How many events its stream has.
    var version: Int

    enum Body: Sendable {
        case inline(String)
        case blob(BlobDigest)
    }
}

/// A delivery's place in the journal.
struct DeliveryPlace: Hashable, Sendable {
    var hook: EntryID
    var id: String

    static let prefix = "outgoing/"

    var stream: StreamID { StreamID("\(Self.prefix)\(hook)/\(id)") }

    init(hook: EntryID, id: String) {
        self.hook = hook
        self.id = id
    }

    init?(_ stream: StreamID) {
        let parts = stream.text.split(separator: "/")
        guard stream.text.hasPrefix(Self.prefix), parts.count == 3, let hook = EntryID(String(parts[1])) else {
            return nil
        }
        self.init(hook: hook, id: String(parts[2]))
    }
}

/// The streams of deliveries: `outgoing/<hook>/<id>`, one each; and `endpoint/<hook>`, of how the endpoint answers.
struct DeliveryShelf: Sendable {
    let store: RunStore

    /// The types of what is beside ``DeliveryEvent``s.
    private static let written = "outgoingWritten"
    private static let exchanged = "outgoingExchanged"

    static let endpointPrefix = "endpoint/"

    static func endpoint(_ hook: EntryID) -> StreamID { StreamID("\(endpointPrefix)\(hook)") }

    // MARK: writing

    /// What makes a delivery; its body is on the disk before.
    func creation(
        _ place: DeliveryPlace, type: String, body: [UInt8], at time: Timestamp
    ) throws(DiagnosticError) -> StreamAppend {
        let content: DataValue
        if body.count <= AnnouncementLimits.inlineBodyBytes {
            content = ["body": .string(String(decoding: body, as: UTF8.self))]
        } else {
            let digest = try store.recorded { (journal) throws(JournalError) in try journal.storeBlob(body) }
            content = ["blob": .string(digest.hex)]
        }
        let created = DeliveryEvent.deliveryCreated(
            id: place.id, endpoint: place.hook.description, type: type, seed: DeliveryID.seed(place.id), at: time)
        var append = StreamAppend(
            place.stream, expectedVersion: 0,
            events: [
                NewEvent(type: Self.written, payload: Array(content.jsonText().utf8)), Self.recorded(created),
            ])
        append.wakeUp = .at(time)
        return append
    }

    static func recorded(_ event: DeliveryEvent) -> NewEvent {
        NewEvent(type: event.typeName, version: event.version, payload: Array(event.payload.jsonText().utf8))
    }

    static func recorded(_ exchange: DeliveryExchange) -> NewEvent {
        NewEvent(type: exchanged, payload: Array(exchange.data.jsonText().utf8))
    }

    // MARK: reading

    /// - Returns: `nil` where there is none.
    func delivery(_ place: DeliveryPlace) throws(DiagnosticError) -> OutgoingDelivery? {
        let stream = place.stream
        let recorded = try store.recorded { (journal) throws(JournalError) in try journal.events(of: stream) }
        guard let first = recorded.first else { return nil }
        var events: [DeliveryEvent] = []
        var exchanges: [DeliveryExchange] = []
        var body: OutgoingDelivery.Body?
        for entry in recorded {
            let payload = (try? DataValue(json: entry.event.payload)) ?? .null
            switch entry.event.type {
            case Self.written:
                if let digest = payload["blob"]?.string.flatMap({ BlobDigest(hex: $0) }) {
                    body = .blob(digest)
                } else {
                    body = .inline(payload["body"]?.string ?? "")
                }
            case Self.exchanged: if let exchange = try? DeliveryExchange(data: payload) { exchanges.append(exchange) }
            default:
                events.append(
                    try DeliveryEvent(
                        typeName: entry.event.type, version: entry.event.version, payload: payload))
            }
        }
        guard let state = DeliveryState(events), let body else {
            throw DiagnosticError(
                .outgoingUnreadable, "The delivery '\(place.id)' has no beginning in the journal.",
                remedy: "The journal was written by something else or is damaged; run `martlet doctor`.")
        }
        return OutgoingDelivery(
            hook: place.hook, state: state, createdAt: first.recordedAt,
            exchanges: exchanges.suffix(DeliveryState.keptAttempts), body: body, version: recorded.count)
    }

    func body(of delivery: OutgoingDelivery) throws(DiagnosticError) -> [UInt8] {
        switch delivery.body {
        case .inline(let text): return Array(text.utf8)
        case .blob(let digest):
            return try store.recorded { (journal) throws(JournalError) in try journal.blob(digest) }
        }
    }

    /// How a hook's endpoint answers, and how many events its stream has.
    func health(of hook: EntryID) throws(DiagnosticError) -> (health: EndpointHealth, version: Int) {
        let stream = Self.endpoint(hook)
        let recorded = try store.recorded { (journal) throws(JournalError) in try journal.events(of: stream) }
        var health = EndpointHealth(endpoint: hook.description)
        for entry in recorded {
            let payload = (try? DataValue(json: entry.event.payload)) ?? .null
            health.apply(
                try DeliveryEvent(typeName: entry.event.type, version: entry.event.version, payload: payload))
        }
        // The beginning may have gone.
        return (health, recorded.last?.sequence ?? 0)
    }

    /// Deliveries of a hook, the newest first.
    ///
    /// - Parameter after: the last one of the page before.
    func page(of hook: EntryID, after: String?, limit: Int) throws(DiagnosticError) -> [OutgoingDelivery] {
        let last = after.map { DeliveryPlace(hook: hook, id: $0).stream }
        let streams = try store.recorded { (journal) throws(JournalError) in
            try journal.streams(prefix: "\(DeliveryPlace.prefix)\(hook)/", after: last, limit: limit)
        }
        var found: [OutgoingDelivery] = []
        for summary in streams {
            if let place = DeliveryPlace(summary.stream), let delivery = try delivery(place) { found.append(delivery) }
        }
        return found
    }

    /// All that wait to be sent, and when.
    func waiting() throws(DiagnosticError) -> [DeliveryPlace: Timestamp] {
        let due = try store.recorded { (journal) throws(JournalError) in
            try journal.dueStreams(at: Timestamp(milliseconds: .max), limit: Int(Int32.max))
        }
        var found: [DeliveryPlace: Timestamp] = [:]
        for summary in due {
            if let place = DeliveryPlace(summary.stream), let time = summary.wakeUp { found[place] = time }
        }
        return found
    }
}
