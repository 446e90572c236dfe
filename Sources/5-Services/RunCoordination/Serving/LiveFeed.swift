// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData
internal import Synchronization

/// What happens on a server, for those who watch now. Nothing is kept for later but a few of the last words of each run: who
/// comes back after a short break goes on where it was, who comes late looks at the journal.
package final class LiveFeed: Sendable {
    package enum Topic: Hashable, Sendable {
        /// Runs that begin, wait, end.
        case overview
        /// Everything of one run but its logs' lines.
        case run(RunID)
    }

    /// Something that happened; `number` grows within a topic.
    package struct News: Hashable, Sendable {
        package var number: Int
        package var data: DataObject

        package var type: String { data["type"]?.string ?? "" }
    }

    /// What a subscriber gets.
    package enum Item: Hashable, Sendable {
        case news(News)
        /// Something was missed: what is shown has to be read anew.
        case reset
        /// Nothing happened; the connection is to be seen to live.
        case beat
        /// The run is over, and nothing more comes. Items that stop without it are to be asked for again.
        case end
    }

    /// What the follower of a log gets. Of several only the last one may be told: after each there may be something to read.
    package enum LogSign: Hashable, Sendable {
        case grew
        /// The connection is to be seen to live.
        case beat
    }

    private struct Channel: Sendable {
        var last = 0
        var recent: [News] = []
        var subscribers: [Int: AsyncStream<Item>.Continuation] = [:]
    }

    private struct State: Sendable {
        var channels: [Topic: Channel] = [:]
        var logs: [LogPlace: [Int: AsyncStream<LogSign>.Continuation]] = [:]
        var nextSubscriber = 0
        var isEnding = false
    }

    private let state = Mutex(State())
    /// News of one topic that are given again.
    private static let keptNews = 256
    /// What a slow subscriber may have before it; past it it has to read anew.
    private static let bufferedItems = 1_024

    package init() {}

    // MARK: saying

    package func publish(_ data: DataObject, on topics: Topic...) {
        // Ended outside of the lock: each end comes back to ``leave(_:_:)``.
        var slow: [AsyncStream<Item>.Continuation] = []
        state.withLock { state in
            for topic in topics {
                var channel = state.channels[topic] ?? Channel()
                channel.last += 1
                let news = News(number: channel.last, data: data)
                channel.recent.append(news)
                if channel.recent.count > Self.keptNews { channel.recent.removeFirst(Self.keptNews / 2) }
                for (id, subscriber) in channel.subscribers {
                    if case .dropped = subscriber.yield(.news(news)) {
                        slow.append(subscriber)
                        channel.subscribers[id] = nil
                    }
                }
                state.channels[topic] = channel
            }
        }
        // It comes back with the number of the last one it saw.
        for subscriber in slow { subscriber.finish() }
    }

    /// A run is over: its last words are kept no longer once nobody listens.
    package func close(_ run: RunID) {
        let channel = state.withLock { $0.channels.removeValue(forKey: .run(run)) }
        for subscriber in channel?.subscribers.values ?? [:].values {
            subscriber.yield(.end)
            subscriber.finish()
        }
    }

    /// The server ends: nobody is kept waiting for more. Those who follow come back to the next one.
    package func end() {
        let (items, signals) = state.withLock { state in
            state.isEnding = true
            defer { (state.channels, state.logs) = ([:], [:]) }
            return (state.channels.values.flatMap(\.subscribers.values), state.logs.values.flatMap(\.values))
        }
        for subscriber in items { subscriber.finish() }
        for follower in signals { follower.finish() }
    }

    /// A log has more lines, or its end.
    package func grew(_ place: LogPlace) {
        state.withLock { state in
            for subscriber in (state.logs[place] ?? [:]).values { subscriber.yield(.grew) }
        }
    }

    /// To be called now and then: who follows writes a sign of life, and finds out whether anybody reads it.
    package func beat() {
        state.withLock { state in
            for channel in state.channels.values {
                for subscriber in channel.subscribers.values { subscriber.yield(.beat) }
            }
            for followers in state.logs.values { for follower in followers.values { follower.yield(.beat) } }
        }
    }

    // MARK: listening

    /// - Parameter after: the number of the last news that was seen; `nil`: only what comes.
    package func subscribe(to topic: Topic, after: Int? = nil) -> AsyncStream<Item> {
        let (stream, continuation) = AsyncStream<Item>.makeStream(
            bufferingPolicy: .bufferingOldest(Self.bufferedItems))
        let id = state.withLock { state -> Int? in
            guard !state.isEnding else { return nil }
            state.nextSubscriber += 1
            let id = state.nextSubscriber
            var channel = state.channels[topic] ?? Channel()
            if let after {
                let first = channel.recent.first?.number ?? channel.last + 1
                if after > channel.last || after < first - 1 {
                    continuation.yield(.reset)
                } else {
                    for news in channel.recent where news.number > after { continuation.yield(.news(news)) }
                }
            }
            channel.subscribers[id] = continuation
            state.channels[topic] = channel
            return id
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.leave(topic, id) }
        return stream
    }

    /// Something to read whenever the log has grown; several times may be told as one.
    package func follow(_ place: LogPlace) -> AsyncStream<LogSign> {
        let (stream, continuation) = AsyncStream<LogSign>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state -> Int? in
            guard !state.isEnding else { return nil }
            state.nextSubscriber += 1
            state.logs[place, default: [:]][state.nextSubscriber] = continuation
            return state.nextSubscriber
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.leave(place, id) }
        return stream
    }

    /// For metrics: who listens.
    package var subscriberCount: Int {
        state.withLock { state in
            state.channels.values.reduce(0) { $0 + $1.subscribers.count }
                + state.logs.values.reduce(0) { $0 + $1.count }
        }
    }

    private func leave(_ topic: Topic, _ id: Int) {
        state.withLock { state in
            guard var channel = state.channels[topic] else { return }
            channel.subscribers[id] = nil
            // One of a run that was over before anybody asked: nothing was said in it.
            state.channels[topic] = channel.last == 0 && channel.subscribers.isEmpty ? nil : channel
        }
    }

    private func leave(_ place: LogPlace, _ id: Int) {
        state.withLock { state in
            state.logs[place]?[id] = nil
            if state.logs[place]?.isEmpty == true { state.logs[place] = nil }
        }
    }
}

/// A log of a run: one attempt of a step.
package struct LogPlace: Hashable, Sendable {
    package var run: RunID
    /// Of the run.
    package var attempt: Int
    package var job: JobID
    package var step: StepAttempt

    package init(run: RunID, attempt: Int, job: JobID, step: StepAttempt) {
        self.run = run
        self.attempt = attempt
        self.job = job
        self.step = step
    }
}
