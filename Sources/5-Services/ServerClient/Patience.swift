// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages

/// How often something is asked again, and what is waited between. Each wait is twice the one before; a server that says how long
/// to wait is believed.
package struct Patience: Hashable, Sendable {
    /// Asking again, beside the first time.
    package var repeats: Int
    package var firstWaitMs: Int
    package var longestWaitMs: Int

    package init(repeats: Int, firstWaitMs: Int, longestWaitMs: Int) {
        self.repeats = repeats
        self.firstWaitMs = firstWaitMs
        self.longestWaitMs = longestWaitMs
    }

    /// Of a question that somebody waits for: some four seconds.
    package static let question = Patience(repeats: 4, firstWaitMs: 250, longestWaitMs: 4_000)
    /// Of what is followed, perhaps for hours: a server that begins anew is waited for, some two minutes.
    package static let following = Patience(repeats: 20, firstWaitMs: 250, longestWaitMs: 8_000)

    /// Of something that the server is doing already: some five minutes.
    package static let done = Patience(repeats: 60, firstWaitMs: 1_000, longestWaitMs: 5_000)

    /// - Parameter index: from 0.
    func waitMs(before index: Int, said: Int?) -> Int {
        let own = index >= 16 ? longestWaitMs : min(longestWaitMs, firstWaitMs << index)
        return said.map { min(max($0, own), Self.believedWaitMs) } ?? own
    }

    /// Nobody waits longer because a server says so.
    private static let believedWaitMs = 60_000

    /// Whether the same question may be answered a little later: the server, or what stands before it, is not there now.
    static func isPassing(status: Int) -> Bool { [429, 502, 503, 504].contains(status) }

    /// Milliseconds; `nil` where the server does not say, or names a date.
    static func said(_ headers: HTTPHeaders) -> Int? {
        headers["Retry-After"].flatMap { Int($0) }.flatMap { (0...3_600).contains($0) ? $0 * 1_000 : nil }
    }
}
