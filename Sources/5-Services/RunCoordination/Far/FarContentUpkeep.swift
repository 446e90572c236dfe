// SPDX-License-Identifier: Apache-2.0

internal import ContentStore
package import Diagnostics
internal import FileAccess
package import Timekeeping

/// Copies of a server's caches and of snapshots on a runner's disk: what was not used for the longest time gives way.
package enum FarContentUpkeep {
    /// On the disk.
    private static let contentBytes: UInt64 = 20 << 30
    private static let days: Int64 = 14
    private static let daySeconds: Int64 = 86_400

    /// Blocks. What a job is about to use is leased, and stays.
    ///
    /// - Throws: where the content store cannot be read or written.
    package static func run(_ store: RunStore, now: Timestamp) throws(DiagnosticError) {
        let path = store.root + "/content"
        guard Files.isDirectory(path) else { return }
        do throws(ContentError) {
            let rules = CollectionRules(sizeLimitBytes: contentBytes, ageLimitSeconds: days * daySeconds)
            _ = try ContentFolder(path: path).collect(rules, now: Int(now.milliseconds / 1_000))
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }
}
