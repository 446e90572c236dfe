// SPDX-License-Identifier: Apache-2.0

import Credentials
import Diagnostics
import Testing
import Timekeeping

private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

@Suite("A rate limit")
struct RateLimiterTests {
    @Test("So many pass at once, then one each interval")
    func bucket() {
        var limiter = RateLimiter<String>(burst: 3, perMinute: 60)
        #expect((0..<3).map { _ in limiter.take("a", now: at(0)) } == [2, 1, 0].map { .allowed(remaining: $0) })
        #expect(limiter.take("a", now: at(0)) == .refused(retryAfterMs: 1000))
        #expect(limiter.take("a", now: at(400)) == .refused(retryAfterMs: 600))
        #expect(limiter.take("b", now: at(400)).isAllowed)
        #expect(limiter.take("a", now: at(1000)) == .allowed(remaining: 0))
        #expect(limiter.take("a", now: at(1001)) == .refused(retryAfterMs: 999))
        #expect(limiter.take("a", now: at(60_000)) == .allowed(remaining: 2))
    }

    @Test("Being refused costs nothing, and what is dear takes all or none")
    func cost() {
        var limiter = RateLimiter<Int>(burst: 10, perMinute: 60)
        #expect(limiter.take(1, cost: 8, now: at(0)) == .allowed(remaining: 2))
        #expect(limiter.take(1, cost: 3, now: at(0)) == .refused(retryAfterMs: 1000))
        #expect(limiter.take(1, cost: 2, now: at(0)) == .allowed(remaining: 0))
        #expect(limiter.take(1, cost: 0, now: at(0)).isAllowed)
        // More than a full bucket is as much as a full one: it passes in the end.
        #expect(limiter.take(1, cost: 99, now: at(10_000)).isAllowed)
    }

    @Test("A clock that goes back gives nothing away and locks nobody out")
    func clock() {
        var limiter = RateLimiter<Int>(burst: 1, perMinute: 60)
        #expect(limiter.take(1, now: at(100_000)).isAllowed)
        #expect(limiter.take(1, now: at(0)) == .refused(retryAfterMs: 1000))
        #expect(limiter.take(2, now: at(0)).isAllowed)
        #expect(limiter.take(1, now: at(101_000)).isAllowed)
    }

    @Test("A flood of new keys stays bounded, and who asks most stays known")
    func eviction() {
        var limiter = RateLimiter<Int>(burst: 100, perMinute: 1, keyLimit: 64)
        for _ in 0..<100 { #expect(limiter.take(-1, now: at(0)).isAllowed) }
        for key in 0..<10_000 {
            #expect(limiter.take(key, now: at(1)).isAllowed)
            #expect(limiter.count <= 64)
        }
        #expect(!limiter.take(-1, now: at(1)).isAllowed)
    }

    @Test("Full buckets are not kept when there is no room")
    func idle() {
        var limiter = RateLimiter<Int>(burst: 1, perMinute: 60, keyLimit: 8)
        for key in 0..<8 { _ = limiter.take(key, now: at(0)) }
        _ = limiter.take(99, now: at(5000))
        #expect(limiter.count == 1)
    }

    @Test("Odd settings and ends of time do not trap")
    func extremes() {
        var limiter = RateLimiter<Int>(burst: 0, perMinute: .max, keyLimit: 0)
        for now in [Int64.min, 0, .max] { _ = limiter.take(1, cost: .max, now: at(now)) }
        #expect(limiter.count <= 1)
    }

    /// Against a bucket that is written down the slow way.
    @Test("In any minute no more pass than the burst and the refill")
    func property() {
        var limiter = RateLimiter<Int>(burst: 5, perMinute: 30)
        var passed: [Int64] = []
        var state: UInt64 = 1
        var now: Int64 = 0
        for _ in 0..<5000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1
            now += Int64(state >> 33) % 700
            if limiter.take(0, now: at(now)).isAllowed { passed.append(now) }
        }
        for (index, start) in passed.enumerated() {
            let within = passed[index...].prefix { $0 < start + 60_000 }.count
            #expect(within <= 35)
        }
        #expect(passed.count > 100)
    }
}

@Suite("Guessing passwords is slowed")
struct LoginBackoffTests {
    private func waitMs(_ backoff: LoginBackoff, _ account: String, _ address: String, _ now: Int64) -> Int64 {
        if case .refused(let wait) = backoff.verdict(account: account, address: address, now: at(now)) {
            wait
        } else {
            0
        }
    }

    @Test("Five failures are free, then each next wait is twice as long, up to a quarter of an hour")
    func doubling() {
        var backoff = LoginBackoff()
        var waits: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<17 {
            backoff.failed(account: "ada", address: "a\(now)", now: at(now))
            let wait = waitMs(backoff, "ada", "elsewhere", now)
            waits.append(wait)
            now += wait
        }
        #expect(waits == [0, 0, 0, 0, 0] + [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900].map { $0 * 1000 })
    }

    @Test("An address that tries many accounts waits for all of them; others do not")
    func address() {
        var backoff = LoginBackoff()
        for index in 0..<21 { backoff.failed(account: "a\(index)", address: "10.0.0.1", now: at(0)) }
        #expect(waitMs(backoff, "new", "10.0.0.1", 0) == 2000)
        #expect(waitMs(backoff, "new", "10.0.0.2", 0) == 0)
        #expect(waitMs(backoff, "new", "10.0.0.1", 2000) == 0)
    }

    @Test("Signing in clears the account, not the address")
    func success() {
        var backoff = LoginBackoff()
        for _ in 0..<21 { backoff.failed(account: "Ada", address: "10.0.0.1", now: at(0)) }
        #expect(waitMs(backoff, "ADA", "10.0.0.9", 0) > 0)
        backoff.succeeded(account: "ada")
        #expect(waitMs(backoff, "ada", "10.0.0.9", 0) == 0)
        #expect(waitMs(backoff, "ada", "10.0.0.1", 0) == 2000)
    }

    @Test("A day without a failure forgets them")
    func memory() {
        var backoff = LoginBackoff()
        for _ in 0..<9 { backoff.failed(account: "ada", address: "x", now: at(0)) }
        let day: Int64 = 86_400_000
        backoff.failed(account: "ada", address: "x", now: at(day))
        #expect(waitMs(backoff, "ada", "y", day) == 0)
    }

    @Test("A flood of names stays bounded and does not clear who fails most")
    func bounded() {
        var backoff = LoginBackoff(keyLimit: 32)
        for _ in 0..<12 { backoff.failed(account: "ada", address: "x", now: at(0)) }
        for index in 0..<5000 { backoff.failed(account: "n\(index)", address: "a\(index)", now: at(1)) }
        #expect(backoff.count <= 64)
        #expect(waitMs(backoff, "ada", "x", 1) > 0)
    }

    @Test("A clock that went back does not make the wait longer than it was")
    func clock() {
        var backoff = LoginBackoff()
        for _ in 0..<6 { backoff.failed(account: "ada", address: "x", now: at(1_000_000)) }
        #expect(waitMs(backoff, "ada", "y", 0) == 2000)
    }

    @Test("Who has to wait is told how long")
    func sentence() {
        let error = #expect(throws: DiagnosticError.self) {
            try LoginBackoff.Verdict.refused(retryAfterMs: 1500).required()
        }
        #expect(error?.diagnostic.code == .tooManyAttempts)
        #expect(error?.diagnostic.remedy == "Try again in 2 s.")
        #expect(throws: Never.self) { try LoginBackoff.Verdict.allowed.required() }
    }
}
