// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// One look-up of a cache and why it ended as it did.
package struct CacheLookup: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// The entry's key is the one that was asked for first.
        case exact(CacheEntry)
        /// The entry's key begins with, or is, the key of that number; 0 is the first one.
        case prefix(CacheEntry, keyNumber: Int)
        case missed(Miss)
    }

    /// Why nothing was found; with the entry that came nearest.
    package enum Miss: Hashable, Sendable {
        /// There is no cache that begins with any key, in any version or scope; the nearest shares some characters.
        case noSuchKey(nearest: CacheEntry?)
        /// It was saved with other paths or another compression.
        case otherVersion(CacheEntry)
        /// It was saved by a ref whose caches this one cannot see.
        case otherScope(CacheEntry)
    }

    package var run: String
    package var job: String
    package var step: String?
    /// In the order in which they were tried.
    package var keys: [String]
    package var version: String
    package var scopes: [String]
    package var time: Timestamp
    package var outcome: Outcome

    package init(
        run: String, job: String, step: String?, keys: [String], version: String, scopes: [String], time: Timestamp,
        outcome: Outcome
    ) {
        self.run = run
        self.job = job
        self.step = step
        self.keys = keys
        self.version = version
        self.scopes = scopes
        self.time = time
        self.outcome = outcome
    }

    package var entry: CacheEntry? {
        switch outcome {
        case .exact(let entry), .prefix(let entry, _): entry
        case .missed: nil
        }
    }
}

/// GitHub's order: in the first scope each key in turn, whole before prefix, the newest of a prefix; then the next
/// scope. https://docs.github.com/actions/reference/workflows-and-actions/dependency-caching#cache-key-matching
package struct CacheMatching {
    package var keys: [String]
    package var version: String
    package var scopes: [String]

    package init(keys: [String], version: String, scopes: [String]) {
        self.keys = keys
        self.version = version
        self.scopes = scopes
    }

    /// - Parameter entries: those of the version, at least.
    package func find(in entries: [CacheEntry]) -> CacheLookup.Outcome? {
        for scope in scopes {
            let own = entries.filter { $0.scope == scope && $0.version == version }
            for (number, key) in keys.enumerated() {
                if let entry = own.first(where: { $0.key == key }) {
                    return number == 0 ? .exact(entry) : .prefix(entry, keyNumber: number)
                }
                let begun = own.filter { Self.begins($0.key, with: key) }
                if let entry = begun.max(by: { ($0.created, $0.id) < ($1.created, $1.id) }) {
                    return .prefix(entry, keyNumber: number)
                }
            }
        }
        return nil
    }

    /// - Parameter entries: of every version.
    package func explainMiss(in entries: [CacheEntry]) -> CacheLookup.Miss {
        let begun = entries.filter { entry in keys.contains { Self.begins(entry.key, with: $0) } }
        func newest(_ candidates: [CacheEntry]) -> CacheEntry? { candidates.max { $0.created < $1.created } }
        if let entry = newest(begun.filter { $0.version == version }) { return .otherScope(entry) }
        if let entry = newest(begun.filter { scopes.contains($0.scope) }) { return .otherVersion(entry) }
        if let entry = newest(begun) { return .otherVersion(entry) }
        let wanted = Array((keys.first ?? "").utf8)
        let near = entries.map { (entry: $0, shared: Self.sharedLength(Array($0.key.utf8), wanted)) }
            .filter { $0.shared > 0 }
        let nearest = near.max { ($0.shared, $0.entry.created) < ($1.shared, $1.entry.created) }
        return .noSuchKey(nearest: nearest?.entry)
    }

    /// By bytes: a letter and the letter with an accent after it are not the same beginning.
    private static func begins(_ text: String, with prefix: String) -> Bool {
        text.utf8.starts(with: prefix.utf8)
    }

    private static func sharedLength(_ left: [UInt8], _ right: [UInt8]) -> Int {
        zip(left, right).prefix { $0 == $1 }.count
    }
}
