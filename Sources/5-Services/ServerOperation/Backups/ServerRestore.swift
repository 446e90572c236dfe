// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import RunCoordination
internal import StructuredData
package import Timekeeping

/// Makes a server's folder from a backup. The folder is there whole or not at all.
package struct ServerRestore {
    package struct Request: Sendable {
        /// A folder or a file that ``ServerBackup`` made.
        package var source: String
        package var folder: String
        /// The key that opens the secrets, where it is not in the backup.
        package var keyPath: String?

        package init(source: String, folder: String) {
            self.source = source
            self.folder = folder
        }
    }

    package struct Report: Sendable {
        package var manifest: BackupManifest
        /// Sentences about what is not there, and what is to be done about it.
        package var missing: [String] = []
    }

    private let request: Request

    private static let shownFaults = 20
    private static let unpackSeconds = 6 * 3_600
    private static let keyBytes = 4_096
    private static let digestDigits = 64

    package init(_ request: Request) { self.request = request }

    /// - Throws: ``DiagnosticCode/restoreRefused``, ``DiagnosticCode/backupUnreadable``,
    ///   ``DiagnosticCode/backupDamaged``.
    package func run(now: Timestamp = .now()) throws(DiagnosticError) -> Report {
        try checkTarget()
        let draft = request.folder + ".restoring"
        try Trees.remove(draft)
        do throws(DiagnosticError) {
            let report = try fill(draft)
            // An empty folder gives way.
            if Files.isDirectory(request.folder) { Trees.removeEmpty(request.folder) }
            _ = try HelperCommand("sync", ["-f", draft]).run()
            try Files.rename(draft, to: request.folder)
            return report
        } catch {
            try? Trees.remove(draft)
            throw error
        }
    }

    private func checkTarget() throws(DiagnosticError) {
        guard Files.facts(request.folder, followingLinks: false) != nil else {
            return try Trees.make(Files.directory(of: request.folder), mode: 0o755)
        }
        guard Files.isDirectory(request.folder), Trees.isEmpty(request.folder) else {
            throw DiagnosticError(
                .restoreRefused, "'\(request.folder)' is not empty; nothing was changed.",
                remedy: "Move it away, or restore to another folder: what is there is never written over.")
        }
    }

    private func fill(_ draft: String) throws(DiagnosticError) -> Report {
        try Trees.make(draft, mode: 0o700)
        let unpacked = draft + "/unpacked"
        let source: String
        if Files.isDirectory(request.source) { source = request.source } else { source = try unpack(to: unpacked) }
        let manifest = try BackupManifest(folder: source)
        try take(from: source, to: draft)
        try Trees.remove(unpacked)
        var report = Report(manifest: manifest)
        try placeKey(in: draft, &report)
        let home = Files.realPath(Files.directory(of: request.folder)) ?? Files.directory(of: request.folder)
        let name = request.folder.split(separator: "/").last.map(String.init) ?? ""
        try RunStore.move(from: manifest.root, to: "\(home)/\(name)", in: draft)
        try RestoredMark(backupAt: manifest.createdAt).write(to: draft)
        report.missing.append(
            "Caches and snapshots of workspaces are not in a backup: they are made again. Jobs that a runner had are "
                + "queued again where no step had begun, and have failed where one had.")
        return report
    }

    private func unpack(to folder: String) throws(DiagnosticError) -> String {
        guard Files.isFile(request.source) else {
            throw DiagnosticError(
                .backupUnreadable, "'\(request.source)' is not there.",
                remedy: "Give the folder or the file that `martlet server backup` made.")
        }
        try Trees.make(folder, mode: 0o700)
        var tar = HelperCommand(
            "tar", ["--extract", "--no-same-owner", "--file", request.source, "-C", folder])
        tar.patience = .seconds(Self.unpackSeconds)
        let outcome = try tar.run()
        guard outcome.succeeded else {
            throw DiagnosticError(
                .backupUnreadable, "'\(request.source)' cannot be unpacked: \(outcome.errorText)",
                remedy: "It may be cut off: compare its size with the original.")
        }
        return folder
    }

    /// Copies each file that the list names, and compares its bytes with its digest there.
    private func take(from source: String, to draft: String) throws(DiagnosticError) {
        var faults: [String] = []
        var count = 0
        try BackupList.read("\(source)/\(BackupManifest.sums)") { (digest, path) throws(DiagnosticError) in
            count += 1
            let name = path.dropFirst(BackupManifest.data.count + 1)
            guard path.hasPrefix(BackupManifest.data + "/"), BackupList.isInside(String(name)) else {
                faults.append("\(path): leads out of the backup")
                return
            }
            guard Files.facts("\(source)/\(path)", followingLinks: false)?.kind == .file else {
                faults.append("\(path): missing")
                return
            }
            let target = "\(draft)/\(name)"
            if name.contains("/") { try Trees.make(Files.directory(of: target), mode: 0o700) }
            let copied = try FileCopy.copy("\(source)/\(path)", to: target)
            if copied.digest != digest { faults.append("\(path): changed since the backup was made") }
        }
        let expected = try BackupManifest(folder: source).fileCount
        if count != expected {
            faults.append("\(BackupManifest.sums): names \(count) files, and \(expected) were copied")
        }
        guard faults.isEmpty else {
            let shown = faults.prefix(Self.shownFaults).joined(separator: "; ")
            let more = faults.count > Self.shownFaults ? "; and \(faults.count - Self.shownFaults) more" : ""
            throw DiagnosticError(
                .backupDamaged, "The backup is not whole; nothing was restored. \(shown)\(more).",
                remedy: "Copy it anew from where it is kept, or take an older one.")
        }
    }

    private func placeKey(in draft: String, _ report: inout Report) throws(DiagnosticError) {
        if let path = request.keyPath {
            try Files.write(try Files.read(path, limit: Self.keyBytes), to: draft + "/master-key", mode: 0o600)
        }
        guard !Files.isFile(draft + "/master-key"), ServerVaults.hasSecrets(draft) else { return }
        report.missing.append(
            "The key that opens the secrets is not in the backup. Copy it to '\(request.folder)/master-key', or start "
                + "the server with --key-file or MARTLET_KEY: without it the server does not start.")
    }
}

/// The list of a backup's files.
enum BackupList {
    private static let limitBytes = 1 << 30
    private static let digestDigits = 64

    static func read(
        _ path: String, _ body: (_ digest: String, _ path: String) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        let text = try Files.read(path, limit: limitBytes)
        for line in text.split(separator: 0x0A) {
            guard line.count > digestDigits + 2 else {
                throw DiagnosticError(
                    .backupDamaged, "The list '\(path)' has a line that cannot be read; nothing was restored.",
                    remedy: "Copy the backup anew from where it is kept, or take an older one.")
            }
            let digest = String(decoding: line.prefix(digestDigits), as: UTF8.self)
            try body(digest, String(decoding: line.dropFirst(digestDigits + 2), as: UTF8.self))
        }
    }

    /// Whether a path stays below the folder that it is added to.
    static func isInside(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !parts.isEmpty && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." } && !path.contains("\0")
    }
}
