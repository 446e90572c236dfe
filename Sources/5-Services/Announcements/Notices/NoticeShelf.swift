// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import EventJournal
internal import NotificationRules
internal import RunCoordination
internal import StructuredData
internal import Timekeeping

/// The streams `notices/<project>`: what was told to whom, and what waits to be.
struct NoticeShelf: Sendable {
    /// A project's ledger, and how many events its stream has.
    struct Page: Sendable {
        var ledger = NoticeLedger()
        var version = 0
    }

    let store: RunStore
    static let prefix = "notices/"

    private static func stream(_ project: EntryID) -> StreamID { StreamID("\(prefix)\(project)") }

    func page(of project: EntryID) throws(DiagnosticError) -> Page {
        let stream = Self.stream(project)
        let recorded = try store.recorded { (journal) throws(JournalError) in try journal.events(of: stream) }
        var page = Page()
        for entry in recorded {
            let payload = (try? DataValue(json: entry.event.payload)) ?? .null
            page.ledger.apply(
                try NoticeEvent(typeName: entry.event.type, version: entry.event.version, payload: payload))
        }
        // The beginning may have gone.
        page.version = recorded.last?.sequence ?? 0
        return page
    }

    func append(
        _ events: [NoticeEvent], to page: inout Page, of project: EntryID, now: Timestamp
    ) throws(DiagnosticError) {
        guard !events.isEmpty else { return }
        var ledger = page.ledger
        for event in events { ledger.apply(event) }
        var append = StreamAppend(
            Self.stream(project), expectedVersion: page.version,
            events: events.map {
                NewEvent(type: $0.typeName, version: $0.version, payload: Array($0.payload.jsonText().utf8))
            })
        append.wakeUp = ledger.wakeUp.map { .at($0) } ?? WakeUp.none
        let recorded = append
        _ = try store.recorded { (journal) throws(JournalError) in try journal.append(recorded, now: now) }
        page = Page(ledger: ledger, version: page.version + events.count)
    }

    /// Projects in which something waits to be told.
    func waiting() throws(DiagnosticError) -> [EntryID] {
        let due = try store.recorded { (journal) throws(JournalError) in
            try journal.dueStreams(at: Timestamp(milliseconds: .max), limit: Int(Int32.max))
        }
        return due.filter { $0.stream.text.hasPrefix(Self.prefix) }
            .compactMap { EntryID(String($0.stream.text.dropFirst(Self.prefix.count))) }
    }
}
