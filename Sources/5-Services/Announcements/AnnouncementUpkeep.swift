// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import NotificationRules
package import RunCoordination
internal import StructuredData
package import Timekeeping

/// Takes the beginnings of streams away that are old and count no more: what was told to people, and how endpoints answered.
package struct AnnouncementUpkeep: Sendable {
    private let store: RunStore

    package init(store: RunStore) { self.store = store }

    private static let pageSize = 500

    /// - Parameter time: what was recorded before it is old.
    package func trim(before time: Timestamp) throws(DiagnosticError) {
        try each(NoticeShelf.prefix) { (stream) throws(DiagnosticError) in
            try trim(stream, before: time, NoticeLedger(), { $0.counts(as: $1) }) {
                (ledger, entry, payload) throws(DiagnosticError) in
                ledger.apply(
                    try NoticeEvent(typeName: entry.event.type, version: entry.event.version, payload: payload))
            }
        }
        try each(DeliveryShelf.endpointPrefix) { (stream) throws(DiagnosticError) in
            let hook = String(stream.text.dropFirst(DeliveryShelf.endpointPrefix.count))
            try trim(stream, before: time, EndpointHealth(endpoint: hook), ==) {
                (health, entry, payload) throws(DiagnosticError) in
                health.apply(
                    try DeliveryEvent(typeName: entry.event.type, version: entry.event.version, payload: payload))
            }
        }
    }

    private func each(
        _ prefix: String, _ body: (StreamID) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        var after: StreamID?
        while true {
            let page = try store.recorded { (journal) throws(JournalError) in
                try journal.streams(prefix: prefix, after: after, limit: Self.pageSize)
            }
            for summary in page { try body(summary.stream) }
            guard page.count == Self.pageSize else { return }
            after = page.last?.stream
        }
    }

    /// Takes as much of what is old away as leaves the same state.
    private func trim<State>(
        _ stream: StreamID, before time: Timestamp, _ empty: State, _ isSame: (State, State) -> Bool,
        _ apply: (inout State, RecordedEvent, DataValue) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        let events = try store.recorded { (journal) throws(JournalError) in try journal.events(of: stream) }
        func state(from start: Int) throws(DiagnosticError) -> State {
            var state = empty
            for entry in events[start...] {
                try apply(&state, entry, (try? DataValue(json: entry.event.payload)) ?? .null)
            }
            return state
        }
        let old = events.firstIndex { $0.recordedAt >= time } ?? events.count
        let whole = try state(from: 0)
        // A shorter beginning leaves more that counts.
        var (count, kept) = (old, 1)
        while count > 0, try !isSame(state(from: count), whole) {
            count = max(0, old - kept)
            kept *= 2
        }
        guard count > 0 else { return }
        let end = count < events.count ? events[count].sequence : (events.last?.sequence ?? 0) + 1
        try store.recorded { (journal) throws(JournalError) in try journal.trim(stream, before: end) }
    }
}
