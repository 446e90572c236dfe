// SPDX-License-Identifier: Apache-2.0

/// The language between a server and its runners. A server understands the version of its own runners and the one before.
package enum RunnerProtocolVersion {
    package static let current = 1
    package static let oldest = 1
    /// The header of every request of a runner.
    package static let header = "Martlet-Runner-Protocol"

    package static func isSpoken(_ version: Int) -> Bool { (oldest...current).contains(version) }
}

/// What server and runner both count on.
package enum RunnerLimits {
    /// A runner that was not heard of for so long has lost its jobs, in milliseconds; a server may be set to less.
    package static let leaseMs: Int64 = 15_000
    package static let shortestLeaseMs: Int64 = 2_000
    /// How long a poll waits for something to do; shorter than what proxies allow.
    package static let pollMs: Int64 = 3_500

    /// A runner that has had no answer for so long ends its steps by itself: before the lease can be another's.
    package static func silenceMs(ofLease leaseMs: Int64) -> Int64 { leaseMs * 11 / 15 }

    /// How long a poll may wait, so that a runner is heard of several times within a lease.
    package static func pollMs(ofLease leaseMs: Int64) -> Int64 { min(pollMs, leaseMs * 7 / 30) }

    package static let nameBytes = 100
    package static let labelCount = 50
    package static let labelBytes = 100
    package static let capacity = 1_000
    /// Log bytes in one message of progress.
    package static let logChunkBytes = 1 << 20
    /// A message of progress with all its parts.
    package static let progressBytes = 4 << 20
    package static let partsPerProgress = 1_000
}
