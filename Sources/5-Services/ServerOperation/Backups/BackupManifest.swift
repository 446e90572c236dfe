// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
package import StructuredData
package import Timekeeping

/// What a backup is: the file `backup.json` in it. Beside it lies `SHA256SUMS`, a line a file as `sha256sum` writes and
/// checks it, and `data`, the files.
package struct BackupManifest: Hashable, Sendable {
    /// When the journal was copied: the backup is of this moment.
    package var createdAt: Timestamp
    /// The folder that was copied.
    package var root: String
    /// Of the Martlet that made it.
    package var version: String
    package var fileCount: Int
    package var sizeBytes: UInt64
    /// Whether the key that opens the secrets is in it.
    package var hasMasterKey: Bool

    static let format = 1
    static let name = "backup.json"
    static let sums = "SHA256SUMS"
    static let data = "data"
    private static let limitBytes = 1 << 16

    init(createdAt: Timestamp, root: String, version: String, hasMasterKey: Bool) {
        self.createdAt = createdAt
        self.root = root
        self.version = version
        self.hasMasterKey = hasMasterKey
        fileCount = 0
        sizeBytes = 0
    }

    private var value: DataValue {
        [
            "format": .number(Double(Self.format)), "createdAt": .number(Double(createdAt.milliseconds)),
            "root": .string(root), "version": .string(version), "files": .number(Double(fileCount)),
            "bytes": .number(Double(sizeBytes)), "masterKey": .bool(hasMasterKey),
        ]
    }

    func write(to folder: String) throws(DiagnosticError) {
        try Files.replace(
            "\(folder)/\(Self.name)", with: Array((value.jsonText() + "\n").utf8), mode: 0o600, durably: true)
    }

    init(folder: String) throws(DiagnosticError) {
        let path = "\(folder)/\(Self.name)"
        guard let text = try Files.readIfPresent(path, limit: Self.limitBytes), let data = try? DataValue(json: text),
            let format = data["format"]?.int, let root = data["root"]?.string, let time = data["createdAt"]?.int
        else {
            throw DiagnosticError(
                .backupUnreadable, "'\(folder)' is no backup of a server: it has no '\(Self.name)' that can be read.",
                remedy: "Give the folder or the file that `martlet server backup` made.")
        }
        guard format == Self.format else {
            throw DiagnosticError(
                .backupUnreadable, "The backup has the format \(format); this Martlet knows \(Self.format).",
                remedy: "Use the Martlet that made it, or a newer one.")
        }
        self.init(
            createdAt: Timestamp(milliseconds: Int64(time)), root: root, version: data["version"]?.string ?? "",
            hasMasterKey: data.bool("masterKey"))
        fileCount = data["files"]?.int ?? 0
        sizeBytes = UInt64(max(0, data["bytes"]?.int ?? 0))
    }
}
