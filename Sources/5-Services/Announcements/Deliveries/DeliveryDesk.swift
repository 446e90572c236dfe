// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
package import NotificationRules
package import Notifications
internal import RunCoordination
internal import StructuredData
package import ThreadExecution
package import Timekeeping

/// Tells programs: each event to each hook that wants it, as a delivery of its own that is on the disk before it is sent and is tried
/// until it is taken or given up. A process that ends in the middle goes on with it at the next start.
package actor DeliveryDesk {
    let surroundings: AnnouncementSurroundings
    let shelf: DeliveryShelf
    let calls: GuardedCalls
    private let thread = SerialThread(name: "deliveries")
    /// When each that waits is to be tried.
    var due: [DeliveryPlace: Timestamp] = [:]
    private var sending: Set<DeliveryPlace> = []
    private var sendingOfHook: [EntryID: Int] = [:]
    var healths: [EntryID: (health: EndpointHealth, version: Int)] = [:]
    private var arrivals: [Arrival] = []
    private var willDrain = false
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []
    private var isStopping = false

    private struct Arrival {
        var event: WebhookEvent
        var project: EntryID?
        var time: Timestamp
        var name: (time: Timestamp, key: String)
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(_ surroundings: AnnouncementSurroundings) {
        self.surroundings = surroundings
        shelf = DeliveryShelf(store: surroundings.store)
        calls = GuardedCalls(addressGuard: surroundings.addressGuard, web: surroundings.web)
    }

    /// Goes on with what an earlier process did not finish. To be called once.
    package func start() throws(DiagnosticError) { due = try shelf.waiting() }

    /// Nothing more is sent; what waits is sent by the next process.
    package func stop() { isStopping = true }

    // MARK: telling

    /// Makes a delivery for each hook that wants the event. The same thing told twice makes none the second time.
    ///
    /// - Parameters:
    ///   - project: whose event it is; `nil`: the server's.
    ///   - time: when it happened.
    ///   - name: with the event's type it tells one event from every other, and is the same however often it is told.
    package func tell(
        _ event: WebhookEvent, of project: EntryID?, at time: Timestamp, name: (time: Timestamp, key: String)
    ) {
        guard !isStopping else { return }
        arrivals.append(Arrival(event: event, project: project, time: time, name: name))
        guard !willDrain else { return }
        willDrain = true
        // A hop: what comes meanwhile is in the same transaction.
        Task { self.drain() }
    }

    private func drain() {
        willDrain = false
        let batch = arrivals
        arrivals = []
        do throws(DiagnosticError) {
            var made: [(place: DeliveryPlace, append: StreamAppend)] = []
            for arrival in batch { made += try creations(arrival) }
            for start in stride(from: 0, to: made.count, by: JournalLimits.appendsPerTransaction) {
                try create(Array(made[start..<min(start + JournalLimits.appendsPerTransaction, made.count)]))
            }
        } catch {
            surroundings.report(error)
        }
        tick()
    }

    private func creations(_ arrival: Arrival) throws(DiagnosticError) -> [(DeliveryPlace, StreamAppend)] {
        let type = arrival.event.type
        let hooks = surroundings.directory().hooks.values.filter { hook in
            let settings = hook.settings
            return hook.state == .active && (settings.project == nil || settings.project == arrival.project)
                && (settings.events.isEmpty || settings.events.contains(type))
        }
        guard !hooks.isEmpty else { return [] }
        let body = Array(arrival.event.envelope(at: arrival.time).jsonText().utf8)
        var made: [(DeliveryPlace, StreamAppend)] = []
        for hook in hooks.sorted(by: { $0.id < $1.id }) {
            let place = DeliveryPlace(
                hook: hook.id, id: DeliveryID.make(arrival.name.time, [hook.id.description, type, arrival.name.key]))
            made.append((place, try shelf.creation(place, type: type, body: body, at: surroundings.now())))
        }
        return made
    }

    private func create(_ made: [(place: DeliveryPlace, append: StreamAppend)]) throws(DiagnosticError) {
        let now = surroundings.now()
        let known = Dictionary(made.map { ($0.place, $0.append) }, uniquingKeysWith: { first, _ in first })
        do throws(DiagnosticError) {
            let all = Array(known.values)
            _ = try surroundings.store.recorded { (journal) throws(JournalError) in try journal.append(all, now: now) }
            for place in known.keys { due[place] = now }
        } catch {
            guard error.diagnostic.code == .journalConflict else { throw error }
            // Some were told before: one by one those are found.
            guard known.count > 1 else { return }
            for (place, append) in known { try create([(place, append)]) }
        }
    }

    /// Sends a hook something to see whether it is heard, whatever events it wants.
    ///
    /// - Parameter name: who asks.
    /// - Returns: the delivery's id.
    package func test(_ hook: EntryID, by name: String) throws(DiagnosticError) -> String {
        guard surroundings.directory().hooks[hook] != nil else {
            throw DiagnosticError(.outgoingMissing, "There is no such hook.")
        }
        let now = surroundings.now()
        let unique = String(UInt64.random(in: .min ... .max), radix: 16)
        let place = DeliveryPlace(hook: hook, id: DeliveryID.make(now, [hook.description, "ping", unique]))
        let envelope: DataValue = [
            "type": "ping", "version": .number(Double(WebhookEvent.version)), "timestamp": .string(now.description),
            "data": ["hook": .string(hook.description), "by": .string(name.cut(NoticeLimits.nameBytes))],
        ]
        let append = try shelf.creation(place, type: "ping", body: Array(envelope.jsonText().utf8), at: now)
        try create([(place, append)])
        tick()
        return place.id
    }

    // MARK: by the clock

    /// Sends what is due. To be called about once a second.
    package func tick() {
        guard !isStopping else { return settleIdle() }
        let now = surroundings.now()
        let ready = due.filter { $0.value <= now && !sending.contains($0.key) }
        for (place, _) in ready.sorted(by: { ($0.value, $0.key.id) < ($1.value, $1.key.id) }) {
            guard sending.count < AnnouncementLimits.deliveriesAtOnce else { break }
            guard sendingOfHook[place.hook, default: 0] < AnnouncementLimits.deliveriesOfHookAtOnce else { continue }
            sending.insert(place)
            sendingOfHook[place.hook, default: 0] += 1
            Task { await self.send(place) }
        }
        settleIdle()
    }

    private func send(_ place: DeliveryPlace) async {
        do throws(DiagnosticError) {
            due[place] = try await attempt(place)
        } catch {
            surroundings.report(error)
            due[place] = surroundings.now() + AnnouncementLimits.pausedHookWait
        }
        sending.remove(place)
        let left = sendingOfHook[place.hook, default: 1] - 1
        sendingOfHook[place.hook] = left > 0 ? left : nil
        tick()
    }

    /// Returns once nothing is being sent and nothing is due.
    package func idle() async {
        guard isBusy else { return }
        await withCheckedContinuation { idleWaiters.append($0) }
    }

    private var isBusy: Bool { willDrain || !sending.isEmpty }

    private func settleIdle() {
        guard !isBusy else { return }
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    // MARK: looking

    package nonisolated func page(
        of hook: EntryID, after: String?, limit: Int
    ) throws(DiagnosticError) -> [OutgoingDelivery] {
        if let after, !DeliveryID.isGood(after) { throw Self.missing(after) }
        return try shelf.page(of: hook, after: after, limit: limit)
    }

    /// A delivery, and its body.
    ///
    /// - Throws: ``DiagnosticCode/outgoingMissing``.
    package nonisolated func delivery(
        _ id: String, of hook: EntryID
    ) throws(DiagnosticError) -> (delivery: OutgoingDelivery, body: [UInt8]) {
        guard DeliveryID.isGood(id), let found = try shelf.delivery(DeliveryPlace(hook: hook, id: id)) else {
            throw Self.missing(id)
        }
        return (found, try shelf.body(of: found))
    }

    static func missing(_ id: String) -> DiagnosticError {
        DiagnosticError(.outgoingMissing, "There is no delivery '\(id.cut(80))' to this hook.")
    }
}
