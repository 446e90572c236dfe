// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess

/// The files of a backup while it is made: each is copied, and written down with its digest.
struct BackupCopy {
    private let root: String
    private let target: String
    private let sums: AppendingFile
    private(set) var fileCount = 0
    private(set) var sizeBytes: UInt64 = 0

    /// - Parameter folder: the backup's own; made before.
    init(from root: String, to folder: String) throws(DiagnosticError) {
        self.root = root
        target = "\(folder)/\(BackupManifest.data)"
        try Trees.make(target, mode: 0o700)
        sums = try AppendingFile(path: "\(folder)/\(BackupManifest.sums)")
    }

    /// One that is not there is left out.
    mutating func file(_ path: String) throws(DiagnosticError) {
        guard Files.facts("\(root)/\(path)", followingLinks: false)?.kind == .file else { return }
        if path.contains("/") { try Trees.make(Files.directory(of: "\(target)/\(path)"), mode: 0o700) }
        do throws(DiagnosticError) {
            try note(try FileCopy.copy("\(root)/\(path)", to: "\(target)/\(path)"), path)
        } catch {
            // It was a draft, and has its name by now, or was removed; then nothing that is kept needs it.
            guard Files.facts("\(root)/\(path)", followingLinks: false) == nil else { throw error }
            try Files.remove("\(target)/\(path)")
        }
    }

    /// - Parameter names: what is left out right below the folder.
    mutating func tree(_ path: String, except names: Set<String> = []) throws(DiagnosticError) {
        guard Files.isDirectory("\(root)/\(path)") else { return }
        try Trees.make("\(target)/\(path)", mode: 0o700)
        for entry in try Trees.list("\(root)/\(path)") where !names.contains(entry.name) {
            switch entry.kind {
            case .directory: try tree("\(path)/\(entry.name)")
            case .file where !entry.name.hasSuffix(".lock"): try file("\(path)/\(entry.name)")
            default: break
            }
        }
    }

    /// - Parameter copy: makes the second from the first.
    mutating func database(
        _ path: String, _ copy: (String, String) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        guard Files.isFile("\(root)/\(path)") else { return }
        try copy("\(root)/\(path)", "\(target)/\(path)")
        guard let facts = Files.facts("\(target)/\(path)"), let digest = try FileCopy.digest("\(target)/\(path)")
        else { return }
        try note(FileCopy.Copied(digest: digest, sizeBytes: facts.sizeBytes), path)
    }

    private mutating func note(_ copied: FileCopy.Copied, _ path: String) throws(DiagnosticError) {
        try sums.append(Array("\(copied.digest)  \(BackupManifest.data)/\(path)\n".utf8))
        fileCount += 1
        sizeBytes += copied.sizeBytes
    }
}
