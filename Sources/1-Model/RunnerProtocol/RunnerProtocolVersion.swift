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
    package static let refusalCharacters = 500
    /// Projects and labels that a runner holds back at once.
    package static let holdbacks = 1_000
    /// Jobs that a runner tells the wait of at once.
    package static let waits = 300
    package static let labelCount = 50
    package static let labelBytes = 100
    package static let capacity = 1_000
    /// Log bytes in one message of progress.
    package static let logChunkBytes = 1 << 20
    /// A message of progress with all its parts.
    package static let progressBytes = 4 << 20
    /// Of one annotation, summary or list of tests, as JSON.
    package static let outcomeBytes = 2 << 20
    package static let partsPerProgress = 1_000

    // MARK: code and files of runners on other machines

    /// Commits that a runner says it has.
    package static let haves = 256
    /// Bytes of a bundle, a blob or an upload in one message.
    package static let pieceBytes = 4 << 20
    /// Bytes of chunks in one message, without what is around them.
    package static let chunkBytesPerMessage = 4 << 20
    /// Chunks that one message asks for, or names as wanted.
    package static let partsPerMessage = 4_096
    /// A message with chunks or a piece.
    package static let framedBytes = 8 << 20
    /// A message that describes a cache or an artifact: one of the third version lists its files.
    package static let storageBytes = 64 << 20
    /// One cache or artifact.
    package static let uploadBytes = 10 << 30
    /// What a job may have uploaded without having published it, files.
    package static let openUploads = 4_096
    /// How long the server lets a runner wait for a bundle that is being made, before it is to ask again.
    package static let bundleWaitMs: Int64 = 5_000
    /// How long a runner tries to reach its server for what a step needs, in milliseconds.
    package static let patienceMs: Int64 = 600_000
}
