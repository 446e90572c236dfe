// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import NotificationRules
import StructuredData
import Testing
import Timekeeping

/// One endpoint and its deliveries, with the clock in hand.
private struct Post {
    var deliveries: [String: DeliveryState] = [:]
    var health = EndpointHealth(endpoint: "e")
    var told: [String] = []

    mutating func create(_ id: String, seed: UInt64 = 1, at now: Timestamp) throws {
        let created = DeliveryEvent.deliveryCreated(id: id, endpoint: "e", type: "run.finished", seed: seed, at: now)
        deliveries[id] = DeliveryState([try stored(created)])
    }

    private func stored(_ event: DeliveryEvent) throws -> DeliveryEvent {
        let text = event.payload.jsonText()
        let read = try DeliveryEvent(typeName: event.typeName, version: event.version, payload: DataValue(json: text))
        #expect(read == event)
        return read
    }

    private mutating func record(_ events: [DeliveryEvent]) throws {
        for event in try events.map(stored) {
            for id in deliveries.keys { deliveries[id]?.apply(event) }
            health.apply(event)
            if case .endpointDisabled(_, let reason, _) = event { told.append(reason) }
        }
    }

    mutating func attempt(_ id: String, _ attempt: DeliveryAttempt, at now: Timestamp) throws {
        let state = try #require(deliveries[id])
        try record(DeliveryRules.beforeSending(state, endpoint: health, now: now))
        guard case .due = deliveries[id]?.status else { return }
        try record(DeliveryRules.decide(attempt, of: state, endpoint: health, now: now))
    }

    mutating func redeliver(_ id: String, at now: Timestamp) throws {
        try record(DeliveryRules.redeliver(#require(deliveries[id]), endpoint: health, by: "ann", now: now))
    }

    func due(_ id: String) -> Timestamp? {
        if case .due(let time) = deliveries[id]?.status { time } else { nil }
    }
}

@Suite("Deliveries to endpoints")
struct DeliveryRulesTests {
    @Test("A delivery that fails is tried ten times over three days, each time a little later than the schedule says")
    func schedule() throws {
        var post = Post()
        try post.create("d", seed: 99, at: minute(0))
        var now = minute(0)
        let planned: [Int64] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
        for seconds in planned {
            try post.attempt("d", DeliveryAttempt(status: 500), at: now)
            let next = try #require(post.due("d"))
            let waited = (next - now).milliseconds
            #expect((seconds * 1000...seconds * 1100).contains(waited), "\(seconds) \(waited)")
            now = next
        }
        try post.attempt("d", DeliveryAttempt(problem: "There was no connection."), at: now)
        guard case .givenUp(let reason, _) = post.deliveries["d"]?.status else {
            throw DiagnosticError(.policyInvalid, "")
        }
        #expect(reason.contains("10 times"))
        #expect(post.deliveries["d"]?.attempts.count == 10)
        #expect(post.told.isEmpty)
    }

    @Test("The same seed gives the same times, another one gives others")
    func jitter() {
        let first = (1...10).map { DeliverySchedule.delay(before: $0, seed: 1) }
        #expect(first == (1...10).map { DeliverySchedule.delay(before: $0, seed: 1) })
        let spread = Set((0..<100).map { DeliverySchedule.delay(before: 4, seed: $0)?.milliseconds ?? 0 })
        #expect(spread.count > 90)
        #expect(DeliverySchedule.delay(before: 11, seed: 1) == nil)
        #expect(DeliverySchedule.delay(before: 1, seed: 1) == .seconds(0))
    }

    @Test("An answer of 2xx delivers, one of 3xx does not, and what asks for time gets it within a day")
    func answers() throws {
        var post = Post()
        for (id, status) in [("ok", 204), ("moved", 302), ("no", 404)] {
            try post.create(id, at: minute(0))
            try post.attempt(id, DeliveryAttempt(status: status), at: minute(0))
        }
        #expect(post.deliveries["ok"]?.status == .delivered(minute(0)))
        #expect(post.due("moved") != nil && post.due("no") != nil)
        try post.create("slow", at: minute(0))
        try post.attempt("slow", DeliveryAttempt(status: 429, retryAfter: .minutes(20)), at: minute(0))
        #expect(post.due("slow") == minute(20))
        try post.attempt("slow", DeliveryAttempt(status: 503, retryAfter: .days(30)), at: minute(20))
        #expect(post.due("slow") == minute(20 + 1_440))
        try post.attempt("slow", DeliveryAttempt(status: 503, retryAfter: .seconds(1)), at: minute(2_000))
        #expect(try #require(post.due("slow")) >= minute(2_030))
    }

    @Test("410 disables the endpoint at once, and what waits for it is given up")
    func gone() throws {
        var post = Post()
        try post.create("a", at: minute(0))
        try post.create("b", at: minute(0))
        try post.attempt("a", DeliveryAttempt(status: 410), at: minute(0))
        #expect(post.told.count == 1)
        #expect(post.health.disabled != nil)
        try post.attempt("b", DeliveryAttempt(status: 200), at: minute(1))
        guard case .givenUp = post.deliveries["b"]?.status else {
            Issue.record("sent to a disabled endpoint")
            return
        }
        try post.redeliver("b", at: minute(2))
        #expect(post.due("b") == nil)
    }

    @Test("An endpoint that failed for five days is disabled and its owner told once; a success in between counts anew")
    func fiveDays() throws {
        var post = Post()
        for day in 0..<12 {
            let id = "d\(day)"
            let now = minute(Int64(day) * 1_440)
            try post.create(id, at: now)
            try post.attempt(id, DeliveryAttempt(status: day == 3 ? 200 : 500), at: now)
            #expect(post.told.count == (day >= 9 ? 1 : 0), "\(day)")
        }
        #expect(post.told.first?.contains("500") == true)
    }

    @Test("What was given up or delivered can be sent once more, with all its attempts")
    func redelivery() throws {
        var post = Post()
        try post.create("d", at: minute(0))
        try post.redeliver("d", at: minute(0))
        #expect(post.deliveries["d"]?.attemptCount == 0)
        try post.attempt("d", DeliveryAttempt(status: 200), at: minute(0))
        try post.attempt("d", DeliveryAttempt(status: 500), at: minute(1))
        #expect(post.deliveries["d"]?.status == .delivered(minute(0)))
        try post.redeliver("d", at: minute(5))
        #expect(post.due("d") == minute(5))
        try post.attempt("d", DeliveryAttempt(status: 500), at: minute(5))
        #expect(post.deliveries["d"]?.attemptCount == 1)
        #expect(post.deliveries["d"]?.attempts.count == 2)
    }

    @Test("Retry-After is read as seconds or as a date")
    func retryAfter() throws {
        let now = try #require(Timestamp(iso8601: "1994-11-06T08:49:00Z"))
        #expect(RetryAfter.span("120", now: now) == .seconds(120))
        #expect(RetryAfter.span("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(37))
        #expect(RetryAfter.span("Sun, 06 Nov 1994 08:00:00 GMT", now: now) == .seconds(0))
        for text in [
            "", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "99999999999",
        ] {
            #expect(RetryAfter.span(text, now: now) == nil, "\(text)")
        }
    }
}
