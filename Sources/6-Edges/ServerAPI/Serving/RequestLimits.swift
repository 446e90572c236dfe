// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Credentials
internal import Synchronization
internal import Timekeeping

/// How much one caller may ask.
final class RequestLimits: Sendable {
    /// Of an address at the doors that need no credential: signing in, the first link, registering a runner.
    static let ofAddress = 60

    private let callers: Mutex<RateLimiter<Principal>>
    /// Of an address whose requests show no credential: pages before signing in, status pages, badges, refused requests.
    static let ofStranger = 600

    private let addresses = Mutex(RateLimiter<String>(burst: ofAddress, perMinute: ofAddress))
    private let strangers = Mutex(RateLimiter<String>(burst: ofStranger, perMinute: ofStranger))

    /// - Parameter ofCaller: of a token or an account, a minute and at once.
    init(ofCaller: Int) {
        callers = Mutex(RateLimiter<Principal>(burst: ofCaller, perMinute: ofCaller))
    }

    /// - Returns: after how many milliseconds to ask again; `nil`: go on.
    func wait(caller: Principal, now: Timestamp) -> Int64? {
        switch caller {
        // Runners bound themselves: they wait for each answer.
        case .anonymous, .runner: nil
        case .account, .token: Self.wait(callers.withLock { $0.take(caller, now: now) })
        }
    }

    func wait(network: String, now: Timestamp) -> Int64? {
        Self.wait(addresses.withLock { $0.take(network, now: now) })
    }

    func wait(stranger network: String, now: Timestamp) -> Int64? {
        Self.wait(strangers.withLock { $0.take(network, now: now) })
    }

    /// The request was none of a stranger's.
    func giveBack(stranger network: String) { strangers.withLock { $0.giveBack(network) } }

    private static func wait(_ verdict: RateLimiter<Principal>.Verdict) -> Int64? {
        if case .refused(let wait) = verdict { return wait }
        return nil
    }

    private static func wait(_ verdict: RateLimiter<String>.Verdict) -> Int64? {
        if case .refused(let wait) = verdict { return wait }
        return nil
    }
}
