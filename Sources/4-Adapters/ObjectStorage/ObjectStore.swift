// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
package import Timekeeping

/// Objects by their keys: whole, or not there. Calls may be cancelled, and throw coded errors that name the store and the key.
package protocol ObjectStore: Sendable {
    /// What people know it by; without secrets.
    var place: String { get }
    /// Puts it in the place of one that is there.
    func put(_ bytes: [UInt8], at key: ObjectKey) async throws(DiagnosticError)
    /// Puts a file that nobody changes meanwhile, whatever its size; little of it is in memory.
    func putFile(_ path: String, at key: ObjectKey) async throws(DiagnosticError)
    /// - Parameter range: bytes that are wanted; what is behind the end is not there.
    /// - Throws: ``DiagnosticCode/objectMissing``; the pieces throw ``DiagnosticCode/objectDamaged``.
    func open(_ key: ObjectKey, range: Range<UInt64>?) async throws(DiagnosticError) -> ObjectContent
    /// `nil` where there is none.
    func facts(of key: ObjectKey) async throws(DiagnosticError) -> ObjectFacts?
    /// Objects in the order of their keys.
    ///
    /// - Parameter after: the last page's ``ObjectPage/next``.
    func list(prefix: String, after: String?, limit: Int) async throws(DiagnosticError) -> ObjectPage
    /// Those that are gone are fine.
    func remove(_ keys: [ObjectKey]) async throws(DiagnosticError)
    /// Aborts uploads that were begun before a time and never ended.
    ///
    /// - Returns: how many.
    func sweepUploads(begunBefore time: Timestamp) async throws(DiagnosticError) -> Int
    /// An address at which whoever has it may read or write one object for a while; `nil` where the store gives none.
    func link(to key: ObjectKey, _ use: LinkUse) async throws(DiagnosticError) -> ObjectLink?
    /// Whether the store refuses bytes that are not those that were announced: it puts an object with the checksum of others, and
    /// removes it where the store took it.
    func refusesOtherBytes() async throws(DiagnosticError) -> Bool
}

package struct ObjectFacts: Hashable, Sendable {
    package var key: ObjectKey
    package var sizeBytes: UInt64
    /// By the store's clock.
    package var modified: Timestamp
    /// SHA-256 in hexadecimal digits, where the store keeps it; listings say none, and of an object of parts there is none.
    package var sha256: String?

    package init(key: ObjectKey, sizeBytes: UInt64, modified: Timestamp, sha256: String? = nil) {
        self.key = key
        self.sizeBytes = sizeBytes
        self.modified = modified
        self.sha256 = sha256
    }
}

package struct ObjectPage: Hashable, Sendable {
    package var objects: [ObjectFacts]
    /// Where the next page begins; `nil`: there is none.
    package var next: String?

    package init(objects: [ObjectFacts], next: String? = nil) {
        self.objects = objects
        self.next = next
    }
}

package struct ObjectContent: Sendable {
    /// Of the pieces, which are a part of the object where a range was asked for.
    package var sizeBytes: UInt64
    package var pieces: HTTPPieces
}

/// What a link is for.
package struct LinkUse: Hashable, Sendable {
    package enum Act: Hashable, Sendable {
        /// - Parameter fileName: what a browser calls what it saves; `nil`: as the key ends.
        case get(fileName: String?)
        case put(PutTerms)
    }

    package var act: Act
    package var seconds: Int

    /// S3's limit is a week.
    package static let longestSeconds = 7 * 86_400

    package init(_ act: Act, seconds: Int) {
        self.act = act
        self.seconds = min(max(1, seconds), Self.longestSeconds)
    }
}

/// What alone may be put at a link: these bytes, once.
package struct PutTerms: Hashable, Sendable {
    package var sizeBytes: Int
    /// SHA-256 of the bytes.
    package var digest: [UInt8]

    package init(sizeBytes: Int, digest: [UInt8]) {
        self.sizeBytes = sizeBytes
        self.digest = digest
    }
}

/// An address that needs no key, and what has to be sent with the request as it was signed.
package struct ObjectLink: Hashable, Sendable {
    package var url: String
    package var headers: HTTPHeaders

    package init(url: String, headers: HTTPHeaders = []) {
        self.url = url
        self.headers = headers
    }
}

extension ObjectStore {
    /// All of an object, into memory.
    ///
    /// - Throws: ``DiagnosticCode/objectLimit`` past the limit.
    package func get(
        _ key: ObjectKey, range: Range<UInt64>? = nil, limit: Int
    ) async throws(DiagnosticError) -> [UInt8] {
        let content = try await open(key, range: range)
        guard content.sizeBytes <= UInt64(limit) else {
            throw DiagnosticError(
                .objectLimit, "The object '\(key)' in \(place) has more than the \(limit) bytes that are read of it.")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(content.sizeBytes))
        for try await piece in content.pieces { bytes += piece }
        return bytes
    }

    /// Everything below a prefix goes.
    ///
    /// - Returns: how many objects that were.
    package func removeAll(prefix: String) async throws(DiagnosticError) -> Int {
        var count = 0
        while true {
            // What was removed is not listed again: the first page is always the next one.
            let page = try await list(prefix: prefix, after: nil, limit: StorageLimits.pageObjects)
            guard !page.objects.isEmpty else { return count }
            try await remove(page.objects.map(\.key))
            count += page.objects.count
        }
    }
}

/// What one call may take.
package enum StorageLimits {
    /// S3's own, of a listing and of a removal.
    package static let pageObjects = 1_000
    /// S3's own.
    static let parts = 10_000
    static let smallestPartBytes = 16 << 20
    /// Of a part, so that one that breaks costs no more to send again: objects of 2.4 TiB.
    static let largestPartBytes = 256 << 20
    static let partsAtOnce = 3
    static let attempts = 5
    static let firstPauseMs = 200
    static let longestPauseMs = 10_000
    static let headSeconds = 30
    /// The slowest connection that is waited for.
    static let bytesPerSecond = 64 << 10
    /// Answers that are read whole: listings, errors.
    static let answerBytes = 8 << 20
    static let answerDepth = 16
}
