// SPDX-License-Identifier: Apache-2.0

package import Crypto
package import Diagnostics
package import EventJournal
internal import FileAccess
package import LogArchive
package import ObjectStorage
package import PipelineModel
package import ProcessControl
package import RunnerProtocol
internal import SealedStorage
internal import StepExecution

/// Where runs are kept on this machine: one folder with the journal, the runs' records and logs, and their workspaces.
package final class RunStore: Sendable {
    package let root: String
    /// Where caches, artifacts and other repositories are kept: of a server's own runner the server's folder.
    package let shared: String
    /// Tells this store's scratch and processes from those of other stores on the machine.
    let name: String
    package let journal: any LastingJournal
    /// The same, where it is a database that other servers may share; `nil`: it is in the folder.
    package let database: PostgresJournal?
    /// Where what is over is kept beside this folder; `nil`: nowhere.
    package let objects: (any ObjectStore)?
    /// Whether what was kept survives a power failure.
    let isDurable: Bool
    /// Seals values at rest; made once, readable by its owner only.
    let key: SymmetricKey
    package var sealingKey: SymmetricKey { key }

    /// `$MARTLET_HOME`, else `$XDG_STATE_HOME/martlet`, else `~/.local/state/martlet`.
    package static func defaultRoot(_ environment: [String: String]) -> String {
        if let home = environment["MARTLET_HOME"], !home.isEmpty { return home }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/martlet" }
        return (environment["HOME"] ?? "/tmp") + "/.local/state/martlet"
    }

    /// - Parameters:
    ///   - shared: `nil`: the same folder.
    ///   - database: where the journal is; `nil`: in the folder.
    ///   - durability: what an append to the journal survives.
    ///   - objects: where what is over is kept, too.
    ///   - observer: told what came of each append.
    package init(
        root: String, shared: String? = nil, database: String? = nil,
        durability: SQLiteJournal.Durability = .process, objects: (any ObjectStore)? = nil,
        observer: (@Sendable (AppendNote) -> Void)? = nil
    ) throws(DiagnosticError) {
        self.objects = objects
        try Trees.make(root, mode: 0o700)
        // Steps change their folder, and one store may be reached by several paths.
        let root = Files.realPath(root) ?? root
        self.root = root
        self.shared = shared ?? root
        isDurable = durability == .powerCut
        name = String(ContentDigest.of(Array(root.utf8)).prefix(12))
        key = try SealingKey.load(at: root + "/key")
        // One at a time: while a new journal is being made SQLite turns others away at once, whatever their patience.
        let opening = try FileLock.waiting(path: root + "/opening.lock", until: .now() + .seconds(Self.lockSeconds))
        defer { withExtendedLifetime(opening) {} }
        guard let database else {
            try JournalMark.refuse(root)
            do {
                journal = try SQLiteJournal(path: root + "/journal.sqlite", durability: durability, observer: observer)
            } catch {
                throw DiagnosticError(error.diagnostic)
            }
            self.database = nil
            return
        }
        let journal = try JournalMark.database(database, of: root, observer: observer)
        (self.journal, self.database) = (journal, journal)
    }

    /// Whether a store can be opened on a folder, or on one that is not there yet: the journal that is there is of a layout that
    /// this program knows, and where it was said to be. Changes nothing.
    ///
    /// - Parameter database: where the journal is; `nil`: in the folder.
    package static func checkJournal(of root: String, database: String?) throws(DiagnosticError) {
        if let database { return try JournalMark.check(database, of: root) }
        try JournalMark.refuse(root)
        let journal = root + "/journal.sqlite"
        guard Files.isFile(journal) else { return }
        do { try SQLiteJournal.check(path: journal) } catch { throw DiagnosticError(error.diagnostic) }
    }

    /// - Throws: where nothing can be written: a full disk, or one that may only be read.
    package func checkWritable() throws(DiagnosticError) {
        let probe = root + "/.probe"
        try Files.write([1], to: probe)
        try Files.remove(probe)
    }

    // MARK: runs

    /// Runs that were ever made here, the newest first.
    package func runs() throws(DiagnosticError) -> [RunID] {
        guard Files.isDirectory(root + "/runs") else { return [] }
        return try Trees.list(root + "/runs").compactMap { RunID($0.name) }.sorted(by: >)
    }

    /// The newest run of the repository at `root`; `nil` where none was made here.
    package func newestRun(of root: String) throws(DiagnosticError) -> RunID? {
        for run in try runs() where try RunRecord.root(of: run, in: self) == root { return run }
        return nil
    }

    /// Makes the next run's folder; two commands at once never get the same number.
    package func newRun() throws(DiagnosticError) -> RunID {
        try Trees.make(root + "/runs", mode: 0o700)
        Trees.spreadFolders(of: root + "/runs")
        if let database {
            let run = RunID(try recorded { (_) throws(JournalError) in try database.nextRunNumber() })
            try Trees.make(folder(of: run) + "/logs", mode: 0o700)
            return run
        }
        let lock = try Self.numberingLock(root)
        defer { withExtendedLifetime(lock) {} }
        let counter = root + "/last-run"
        // The counter may be lost, or one behind where a process ended here; a number that was given is never given again.
        var last = try Files.readIfPresent(counter, limit: 64).flatMap { Int(String(decoding: $0, as: UTF8.self)) }
        if last == nil { last = try runs().first?.number }
        var run = RunID((last ?? 0) + 1)
        while Files.isDirectory(folder(of: run)) { run = RunID(run.number + 1) }
        try Trees.make(folder(of: run) + "/logs", mode: 0o700)
        try Files.replace(counter, with: run.description.utf8)
        return run
    }

    /// - Returns: whether there was one.
    package func removeWorkspace(of run: RunID) throws(DiagnosticError) -> Bool {
        let path = "\(root)/work/\(run)"
        // Somebody may just begin to run it again.
        let lock = try? lock(run)
        guard Files.isDirectory(path), lock != nil || !exists(run) else { return false }
        defer { withExtendedLifetime(lock) {} }
        try Trees.remove(path)
        return true
    }

    /// Copies of workspaces that shells left which were killed, what was being removed, and folders that nothing was put
    /// into.
    package func removeLeftovers() {
        let work = root + "/work"
        for item in (try? Trees.list(work)) ?? [] {
            if item.name.hasPrefix(".new-"), isOld("\(work)/\(item.name)") { Trees.removeEmpty("\(work)/\(item.name)") }
            if item.name.hasPrefix(KeptWorkspaces.goneMark) { try? Trees.remove("\(work)/\(item.name)") }
            guard item.name.hasPrefix("shell-"),
                let number = item.name.split(separator: "-").last.flatMap({ Int32($0) }),
                !Files.isDirectory("/proc/\(number)")
            else { continue }
            try? Trees.remove("\(work)/\(item.name)")
        }
    }

    /// Whether nobody is just putting it in its place.
    private func isOld(_ path: String) -> Bool {
        let now = RunClock.now() / 1_000
        return Files.facts(path).map { now - $0.modifiedNanoseconds / 1_000_000_000 > Self.placingSeconds } ?? false
    }

    private static let placingSeconds: Int64 = 60
    /// How long others are waited for that make a journal, or a run.
    private static let lockSeconds: Int64 = 10

    private static func numberingLock(_ root: String) throws(DiagnosticError) -> FileLock {
        try FileLock.waiting(path: root + "/numbering.lock", until: .now() + .seconds(lockSeconds))
    }

    package func folder(of run: RunID) -> String { "\(root)/runs/\(run)" }

    package func exists(_ run: RunID) -> Bool { Files.isDirectory(folder(of: run)) }

    /// The lock that says a coordinator drives this run.
    package func lock(_ run: RunID) throws(DiagnosticError) -> FileLock {
        try FileLock(path: folder(of: run) + "/lock")
    }

    package func logs(of run: RunID, attempt: Int) -> LogFolder {
        LogFolder(path: "\(folder(of: run))/logs/\(attempt)")
    }

    /// A job's durable folder: receipts, sealed record.
    func jobFolder(_ run: RunID, _ attempt: Int, _ job: JobID) -> String {
        "\(folder(of: run))/jobs/\(attempt)/\(Self.fileName(job))"
    }

    /// What a job that a server gave had to tell beside its logs; see ``OutcomeHistory``.
    package func leasedOutcomes(_ work: JobTry) -> String { jobFolder(work.run, work.attempt, work.job) + "/outcomes" }

    func workspace(_ run: RunID, _ job: JobID, repository: String) -> String {
        "\(jobWork(run, job))/\(repository)/\(repository)"
    }

    /// Makes the folder that a job's workspace is in; one that is there is taken.
    func makeJobWork(_ run: RunID, _ job: JobID) throws(DiagnosticError) {
        let path = jobWork(run, job)
        guard !Files.isDirectory(path) else { return }
        let work = root + "/work"
        try Trees.make("\(work)/\(run)", mode: 0o700)
        Trees.spreadFolders(of: work)
        // Its place on the disk goes by its name and the folder that it is made in: another one each time, for where this
        // job's files were removed a moment ago new ones are made slowly.
        let new = "\(work)/.new-\(UInt64.random(in: 0...UInt64.max))"
        try Trees.make(new, mode: 0o755)
        do throws(DiagnosticError) {
            try Files.rename(new, to: path)
        } catch {
            // Somebody may have taken the empty folder around it away.
            try Trees.make("\(work)/\(run)", mode: 0o700)
            do throws(DiagnosticError) {
                try Files.rename(new, to: path)
            } catch {
                Trees.removeEmpty(new)
                throw error
            }
        }
    }

    /// With the workspace, and what the job keeps beside it.
    func jobWork(_ run: RunID, _ job: JobID) -> String { "\(root)/work/\(run)/\(Self.fileName(job))" }

    /// A job's id as one file name.
    package static func fileName(_ job: JobID) -> String {
        String(job.text.map { $0 == "/" ? "+" : $0 })
    }

    // MARK: streams

    package static func stream(_ run: RunID, attempt: Int) -> StreamID { StreamID("run/\(run)/\(attempt)") }

    package static func stream(_ run: RunID, attempt: Int, job: JobID, jobAttempt: Int) -> StreamID {
        StreamID("job/\(run)/\(attempt)/\(job)/\(jobAttempt)")
    }

    /// The newest attempt of a run that has a history; 0 where none has begun.
    package func lastAttempt(of run: RunID) throws(DiagnosticError) -> Int {
        let streams = try journaled { (journal) throws(JournalError) in
            try journal.streams(prefix: "run/\(run)/", after: nil, limit: 10_000)
        }
        return streams.compactMap { $0.stream.text.split(separator: "/").last.flatMap { Int($0) } }.max() ?? 0
    }

    /// For what is not of a run: the journal's errors with their codes.
    package func recorded<Value>(
        _ body: (any LastingJournal) throws(JournalError) -> Value
    ) throws(DiagnosticError) -> Value { try journaled(body) }

    func journaled<Value>(_ body: (any LastingJournal) throws(JournalError) -> Value) throws(DiagnosticError) -> Value {
        do {
            return try body(journal)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }
}
