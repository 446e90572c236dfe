// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunCoordination
import StructuredData
import TestFolders
import Testing

@Suite("Who follows what happens now", .ownFolders)
struct LiveFeedTests {
    private let feed = LiveFeed()

    private func items(_ stream: AsyncStream<LiveFeed.Item>) async -> [LiveFeed.Item] {
        var found: [LiveFeed.Item] = []
        for await item in stream { found.append(item) }
        return found
    }

    @Test("The end of a run is told apart from the end of the server")
    func endings() async {
        let (over, going) = (feed.subscribe(to: .run(RunID(1))), feed.subscribe(to: .run(RunID(2))))
        let overview = feed.subscribe(to: .overview)
        feed.close(RunID(1))
        feed.end()
        #expect(await items(over) == [.end])
        #expect(await items(going).isEmpty)
        #expect(await items(overview).isEmpty)
    }

    @Test("Nobody waits for a server that ends: who asks now is let go at once")
    func afterTheEnd() async {
        let place = LogPlace(
            run: RunID(1), attempt: 1, job: JobID("a"), step: StepAttempt(step: StepPath(1), number: 1))
        let followed = feed.follow(place)
        feed.end()
        for await _ in followed {}
        for await _ in feed.follow(place) {}
        #expect(await items(feed.subscribe(to: .overview, after: 0)).isEmpty)
        #expect(feed.subscriberCount == 0)
    }

    @Test("Who follows a log hears that it grew, and a beat while nothing happens")
    func logSigns() async {
        let place = LogPlace(
            run: RunID(1), attempt: 1, job: JobID("a"), step: StepAttempt(step: StepPath(1), number: 1))
        var signs = feed.follow(place).makeAsyncIterator()
        feed.grew(place)
        #expect(await signs.next() == .grew)
        feed.beat()
        #expect(await signs.next() == .beat)
        // Of several the last one: after each there may be something to read.
        feed.beat()
        feed.grew(place)
        #expect(await signs.next() == .grew)
        feed.end()
        #expect(await signs.next() == nil)
    }

    @Test("One who does not read is let go without the word that the run is over")
    func slow() async {
        let stream = feed.subscribe(to: .run(RunID(1)))
        for number in 0..<2_000 { feed.publish(["type": .string("line \(number)")], on: .run(RunID(1))) }
        let found = await items(stream)
        #expect(!found.contains(.end))
        #expect(found.count < 2_000)
    }
}
