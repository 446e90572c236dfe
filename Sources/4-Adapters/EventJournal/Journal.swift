// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// The record of everything that was decided: streams of events that are only ever added to.
///
/// A call returns when its change is as durable as the journal promises; a call that throws changed nothing. Calls from
/// several threads are carried out one after another.
package protocol Journal: Sendable {
    /// Records all appends in one transaction, or none.
    ///
    /// - Parameter waitsForDisk: `false`: a power cut may lose it, unless a later call that waits has returned. For what can be said
    ///   again by whoever said it.
    /// - Returns: the recorded time: `now`, or the last recorded time where the clock went back.
    func append(_ appends: [StreamAppend], now: Timestamp, waitsForDisk: Bool) throws(JournalError) -> Timestamp

    /// The events from `sequence` on (1 is the first), at most `limit` of them, in order.
    func events(of stream: StreamID, from sequence: Int, limit: Int) throws(JournalError) -> [RecordedEvent]

    /// What the journal knows of one stream; `nil` where it has never been written to.
    func summary(of stream: StreamID) throws(JournalError) -> StreamSummary?

    /// The streams whose names begin with `prefix`, by name, those after `after` only.
    func streams(prefix: String, after: StreamID?, limit: Int) throws(JournalError) -> [StreamSummary]

    /// The streams whose wake-up time has come, the earliest first.
    func dueStreams(at now: Timestamp, limit: Int) throws(JournalError) -> [StreamSummary]

    /// The earliest wake-up time of all streams.
    func nextWakeUp() throws(JournalError) -> Timestamp?

    /// Makes `owner` the only writer of each of the streams: appends with an earlier epoch are refused from now on. One
    /// transaction.
    ///
    /// - Returns: the new epochs, in order, each from 1.
    func claim(_ streams: [StreamID], owner: String) throws(JournalError) -> [Int]

    /// Messages not yet delivered, in the order in which they were recorded.
    func pendingMessages(limit: Int) throws(JournalError) -> [PendingMessage]

    /// Marks messages as delivered; their keys stay known.
    func settleMessages(_ numbers: [Int64]) throws(JournalError)

    /// Keeps bytes under their digest; the same bytes are kept once.
    func storeBlob(_ bytes: [UInt8]) throws(JournalError) -> BlobDigest

    /// - Throws: ``JournalError/blobDamaged(digest:detail:)`` where it is gone or changed.
    func blob(_ digest: BlobDigest) throws(JournalError) -> [UInt8]
}

/// A journal that is kept for years: what is not needed any more goes. Whoever removes says why in a stream that stays.
package protocol LastingJournal: Journal {
    /// Removes all streams whose names begin with one of the prefixes, and records appends, in one transaction. A stream
    /// with messages that wait to be delivered stays.
    ///
    /// - Returns: how many streams went.
    @discardableResult
    func removeStreams(
        prefixes: [String], recording appends: [StreamAppend], now: Timestamp
    ) throws(JournalError) -> Int

    /// Removes the streams of exactly these names, but those with messages that wait.
    @discardableResult
    func removeStreams(_ streams: [StreamID]) throws(JournalError) -> Int

    /// Removes the first events of a stream, up to a sequence and without it. The last event stays always: it says how many
    /// there were.
    func trim(_ stream: StreamID, before sequence: Int) throws(JournalError)

    /// Messages not yet delivered that are for one destination.
    func pendingMessages(to destination: String, limit: Int) throws(JournalError) -> [PendingMessage]

    /// Keys of messages that were delivered stay known for the newest so many.
    func forgetMessages(keeping count: Int) throws(JournalError)

    /// Blobs that were last stored before a time (seconds since 1970).
    func blobs(storedBefore time: Int) throws(JournalError) -> [BlobDigest]

    /// - Returns: the size in bytes; `nil` where it was stored again since.
    func removeBlob(_ digest: BlobDigest, storedBefore time: Int) throws(JournalError) -> UInt64?
}

extension Journal {
    package func append(_ appends: [StreamAppend], now: Timestamp) throws(JournalError) -> Timestamp {
        try append(appends, now: now, waitsForDisk: true)
    }

    /// - Returns: the new epoch, from 1.
    package func claim(_ stream: StreamID, owner: String) throws(JournalError) -> Int {
        try claim([stream], owner: owner)[0]
    }

    package func append(_ append: StreamAppend, now: Timestamp) throws(JournalError) -> Timestamp {
        try self.append([append], now: now)
    }

    package func events(of stream: StreamID) throws(JournalError) -> [RecordedEvent] {
        try events(of: stream, from: 1, limit: .max)
    }
}

/// The limits that every implementation keeps.
package enum JournalLimits {
    package static let appendsPerTransaction = 1_000
    package static let eventsPerAppend = 10_000
    package static let messagesPerAppend = 1_000
    package static let keyBytes = 512
    package static let blobBytes = 256 << 20

    /// - Throws: ``JournalError/limit(_:)`` for the first thing that is too large.
    package static func check(_ appends: [StreamAppend]) throws(JournalError) {
        guard appends.count <= appendsPerTransaction else {
            throw .limit("A transaction has \(appends.count) appends; \(appendsPerTransaction) are allowed.")
        }
        for append in appends {
            try check(append.stream)
            guard append.events.count <= eventsPerAppend, append.outbox.count <= messagesPerAppend else {
                throw .limit(
                    "An append to '\(append.stream)' has \(append.events.count) events "
                        + "and \(append.outbox.count) messages; "
                        + "\(eventsPerAppend) and \(messagesPerAppend) are allowed.")
            }
            for event in append.events {
                guard event.payload.count <= NewEvent.maximumPayloadBytes,
                    event.type.utf8.count <= NewEvent.maximumTypeBytes
                else {
                    throw .limit(
                        "The event '\(event.type.prefix(80))' of '\(append.stream)' has \(event.payload.count) bytes; "
                            + "\(NewEvent.maximumPayloadBytes) are allowed, "
                            + "and a type name of \(NewEvent.maximumTypeBytes)."
                    )
                }
            }
            for message in append.outbox
            where message.payload.count > NewEvent.maximumPayloadBytes || message.key.utf8.count > keyBytes {
                throw .limit(
                    "The message '\(message.key.prefix(80))' of '\(append.stream)' has \(message.payload.count) bytes; "
                        + "\(NewEvent.maximumPayloadBytes) are allowed, and a key of \(keyBytes).")
            }
        }
    }

    package static func check(_ stream: StreamID) throws(JournalError) {
        guard (1...StreamID.maximumBytes).contains(stream.text.utf8.count) else {
            throw .limit(
                "A stream's name has 1 to \(StreamID.maximumBytes) bytes: '\(stream.text.prefix(80))' has not.")
        }
    }
}
