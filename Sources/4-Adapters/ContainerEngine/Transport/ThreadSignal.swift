// SPDX-License-Identifier: Apache-2.0

internal import Dispatch

/// Wakes one waiting thread. A wake-up may come without a cause: whoever waits looks again.
struct ThreadSignal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wake() { semaphore.signal() }

    /// Returns when woken, at the latest when `duration` is over; `nil`: waits for the wake-up alone.
    func wait(atMost duration: Duration?) {
        guard let duration else { return semaphore.wait() }
        let (seconds, attoseconds) = duration.components
        let whole = Int(clamping: min(max(seconds, 0), Self.longestSeconds))
        let nanoseconds = max(Int(attoseconds / 1_000_000_000), 0)
        _ = semaphore.wait(timeout: .now() + .seconds(whole) + .nanoseconds(nanoseconds + 1))
    }

    /// A year: past that the sum could overflow.
    private static let longestSeconds: Int64 = 31_536_000
}
