// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Announcements
internal import Diagnostics
internal import EventJournal
internal import RunCoordination
internal import ThreadExecution
internal import Timekeeping

/// Streams that nobody asks for any more. The audit log (`directory`) is not among them: it stays.
extension Housekeeping {
    private struct Rule {
        var prefix: String
        var life: Timestamp.Span
    }

    private static let pageSize = 100
    /// Between two pages: a lock that is let go of and taken at once is nobody else's in between.
    private static let pauseMs = 2
    /// Keys of messages to forges that are known, so that none is told twice.
    private static let messagesKept = 100_000
    /// Bytes that were stored may not be named yet.
    private static let blobSeconds = 2 * 86_400

    private var rules: [Rule] {
        let settings = parts.settings
        return [
            // Twice their life: one that was just claimed again may have an old beginning.
            Rule(prefix: "idempotency/", life: .milliseconds(2 * KeptAnswers.life.milliseconds)),
            Rule(prefix: "delivery/", life: .days(Int64(settings.webhookDays))),
            Rule(prefix: "outgoing/", life: .days(Int64(settings.outgoingDays))),
            Rule(prefix: "check/", life: .days(Int64(settings.webhookDays))),
            Rule(prefix: "origin/", life: .days(Int64(settings.traceDays))),
            Rule(prefix: "used/", life: .days(Int64(settings.traceDays))),
            Rule(prefix: "removed/", life: .days(Int64(settings.traceDays))),
        ]
    }

    /// Streams that were last written to before their time, and that want nothing more.
    func removeStreams(_ now: Timestamp, _ report: inout Report) throws(DiagnosticError) {
        for rule in rules {
            try eachPage(of: rule.prefix) { (page) throws(DiagnosticError) in
                let old = page.filter { $0.wakeUp == nil && now - $0.lastRecordedAt > rule.life }.map(\.stream)
                guard !old.isEmpty else { return }
                report.streams += try parts.store.recorded { (journal) throws(JournalError) in
                    try journal.removeStreams(old)
                }
            }
        }
        try trimLists(now)
        try trimStates(now)
        try parts.store.recorded { (journal) throws(JournalError) in
            try journal.forgetMessages(keeping: Self.messagesKept)
        }
    }

    /// Streams by their names, a page at a time, so that whoever else asks the journal has their turn.
    private func eachPage(
        of prefix: String, _ take: ([StreamSummary]) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        var after: StreamID?
        while true {
            let page = try parts.store.recorded { (journal) throws(JournalError) in
                try journal.streams(prefix: prefix, after: after, limit: Self.pageSize)
            }
            try take(page)
            guard page.count == Self.pageSize else { return }
            after = page.last?.stream
            ThreadPause.sleep(milliseconds: Self.pauseMs)
        }
    }

    /// The lists of deliveries lose the lines of those that went.
    private func trimLists(_ now: Timestamp) throws(DiagnosticError) {
        let life = Timestamp.Span.days(Int64(parts.settings.webhookDays))
        for project in parts.directory.current.projects.keys {
            let stream = StreamID("deliveries/\(project)")
            try parts.store.recorded { (journal) throws(JournalError) in
                while true {
                    let lines = try journal.events(of: stream, from: 1, limit: Self.pageSize)
                    // One that is not dealt with outlives its line: it is found by its wake-up time.
                    guard let last = lines.last(where: { now - $0.recordedAt > life }) else { return }
                    try journal.trim(stream, before: last.sequence + 1)
                    guard lines.count == Self.pageSize, last == lines.last else { return }
                }
            }
        }
    }

    /// Streams that say how something stands lose what is old and counts no more.
    private func trimStates(_ now: Timestamp) throws(DiagnosticError) {
        let settings = parts.settings
        try AnnouncementUpkeep(store: parts.store).trim(before: now + .days(-Int64(settings.outgoingDays)))
        // Of sessions that ended early it is known until they would have ended anyway.
        try trim(Sessions.stream, olderThan: SessionLimits.longest, now)
        for project in parts.directory.current.projects.keys {
            // Each event says all of it; the last one stays.
            try trim(StreamID("schedule/\(project)"), olderThan: .days(Int64(settings.webhookDays)), now)
        }
        try removeStrays()
    }

    private func trim(_ stream: StreamID, olderThan life: Timestamp.Span, _ now: Timestamp) throws(DiagnosticError) {
        try parts.store.recorded { (journal) throws(JournalError) in
            guard let summary = try journal.summary(of: stream) else { return }
            var first = 1
            while true {
                let page = try journal.events(of: stream, from: first, limit: Self.pageSize)
                let old = page.prefix { now - $0.recordedAt > life }
                guard let last = old.last else { return }
                try journal.trim(stream, before: min(last.sequence + 1, summary.version))
                guard old.count == page.count, page.count == Self.pageSize else { return }
                first = last.sequence + 1
            }
        }
    }

    /// Streams of projects and hooks that were removed.
    private func removeStrays() throws(DiagnosticError) {
        for prefix in ["schedule/", "notices/", "endpoint/"] {
            try eachPage(of: prefix) { (page) throws(DiagnosticError) in
                let directory = parts.directory.current
                let strays = page.map(\.stream).filter { stream in
                    EntryID(String(stream.text.dropFirst(prefix.count))).map { directory.isRemoved($0) } ?? false
                }
                guard !strays.isEmpty else { return }
                _ = try parts.store.recorded { (journal) throws(JournalError) in try journal.removeStreams(strays) }
            }
        }
    }

    /// Blobs that no stream names. Those of streams that went are among them.
    func removeBlobs(_ now: Timestamp, _ report: inout Report) throws(DiagnosticError) {
        let before = Int(now.milliseconds / 1_000) - Self.blobSeconds
        let old = try parts.store.recorded { (journal) throws(JournalError) in
            try journal.blobs(storedBefore: before)
        }
        guard !old.isEmpty else { return }
        var named: Set<String> = []
        for prefix in ["idempotency/", "delivery/", "outgoing/"] {
            try eachPage(of: prefix) { (page) throws(DiagnosticError) in
                for summary in page {
                    let events = try parts.store.recorded { (journal) throws(JournalError) in
                        try journal.events(of: summary.stream)
                    }
                    for event in events { named.formUnion(BlobName.names(in: event.event.payload)) }
                }
            }
        }
        for digest in old where !named.contains(digest.hex) {
            report.freedBytes += try parts.store.recorded { (journal) throws(JournalError) in
                try journal.removeBlob(digest, storedBefore: before) ?? 0
            }
        }
    }
}

/// Names of blobs in the text of an event: 64 hexadecimal digits in quotes.
enum BlobName {
    private static let digits = 64

    static func names(in payload: [UInt8]) -> Set<String> {
        guard payload.count >= digits + 2 else { return [] }
        var names: Set<String> = []
        var start: Int?
        for (place, byte) in payload.enumerated() {
            if byte == UInt8(ascii: "\"") {
                if let start, place - start == digits + 1 {
                    names.insert(String(decoding: payload[(start + 1)..<place], as: UTF8.self))
                }
                start = place
            } else if !((48...57).contains(byte) || (97...102).contains(byte)) {
                start = nil
            }
        }
        return names
    }
}
