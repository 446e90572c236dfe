// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import SourceControl
internal import StepExecution

/// Waits for a change of the working tree: of the files that a run would be given, so not of ignored ones.
package struct TreeWatch {
    /// The tree at one moment; two are the same where every file is.
    package struct Snapshot: Equatable {
        fileprivate var digest: [UInt8]
    }

    private let root: String
    private let isRepository: Bool

    /// A save comes as several changes: a run starts when none has come for so long.
    static let quietTime = Duration.milliseconds(150)

    static let longestDelay = Duration.seconds(2)

    package init(files: WorkflowFiles) {
        root = files.state.root
        isRepository = files.state.isRepository
    }

    /// Names, sizes and times of all files; nothing is read.
    package func snapshot() throws(DiagnosticError) -> Snapshot {
        var hash = SHA256()
        for path in try paths() {
            hash.update(data: Array(path.utf8))
            if let facts = Files.facts("\(root)/\(path)", followingLinks: false) {
                hash.update(data: Array("\0\(facts.sizeBytes) \(facts.modifiedNanoseconds) \(facts.mode)\n".utf8))
            }
        }
        return Snapshot(digest: Array(hash.finalize()))
    }

    /// Blocks until the tree differs from `before` and has been quiet for a moment.
    ///
    /// - Returns: `false` where the user interrupts.
    package func waitForChange(since before: Snapshot) throws(DiagnosticError) -> Bool {
        let loop = try PollerLoop()
        var isInterrupted = false
        defer { loop.releaseSignals() }
        for signal in SignalNumber.cancelling {
            try loop.onSignal(signal) { isInterrupted = true }
        }
        while !isInterrupted {
            let watch = try FolderWatch(try folders())
            var lastChange: BootInstant?
            var firstChange: BootInstant?
            let token = loop.watch(watch.descriptor) { _ in
                watch.clear()
                // Later changes put the run off, but not for ever: a log that grows must not keep it from starting.
                let now = BootInstant.now()
                firstChange = firstChange ?? now
                lastChange = now
            }
            // Looked at once the watch stands: what came before it is not missed.
            if try snapshot() != before { lastChange = .now() }
            while !isInterrupted {
                let quiet = lastChange.map { $0 + Self.quietTime }
                let latest = firstChange.map { $0 + Self.longestDelay }
                let deadline = quiet.map { quiet in latest.map { min($0, quiet) } ?? quiet }
                if let deadline, deadline <= .now() { break }
                loop.turn(until: deadline)
            }
            loop.remove(token)
            // Looked at anew: a folder that came meanwhile is watched from now on.
            if !isInterrupted, try snapshot() != before { return true }
        }
        return false
    }

    private func paths() throws(DiagnosticError) -> [String] {
        if isRepository { return try GitRepository(root: root).workingTreePaths() }
        var paths: [String] = []
        try walk("") { paths.append($0) }
        return paths
    }

    /// Those that hold files, and empty ones, which may get some.
    private func folders() throws(DiagnosticError) -> Set<String> {
        var folders: Set = [root]
        for path in try paths() {
            var folder = Files.directory(of: path)
            while folder != ".", folders.insert("\(root)/\(folder)").inserted { folder = Files.directory(of: folder) }
        }
        // Folders without a file are in no list of git's; those below a folder that is known are looked for.
        for folder in folders {
            for entry in try Trees.list(folder) where entry.kind == .directory && entry.name != ".git" {
                let path = "\(folder)/\(entry.name)"
                if !folders.contains(path), try Trees.list(path).isEmpty { folders.insert(path) }
            }
        }
        return folders
    }

    private func walk(_ folder: String, _ found: (String) -> Void) throws(DiagnosticError) {
        for entry in try Trees.list(folder.isEmpty ? root : "\(root)/\(folder)") {
            let path = folder.isEmpty ? entry.name : "\(folder)/\(entry.name)"
            if entry.kind == .directory { try walk(path, found) } else { found(path) }
        }
    }
}
