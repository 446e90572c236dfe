// SPDX-License-Identifier: Apache-2.0

/// What a job may ask of its services. Past each of them a request is refused; nothing is cut silently.
package struct ServiceLimits: Hashable, Sendable {
    /// Of one cache or artifact: GitHub's limit of a repository's caches.
    package var entryBytes: UInt64 = 10 << 30
    /// Blocks of one upload: Azure's limit.
    package var blockCount = 50_000
    /// A body that is read as a whole: JSON, or the longest list of blocks.
    package var messageBytes = 8 << 20
    /// All headers of one request and its first line.
    package var headerBytes = 32 << 10
    package var connectionCount = 256
    /// Uploads of all jobs that are begun and neither finished nor dropped. With v3 every file of an artifact is one.
    package var openUploadCount = 4096
    /// Keys of one look-up: the toolkit's limit.
    package var keyCount = 10
    /// Characters of one key: the toolkit's limit.
    package var keyLength = 512
    /// How long a signed address of a blob is good.
    package var addressSeconds: Int64 = 3600
    /// A connection on which nothing happens for so long is closed.
    package var idleSeconds: Int64 = 600
    /// Longest life of a job's token, and of a reservation of a cache key: the longest job.
    package var jobSeconds: Int64 = 6 * 3600

    package init() {}
}
