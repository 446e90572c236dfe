// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import EventJournal
internal import RunCoordination
internal import StructuredData
internal import Timekeeping

/// When tokens were last used, in the journal: a stream each, `used/<token>/last`, with one event, which is replaced.
struct TokenUses: Sendable {
    let store: RunStore

    private static let prefix = "used/"
    private static let used = "tokenUsed"
    private static let pageSize = 500

    func load() throws(DiagnosticError) -> [EntryID: Timestamp] {
        var found: [EntryID: Timestamp] = [:]
        var after: StreamID?
        while true {
            let page = try store.recorded { (journal) throws(JournalError) in
                try journal.streams(prefix: Self.prefix, after: after, limit: Self.pageSize)
            }
            for summary in page {
                let events = try store.recorded { (journal) throws(JournalError) in
                    try journal.events(of: summary.stream, from: summary.version, limit: 1)
                }
                guard
                    let id = summary.stream.text.split(separator: "/").dropFirst().first.flatMap({ EntryID(String($0)) }
                    ),
                    let data = events.first.flatMap({ try? DataValue(json: $0.event.payload) }),
                    let at = data["at"]?.int
                else { continue }
                found[id] = Timestamp(milliseconds: Int64(at))
            }
            guard page.count == Self.pageSize else { return found }
            after = page.last?.stream
        }
    }

    func keep(_ uses: [EntryID: Timestamp], now: Timestamp) throws(DiagnosticError) {
        let all = uses.sorted { $0.key < $1.key }
        for start in stride(from: 0, to: all.count, by: JournalLimits.appendsPerTransaction) {
            let part = all[start..<min(start + JournalLimits.appendsPerTransaction, all.count)]
            let appends = part.map { id, time in
                let data: DataValue = ["at": .number(Double(time.milliseconds))]
                let event = NewEvent(type: Self.used, payload: Array(data.jsonText().utf8))
                return StreamAppend(StreamID("\(Self.prefix)\(id)/last"), expectedVersion: 0, events: [event])
            }
            let prefixes = part.map { "\(Self.prefix)\($0.key)/" }
            do throws(DiagnosticError) {
                try store.recorded { (journal) throws(JournalError) in
                    _ = try journal.removeStreams(prefixes: prefixes, recording: appends, now: now)
                }
            } catch  where error.diagnostic.code == .journalConflict {
                // Another server has just written that they were used.
            }
        }
    }
}
