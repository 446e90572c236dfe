// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// When each ref of a project was last asked of its remote: one fetch serves everything that was asked for before it began.
final class FetchedRefs: Sendable {
    /// Milliseconds since the epoch, by ref: not after the beginning of its last fetch.
    private let times = Mutex<[String: Int64]>([:])
    private static let limit = 256

    /// Whether the ref was fetched since `time`; in the same millisecond is not since.
    func has(_ ref: String, since time: Int64) -> Bool {
        times.withLock { times in times[ref].map { $0 > time } ?? false }
    }

    func note(_ ref: String, at time: Int64) {
        times.withLock { times in
            if times.count >= Self.limit { times.removeAll() }
            times[ref] = time
        }
    }
}
