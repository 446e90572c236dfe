// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// The name under which a cache is saved: of two with the same, the first stays.
package struct CacheName: Hashable, Sendable {
    package var key: String
    package var version: String
    package var scope: String

    package init(key: String, version: String, scope: String) {
        self.key = key
        self.version = version
        self.scope = scope
    }
}

/// What is on the shelf: caches of all runs, artifacts by run. Several processes may use one index at once.
///
/// All calls block and throw ``DiagnosticCode/entryDamaged`` or a code of file access.
package protocol EntryIndex: Sendable {
    /// Takes the name for an upload.
    ///
    /// - Returns: `false` where there is such an entry, or another live upload of it.
    func reserve(_ name: CacheName, now: Timestamp, lifetime: Timestamp.Span) throws(DiagnosticError) -> Bool
    /// Gives the name back, after ``add(_:)-(CacheEntry)`` or instead.
    func release(_ name: CacheName)
    /// - Returns: `false` where there is an entry of that name; it stays as it is.
    func add(_ entry: CacheEntry) throws(DiagnosticError) -> Bool
    /// Of that version, or of all; in no order.
    func caches(version: String?) throws(DiagnosticError) -> [CacheEntry]
    func touch(_ entry: CacheEntry, now: Timestamp) throws(DiagnosticError)
    func remove(_ entry: CacheEntry) throws(DiagnosticError)

    /// - Parameter replacing: take the place of one of the same run and name.
    /// - Returns: `false` where there is one and it was not to be replaced.
    func add(_ artifact: ArtifactEntry, replacing: Bool) throws(DiagnosticError) -> Bool
    /// By the time they were made.
    func artifacts(ofRun run: String) throws(DiagnosticError) -> [ArtifactEntry]
    func remove(_ artifact: ArtifactEntry) throws(DiagnosticError)
}
