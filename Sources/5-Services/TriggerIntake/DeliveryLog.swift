// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import EventJournal
package import PipelineModel
package import RunCoordination
internal import SourceForges
package import StructuredData
internal import Synchronization
package import Timekeeping

/// What asked for runs, recorded before it is answered, and what became of it. Calls block.
///
/// - `delivery/<project>/<id>`: one delivery. A second one of the same id is known. While it is not dealt with, the stream has a wake-up
///   time, so that a process that starts finds it.
/// - `deliveries/<project>`: an event a delivery, in their order: the list.
package final class DeliveryLog: Sendable {
    private let store: RunStore
    /// Events of `deliveries/<project>`, as far as this process knows.
    private let listed = Mutex<[String: Int]>([:])

    package init(_ store: RunStore) { self.store = store }

    /// Another process writes the project's from now on.
    func forget(_ project: String) { listed.withLock { $0[project] = nil } }

    // MARK: names

    static let kind = "delivery"

    /// The stream of a delivery.
    package static func stream(_ project: String, _ id: String) -> StreamID {
        StreamID("\(kind)/\(project)/\(short(id))")
    }

    static func list(_ project: String) -> StreamID { StreamID("deliveries/\(project)") }

    /// A long id by its digest: ids of polls hold names of branches.
    private static func short(_ id: String) -> String {
        guard id.utf8.count > TriggerLimits.idBytes else { return id }
        return OwnDeliveryID.sha256.id(Hexadecimal.text(SHA256.hash(data: Array(id.utf8))))
    }

    private func journaled<Value>(
        _ body: (any LastingJournal) throws(JournalError) -> Value
    ) throws(DiagnosticError) -> Value {
        do {
            return try body(store.journal)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    // MARK: receiving

    /// Records a delivery; it is on the disk when the call returns.
    ///
    /// - Parameter others: recorded in the same transaction.
    /// - Returns: `false` where it is known.
    package func receive(
        _ cause: TriggerCause, id: String, project: String, at now: Timestamp, with others: [StreamAppend] = []
    ) throws(DiagnosticError) -> Bool {
        let stream = Self.stream(project, id)
        let head = DeliveryHead(
            project: project, id: id, title: cause.title, ref: cause.ref, actor: cause.actor)
        if try journaled({ (journal) throws(JournalError) in try journal.summary(of: stream) })?.version ?? 0 > 0 {
            return false
        }
        let payload = try keep(Array(cause.data.jsonText().utf8), stream)
        var received = StreamAppend(
            stream, expectedVersion: 0, events: [DeliveryEvent.received(head, payload: payload).newEvent])
        received.wakeUp = .at(now)
        let line: DataObject = ["stream": .string(stream.text)]
        let listing = Self.list(project)
        var version = listed.withLock { $0[project] } ?? 0
        if version == 0 { version = try count(project) }
        while true {
            let list = StreamAppend(
                listing, expectedVersion: version,
                events: [NewEvent(type: "deliveryListed", payload: Array(line.jsonText().utf8))])
            do {
                _ = try store.journal.append([received, list] + others, now: now)
                listed.withLock { $0[project] = version + 1 }
                return true
            } catch .conflict(listing, _, let actual) where actual != version {
                version = actual
            } catch .conflict(stream, _, _) {
                return false
            } catch {
                throw DiagnosticError(error.diagnostic)
            }
        }
    }

    /// Payloads may hold what nobody else should read.
    private func keep(_ bytes: [UInt8], _ stream: StreamID) throws(DiagnosticError) -> DeliveryEvent.Payload {
        let box = try store.sealed(bytes, name: stream.text)
        guard bytes.count > TriggerLimits.inlinePayloadBytes else { return .inline(Hexadecimal.text(box)) }
        return .blob(try journaled { (journal) throws(JournalError) in try journal.storeBlob(box) }.hex)
    }

    private func count(_ project: String) throws(DiagnosticError) -> Int {
        try journaled { (journal) throws(JournalError) in try journal.summary(of: Self.list(project))?.version ?? 0 }
    }

    // MARK: what became of it

    /// The runs of a delivery began, or why there are none. Keys of runs that wait for somebody to let them begin are recorded
    /// with it.
    ///
    /// - Parameter origins: runs that it began, by ``RunRecord/origin``.
    func worked(
        _ stream: StreamID, _ notes: [DeliveryNote], origins: [(key: String, run: RunID)], at now: Timestamp
    ) throws(DiagnosticError) {
        let project = String(stream.text.split(separator: "/").dropFirst().first ?? "")
        let event = DeliveryEvent.worked(
            Array(notes.prefix(TriggerLimits.notes)), dropped: max(0, notes.count - TriggerLimits.notes))
        var appends = [try next(stream, event, wakeUp: .none)]
        var seen: Set<StreamID> = []
        for (key, run) in origins {
            let origin = RunOrigin.append(run, for: key, project: project)
            guard seen.insert(origin.stream).inserted, try self.run(of: key, project: project) == nil else { continue }
            appends.append(origin)
        }
        // A commit with more workflows than a transaction takes: what counts is that the delivery is the last.
        for start in stride(from: 1, to: appends.count, by: JournalLimits.appendsPerTransaction - 1) {
            let part = Array(appends[start..<min(start + JournalLimits.appendsPerTransaction - 1, appends.count)])
            let isLast = start + part.count == appends.count
            try append(isLast ? [appends[0]] + part : part, now)
        }
        if appends.count == 1 { try append(appends, now) }
    }

    func failed(
        _ stream: StreamID, _ diagnostic: Diagnostic, retryAt: Timestamp?, at now: Timestamp
    ) throws(DiagnosticError) {
        let wakeUp = retryAt.map { WakeUp.at($0) } ?? .none
        try append([try next(stream, .failed(diagnostic, retryAt: retryAt), wakeUp: wakeUp)], now)
    }

    func askedAgain(_ stream: StreamID, by name: String, at now: Timestamp) throws(DiagnosticError) {
        try append([try next(stream, .askedAgain(by: name), wakeUp: .at(now))], now)
    }

    private func next(
        _ stream: StreamID, _ event: DeliveryEvent, wakeUp: WakeUp
    ) throws(DiagnosticError) -> StreamAppend {
        let version = try journaled { (journal) throws(JournalError) in try journal.summary(of: stream)?.version ?? 0 }
        var append = StreamAppend(stream, expectedVersion: version, events: [event.newEvent])
        append.wakeUp = wakeUp
        return append
    }

    private func append(_ appends: [StreamAppend], _ now: Timestamp) throws(DiagnosticError) {
        _ = try journaled { (journal) throws(JournalError) in try journal.append(appends, now: now) }
    }

    /// The run that a key stands for; `nil`: none was begun for it.
    package func run(of key: String, project: String) throws(DiagnosticError) -> RunID? {
        try RunOrigin.run(of: key, project: project, in: store)
    }

    // MARK: reading

    /// Deliveries that are not dealt with, the oldest first.
    func unfinished() throws(DiagnosticError) -> [StreamID] {
        let due = try journaled { (journal) throws(JournalError) in
            try journal.dueStreams(at: Timestamp(milliseconds: .max), limit: .max)
        }
        let streams = due.filter { $0.stream.kind == Self.kind }.map(\.stream)
        var received: [(StreamID, Timestamp)] = []
        for stream in streams { received.append((stream, try delivery(stream)?.receivedAt ?? .beforeAll)) }
        return received.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
    }

    /// `nil` where there is none.
    package func delivery(_ project: String, _ id: String) throws(DiagnosticError) -> Delivery? {
        try delivery(Self.stream(project, id))
    }

    func delivery(_ stream: StreamID) throws(DiagnosticError) -> Delivery? {
        let events = try journaled { (journal) throws(JournalError) in try journal.events(of: stream) }
        var delivery: Delivery?
        for recorded in events {
            switch DeliveryEvent(recorded.event) {
            case .received(let head, _):
                delivery = Delivery(
                    project: head.project, id: head.id, title: head.title, ref: head.ref, actor: head.actor,
                    receivedAt: recorded.recordedAt)
            case .worked(let notes, let dropped):
                delivery?.state = .worked(notes, dropped: dropped)
                delivery?.attempts += 1
            case .failed(let diagnostic, let retryAt):
                delivery?.state = .failed(diagnostic, retryAt: retryAt)
                delivery?.attempts += 1
            case .askedAgain:
                delivery?.state = .waiting
                delivery?.attempts = 0
            case nil: continue
            }
        }
        return delivery
    }

    /// What the delivery is: unsealed.
    ///
    /// - Throws: ``DiagnosticCode/deliveryUnreadable``.
    func cause(_ stream: StreamID) throws(DiagnosticError) -> TriggerCause {
        let events = try journaled { (journal) throws(JournalError) in
            try journal.events(of: stream, from: 1, limit: 1)
        }
        let box: [UInt8]?
        switch events.first.flatMap({ DeliveryEvent($0.event) }) {
        case .received(_, .inline(let text)): box = Hexadecimal.bytes(text.utf8)
        case .received(_, .blob(let digest)):
            box = try BlobDigest(hex: digest).map { (digest) throws(DiagnosticError) in
                try journaled { (journal) throws(JournalError) in try journal.blob(digest) }
            }
        default: box = nil
        }
        let limits = JSONLimits(maximumBytes: 256 << 20)
        if let box, let bytes = try? store.unsealed(box, name: stream.text),
            let data = try? DataValue(json: bytes, limits: limits), let cause = try? TriggerCause(data: data)
        {
            return cause
        }
        throw DiagnosticError(
            .deliveryUnreadable, "What was kept of the delivery '\(stream)' cannot be read.",
            remedy: "It was sealed with another key, or is damaged; let the forge send it again.")
    }

    /// A page of a project's deliveries, the newest first.
    ///
    /// - Parameter before: the place of the last one of the page before; `nil`: the newest.
    /// - Returns: with each its place, from 1.
    package func page(
        _ project: String, before: Int? = nil, limit: Int = TriggerLimits.pageSize
    ) throws(DiagnosticError) -> [(place: Int, delivery: Delivery)] {
        let last = min(try count(project), (before ?? .max) - 1)
        let wanted = max(0, min(limit, TriggerLimits.pageSize, last))
        guard wanted > 0 else { return [] }
        let events = try journaled { (journal) throws(JournalError) in
            try journal.events(of: Self.list(project), from: last - wanted + 1, limit: wanted)
        }
        var page: [(place: Int, delivery: Delivery)] = []
        for event in events.reversed() {
            guard let name = (try? DataValue(json: event.event.payload))?["stream"]?.string,
                let delivery = try delivery(StreamID(name))
            else { continue }
            page.append((event.sequence, delivery))
        }
        return page
    }
}
