// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import RunCoordination
internal import RunIndex
package import Timekeeping

/// Copies everything of a server that cannot be made again, while it runs: the journal as it is at one moment, then the
/// files that it speaks of. Files only grow or are replaced whole, and nothing is removed meanwhile, so what the journal
/// says of them is there. Caches, snapshots of workspaces and what a runner is at are not in it.
package struct ServerBackup {
    package struct Request: Sendable {
        /// The server's folder.
        package var folder: String
        /// A folder that is made, or a file: by its end `.tar`, `.tar.gz` or `.tar.zst`.
        package var target: String
        /// The key that opens the secrets goes with them.
        package var includesMasterKey = false
        package var version = ""

        package init(folder: String, target: String) {
            self.folder = folder
            self.target = target
        }
    }

    private let request: Request
    private let root: String
    private let now: @Sendable () -> Timestamp

    /// Single files and folders of the server's folder; of each what is there.
    private static let files = [
        "key", "last-run", "installation", "ticket-keys", "runner/runner.json", "cleaned",
    ]
    private static let folders = ["vault", "variables", "references", "services", "journal.sqlite.blobs"]
    private static let masterKeys = ["master-key", "master-key.new"]
    private static let archives = [".tar", ".tar.gz", ".tar.zst"]
    /// Nobody wants a folder of such a name.
    private static let otherArchives = [
        ".zip", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz", ".7z", ".rar", ".gz", ".zst", ".xz", ".bz2",
    ]
    /// How long housekeeping is waited for.
    private static let lockSeconds: Int64 = 600
    private static let archiveSeconds = 6 * 3_600
    private static let runBytes = 64

    package init(_ request: Request, now: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.request = request
        root = Files.realPath(request.folder) ?? request.folder
        self.now = now
    }

    /// - Throws: ``DiagnosticCode/backupRefused``, and what cannot be read or written.
    package func run() throws(DiagnosticError) -> BackupManifest {
        do throws(DiagnosticError) {
            try RunStore.checkJournal(of: root, database: nil)
        } catch  where error.diagnostic.code == .journalElsewhere {
            throw DiagnosticError(
                .backupRefused, error.diagnostic.message,
                remedy: "Copy the database with its own tools (`pg_dump --format=custom`), and then this folder.")
        }
        guard Files.isFile(root + "/journal.sqlite") else {
            throw DiagnosticError(
                .backupRefused, "There is no server in '\(request.folder)': it has no journal.",
                remedy: "Give the server's folder with --data.")
        }
        if let ending = Self.otherArchives.first(where: { request.target.lowercased().hasSuffix($0) }), !isArchive {
            throw DiagnosticError(
                .backupRefused, "A backup is not packed as \(ending).",
                remedy: "Give a name with .tar, .tar.gz or .tar.zst at its end, or one without an ending for a folder.")
        }
        guard Files.facts(request.target, followingLinks: false) == nil else {
            throw DiagnosticError(
                .backupRefused, "'\(request.target)' is there already.", remedy: "Choose a name that is free.")
        }
        guard !(request.target + "/").hasPrefix(root + "/") else {
            throw DiagnosticError(
                .backupRefused, "'\(request.target)' is in the server's own folder.",
                remedy: "Choose a place on another disk.")
        }
        let draft = request.target + ".part"
        try Trees.remove(draft)
        do throws(DiagnosticError) {
            let manifest = try fill(draft)
            try finish(draft)
            return manifest
        } catch {
            try? Trees.remove(draft)
            throw error
        }
    }

    private var isArchive: Bool { Self.archives.contains { request.target.hasSuffix($0) } }

    private func finish(_ draft: String) throws(DiagnosticError) {
        // Whoever hears that it is done may cut the power.
        _ = try HelperCommand("sync", ["-f", draft]).run()
        guard isArchive else { return try Files.rename(draft, to: request.target) }
        var tar = HelperCommand("tar", ["--create", "--auto-compress", "--file", request.target, "-C", draft, "."])
        tar.patience = .seconds(Self.archiveSeconds)
        let outcome = try tar.run()
        guard outcome.succeeded else {
            try? Files.remove(request.target)
            throw DiagnosticError(
                .backupRefused, "The backup could not be packed: \(outcome.errorText)",
                remedy: "Give a folder instead of a file, and pack it yourself.")
        }
        try Files.setMode(0o600, of: request.target)
        _ = try HelperCommand("sync", ["-f", request.target]).run()
        try Trees.remove(draft)
    }

    // MARK: copying

    private func fill(_ draft: String) throws(DiagnosticError) -> BackupManifest {
        let lock = try HousekeepingLock.wait(root, seconds: Self.lockSeconds)
        defer { withExtendedLifetime(lock) {} }
        try Trees.make(draft, mode: 0o700)
        var copy = try BackupCopy(from: root, to: draft)
        // Runs that are made from now on are not in it: the journal's copy may not know them.
        let last = try lastRun()
        let createdAt = now()
        try copy.database("journal.sqlite") { (source, target) throws(DiagnosticError) in
            do throws(JournalError) {
                try SQLiteJournal.copy(source, to: target)
            } catch {
                throw DiagnosticError(error.diagnostic)
            }
        }
        try copy.database("index.sqlite", RunLists.copy)
        for file in Self.files { try copy.file(file) }
        if request.includesMasterKey { for file in Self.masterKeys { try copy.file(file) } }
        for folder in Self.folders { try copy.tree(folder) }
        try copyProjects(&copy)
        try copyRuns(upTo: last, &copy)
        var manifest = BackupManifest(
            createdAt: createdAt, root: root, version: request.version, hasMasterKey: request.includesMasterKey)
        manifest.fileCount = copy.fileCount
        manifest.sizeBytes = copy.sizeBytes
        try manifest.write(to: draft)
        return manifest
    }

    private func lastRun() throws(DiagnosticError) -> Int {
        let text = try Files.readIfPresent(root + "/last-run", limit: Self.runBytes)
        return text.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
    }

    private func copyRuns(upTo last: Int, _ copy: inout BackupCopy) throws(DiagnosticError) {
        guard Files.isDirectory(root + "/runs") else { return }
        for entry in try Trees.list(root + "/runs") {
            guard let run = RunID(entry.name), run.number <= last else { continue }
            try copy.tree("runs/\(entry.name)", except: ["lock"])
        }
    }

    /// Mirrors: their names first, then what they name, which is only added to.
    private func copyProjects(_ copy: inout BackupCopy) throws(DiagnosticError) {
        guard Files.isDirectory(root + "/projects") else { return }
        for project in try Trees.list(root + "/projects") where project.kind == .directory {
            let folder = "projects/\(project.name)"
            try copy.file(folder + "/refs.json")
            let mirror = folder + "/mirror.git"
            guard Files.isDirectory("\(root)/\(mirror)") else { continue }
            try copy.tree(mirror, except: ["objects"])
            try copy.tree(mirror + "/objects")
        }
    }
}

/// Whoever removes things, and whoever copies them, holds it.
enum HousekeepingLock {
    private static func path(_ root: String) -> String { root + "/housekeeping.lock" }

    static func wait(_ root: String, seconds: Int64) throws(DiagnosticError) -> FileLock {
        try FileLock.waiting(path: path(root), until: .now() + .seconds(seconds))
    }

    /// `nil`: somebody has it.
    static func take(_ root: String) -> FileLock? { try? FileLock(path: path(root)) }
}
