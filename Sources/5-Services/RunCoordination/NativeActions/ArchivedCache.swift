// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import RuntimeServices
internal import ZipArchives

/// A cache that the unmodified action saved: an archive, unpacked as the toolkit does it.
struct ArchivedCache {
    var shelf: any BlobShelf
    var entry: CacheEntry

    private static let patience = Duration.seconds(3600)

    /// - Returns: `false` where the archive is lost or damaged.
    func take(
        _ folders: StepFolders, lookupOnly: Bool, _ report: inout NativeReport
    ) throws(DiagnosticError) -> Bool {
        let reader: any BlobReader
        do throws(DiagnosticError) {
            reader = try shelf.open(entry.blob)
        } catch  where error.diagnostic.code == .blobUnreadable {
            // That the bytes cannot be had just now is another thing: the cache stays.
            return false
        }
        if lookupOnly { return true }
        let magic = try BlobCopy.beginning(reader, count: 2)
        let path = folders.temporary + "/martlet-cache-\(entry.id)"
        defer { try? Files.remove(path) }
        guard try BlobCopy.copy(reader, entry.blob, to: path) else { return false }
        var tar = HelperCommand("tar", ["-x", "-f", path, "-P", "-C", folders.workspace])
        tar.arguments += magic == [0x1f, 0x8b] ? ["-z"] : ["--use-compress-program", "unzstd --long=30"]
        tar.patience = Self.patience
        let outcome = try tar.run()
        guard outcome.succeeded else {
            throw DiagnosticError(
                .zipUnreadable, "The archive of the cache '\(entry.key)' cannot be unpacked: \(outcome.errorText)",
                remedy: "Install tar and zstd, or remove the cache and save it anew.")
        }
        report.line("Unpacked an archive that the unmodified action saved: \(entry.blob.sizeBytes) B")
        return true
    }
}
