// SPDX-License-Identifier: Apache-2.0

package import EventJournal
import Synchronization
package import Timekeeping

/// The journal in memory: what the simulator and fast tests run on. It keeps to the same contract as the SQLite one.
package final class MemoryJournal: Journal {
    private struct Stream {
        var events: [RecordedEvent] = []
        var summary: StreamSummary
    }

    private struct State {
        var streams: [StreamID: Stream] = [:]
        var messages: [PendingMessage] = []
        var settled: Set<Int64> = []
        var keys: Set<String> = []
        var blobs: [BlobDigest: [UInt8]] = [:]
        var lastRecordedAt = Timestamp(milliseconds: .min)
        var appendCount = 0
    }

    private let state = Mutex(State())
    private let fault: @Sendable (_ append: Int) -> JournalError?

    /// - Parameter fault: asked before the n-th append (from 1); what it answers is thrown, and nothing recorded.
    package init(fault: @escaping @Sendable (_ append: Int) -> JournalError? = { _ in nil }) {
        self.fault = fault
    }

    package func append(
        _ appends: [StreamAppend], now: Timestamp, waitsForDisk: Bool
    ) throws(JournalError) -> Timestamp {
        try JournalLimits.check(appends)
        return try locked { (state) throws(JournalError) in
            state.appendCount += 1
            if let error = fault(state.appendCount) { throw error }
            var versions: [StreamID: Int] = [:]
            var time = max(now, state.lastRecordedAt)
            for append in appends {
                let summary = state.streams[append.stream]?.summary
                if let own = append.epoch, own != summary?.epoch ?? 0 {
                    throw .fenced(append.stream, epoch: own, current: summary?.epoch ?? 0)
                }
                let version = versions[append.stream] ?? summary?.version ?? 0
                guard version == append.expectedVersion else {
                    throw .conflict(append.stream, expected: append.expectedVersion, actual: version)
                }
                versions[append.stream] = version + append.events.count
                time = max(time, summary?.lastRecordedAt ?? time)
            }
            for append in appends { Self.record(append, at: time, &state) }
            state.lastRecordedAt = time
            return time
        }
    }

    private static func record(_ append: StreamAppend, at time: Timestamp, _ state: inout State) {
        // Taken out while it changes, so that the array of events is not copied.
        var stream = state.streams.removeValue(forKey: append.stream) ?? fresh(append.stream)
        for event in append.events {
            stream.summary.version += 1
            stream.summary.lastType = event.type
            stream.events.append(RecordedEvent(sequence: stream.summary.version, recordedAt: time, event: event))
        }
        if !append.events.isEmpty { stream.summary.lastRecordedAt = time }
        switch append.wakeUp {
        case .unchanged: break
        case .none: stream.summary.wakeUp = nil
        case .at(let moment): stream.summary.wakeUp = moment
        }
        state.streams[append.stream] = stream
        for message in append.outbox where state.keys.insert(message.key).inserted {
            let number = Int64(state.keys.count)
            state.messages.append(PendingMessage(number: number, stream: append.stream, message: message))
        }
    }

    private static func fresh(_ stream: StreamID) -> Stream {
        Stream(summary: StreamSummary(stream: stream, version: 0, lastType: "", lastRecordedAt: .beforeAll))
    }

    package func events(
        of stream: StreamID, from sequence: Int, limit: Int
    ) throws(JournalError) -> [RecordedEvent] {
        try locked { state in Array((state.streams[stream]?.events ?? []).dropFirst(max(0, sequence - 1)).prefix(limit))
        }
    }

    package func summary(of stream: StreamID) throws(JournalError) -> StreamSummary? {
        try locked { state in state.streams[stream]?.summary }
    }

    package func streams(prefix: String, after: StreamID?, limit: Int) throws(JournalError) -> [StreamSummary] {
        try locked { state in
            let found = state.streams.values.map(\.summary).filter { summary in
                guard summary.stream.text.utf8.starts(with: prefix.utf8) else { return false }
                return after.map { $0 < summary.stream } ?? true
            }
            return Array(found.sorted { $0.stream < $1.stream }.prefix(limit))
        }
    }

    package func dueStreams(at now: Timestamp, limit: Int) throws(JournalError) -> [StreamSummary] {
        try locked { state in
            let due = state.streams.values.map(\.summary).compactMap { summary in
                summary.wakeUp.flatMap { $0 <= now ? ($0, summary) : nil }
            }
            return due.sorted { ($0.0, $0.1.stream) < ($1.0, $1.1.stream) }.prefix(limit).map(\.1)
        }
    }

    package func nextWakeUp() throws(JournalError) -> Timestamp? {
        try locked { state in state.streams.values.compactMap(\.summary.wakeUp).min() }
    }

    package func claim(_ streams: [StreamID], owner: String) throws(JournalError) -> [Int] {
        for stream in streams { try JournalLimits.check(stream) }
        return try locked { state in
            streams.map { stream in
                var claimed = state.streams[stream] ?? Self.fresh(stream)
                claimed.summary.epoch += 1
                claimed.summary.owner = owner
                state.streams[stream] = claimed
                return claimed.summary.epoch
            }
        }
    }

    package func pendingMessages(limit: Int) throws(JournalError) -> [PendingMessage] {
        try locked { state in Array(state.messages.filter { !state.settled.contains($0.number) }.prefix(limit)) }
    }

    package func settleMessages(_ numbers: [Int64]) throws(JournalError) {
        try locked { state in state.settled.formUnion(numbers) }
    }

    package func storeBlob(_ bytes: [UInt8]) throws(JournalError) -> BlobDigest {
        guard bytes.count <= JournalLimits.blobBytes else {
            throw .limit("A blob has \(bytes.count) bytes; \(JournalLimits.blobBytes) are allowed.")
        }
        let digest = BlobDigest(of: bytes)
        try locked { state in state.blobs[digest] = bytes }
        return digest
    }

    package func blob(_ digest: BlobDigest) throws(JournalError) -> [UInt8] {
        guard let bytes = try locked({ state in state.blobs[digest] }) else {
            throw .blobDamaged(digest: digest.description, detail: "is not there")
        }
        return bytes
    }

    private func locked<Value: Sendable>(
        _ body: (inout State) throws(JournalError) -> Value
    ) throws(JournalError) -> Value {
        let result: Result<Value, JournalError> = state.withLock { state in
            do throws(JournalError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
