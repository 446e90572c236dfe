// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import LogArchive
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol
internal import StructuredData
internal import Synchronization
internal import ThreadExecution
internal import Timekeeping

/// Writes what runners say of their jobs: log bytes into the archive, events into the journal under the lease's fence, outcome
/// lines beside them. What is there already is passed over. One thread.
actor ProgressIntake {
    /// What a message brought that was new.
    struct Taken: Sendable {
        var position = ProgressPosition()
        var events: [(event: JobEvent, at: Int64)] = []
        var outcomes: [DataObject] = []
        var end: (outcome: DataObject, outputs: DataObject)?
    }

    /// A job whose lease is open.
    private struct Desk {
        var position: ProgressPosition
        var logs: [StepAttempt: LogIngest] = [:]
    }

    private let store: RunStore
    private let feed: LiveFeed
    private let noted: @Sendable (ServingNote) -> Void
    private let thread = SerialThread(name: "intake")
    private var desks: [LeaseKey: Desk] = [:]
    /// Leases that are open: known before the actor is asked, so that what is closed takes nothing more.
    private let open = Mutex<[LeaseKey: ProgressPosition]>([:])

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(store: RunStore, feed: LiveFeed, noted: @escaping @Sendable (ServingNote) -> Void = { _ in }) {
        self.store = store
        self.feed = feed
        self.noted = noted
    }

    nonisolated func open(_ key: LeaseKey, events: Int, outcomes: Int) {
        open.withLock { $0[key] = $0[key] ?? ProgressPosition(events: events, outcomes: outcomes) }
    }

    /// Nothing more is taken for it.
    ///
    /// - Parameter isCutOff: its logs may be without their ends, those that an earlier process of the server took in as well.
    nonisolated func close(_ key: LeaseKey, isCutOff: Bool = false) {
        guard open.withLock({ $0.removeValue(forKey: key) }) != nil else { return }
        Task { await self.leave(key, isCutOff: isCutOff) }
    }

    /// Whether anything of a job's steps was taken in.
    nonisolated func hasLogs(_ work: JobTry) -> Bool {
        let path = store.logs(of: work.run, attempt: work.attempt).folder(job: RunStore.fileName(work.job))
        return ((try? Trees.list(path)) ?? []).contains { $0.name.hasSuffix(".log") }
    }

    private func leave(_ key: LeaseKey, isCutOff: Bool) {
        var desk = desks.removeValue(forKey: key) ?? Desk(position: ProgressPosition())
        if isCutOff { openLogs(key, &desk) }
        for (step, log) in desk.logs where log.totals == nil {
            // No more comes: readers learn of it.
            try? log.pause()
            _ = try? LogRecovery.recover(path: log.path)
            feed.grew(place(key, step))
        }
    }

    private func desk(_ key: LeaseKey) throws(DiagnosticError) -> Desk {
        guard let start = open.withLock({ $0[key] }) else {
            throw DiagnosticError(.leaseLost, "The job '\(key.work)' is not this runner's any more.")
        }
        return desks[key] ?? Desk(position: start)
    }

    func position(_ key: LeaseKey) -> ProgressPosition? {
        guard var desk = try? desk(key) else { return nil }
        openLogs(key, &desk)
        desks[key] = desk
        return desk.position
    }

    func take(_ progress: Progress) throws(DiagnosticError) -> Taken {
        let key = progress.lease
        var desk = try desk(key)
        var taken = Taken()
        defer { desks[key] = desk }
        for part in progress.parts {
            switch part {
            case .events(let first, let events):
                taken.events += try record(events, from: first, key, &desk)
            case .log(let step, let offset, let bytes):
                try append(bytes, at: offset, of: step, key, &desk)
            case .logEnded(let step, let end):
                try finish(step, end, key, &desk)
            case .outcomes(let first, let lines):
                taken.outcomes += try keep(lines, from: first, key, &desk)
            case .finished(let outcome, let outputs):
                taken.end = (outcome, outputs)
            }
        }
        taken.position = desk.position
        return taken
    }

    // MARK: logs

    private func folder(_ key: LeaseKey) -> LogFolder { store.logs(of: key.work.run, attempt: key.work.attempt) }

    private func place(_ key: LeaseKey, _ step: StepAttempt) -> LogPlace {
        LogPlace(run: key.work.run, attempt: key.work.attempt, job: key.work.job, step: step)
    }

    private func log(_ step: StepAttempt, _ key: LeaseKey, _ desk: inout Desk) throws(DiagnosticError) -> LogIngest {
        if let known = desk.logs[step] { return known }
        do throws(LogError) {
            let opened = try LogIngest(
                LogKey(
                    job: RunStore.fileName(key.work.job), step: step.step.description, attempt: step.number),
                in: folder(key))
            desk.logs[step] = opened
            return opened
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    private func append(
        _ bytes: [UInt8], at offset: Int, of step: StepAttempt, _ key: LeaseKey, _ desk: inout Desk
    ) throws(DiagnosticError) {
        let log = try log(step, key, &desk)
        let known = log.offset
        do throws(LogError) {
            desk.position.logs[step] = try bytes.withUnsafeBufferPointer { (bytes) throws(LogError) in
                try log.append(UnsafeRawBufferPointer(bytes), offset: offset, time: .now())
            }
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        if log.offset > known { noted(.logReceived(bytes: log.offset - known)) }
        feed.grew(place(key, step))
    }

    private func finish(
        _ step: StepAttempt, _ end: Progress.LogEnd, _ key: LeaseKey, _ desk: inout Desk
    ) throws(DiagnosticError) {
        let log = try log(step, key, &desk)
        do throws(LogError) {
            _ = try log.finish(
                LogTotals(lines: end.lines, bytes: end.bytes, droppedBytes: end.droppedBytes, digest: end.digest))
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        feed.grew(place(key, step))
    }

    /// After a restart of the server: what was stored of each log before.
    private func openLogs(_ key: LeaseKey, _ desk: inout Desk) {
        let path = folder(key).folder(job: RunStore.fileName(key.work.job))
        for file in (try? Trees.list(path)) ?? [] where file.name.hasSuffix(".log") {
            guard let attempt = StepAttempt(logName: file.name) else { continue }
            guard let opened = try? log(attempt, key, &desk) else { continue }
            desk.position.logs[attempt] = opened.offset
        }
    }

    // MARK: events

    private func record(
        _ events: [Progress.Event], from first: Int, _ key: LeaseKey, _ desk: inout Desk
    ) throws(DiagnosticError) -> [(event: JobEvent, at: Int64)] {
        let known = desk.position.events
        guard (1...known + 1).contains(first) else {
            throw DiagnosticError(
                .runnerMessageInvalid, "Events of the job '\(key.work)' are missing before the \(first)th.")
        }
        let new = events.dropFirst(known + 1 - first)
        guard !new.isEmpty else { return [] }
        let now = Timestamp.now().milliseconds
        var found: [(event: JobEvent, at: Int64)] = []
        var appends: [StreamAppend] = []
        let stream = RunCoordinator.stream(key.work)
        for event in new {
            let recorded = NewEvent(type: event.type, version: event.version, payload: event.payload)
            let time = now - min(max(0, event.ageMs), now)
            found.append(
                (
                    try MachineStream<JobMachine>.event(
                        RecordedEvent(sequence: 0, recordedAt: Timestamp(milliseconds: time), event: recorded)), time
                ))
            if let last = appends.indices.last, found.count > 1, found[found.count - 2].at == time {
                appends[last].events.append(recorded)
            } else {
                var append = StreamAppend(
                    stream, expectedVersion: known + found.count - 1, events: [recorded])
                append.epoch = key.fence
                appends.append(append)
            }
        }
        var place = 0
        for append in appends {
            let time = Timestamp(milliseconds: found[place].at)
            place += append.events.count
            try write(append, at: time)
            desk.position.events += append.events.count
        }
        return found
    }

    /// What is there already is what was to be written: the answer to an earlier try was lost, and nobody else writes under the fence.
    private func write(_ append: StreamAppend, at time: Timestamp) throws(DiagnosticError) {
        var rest = append
        for _ in 0..<2 {
            do throws(JournalError) {
                // The runner has it until the job's end is recorded, which waits for the disk.
                _ = try store.journal.append([rest], now: time, waitsForDisk: false)
                return
            } catch {
                guard case .conflict = error else { throw DiagnosticError(error.diagnostic) }
                let there = try store.journaled { (journal) throws(JournalError) in
                    try journal.events(of: rest.stream, from: rest.expectedVersion + 1, limit: rest.events.count)
                }
                guard !there.isEmpty, there.map(\.event) == Array(rest.events.prefix(there.count)) else {
                    throw DiagnosticError(error.diagnostic)
                }
                rest.expectedVersion += there.count
                rest.events.removeFirst(there.count)
                if rest.events.isEmpty { return }
            }
        }
    }

    // MARK: outcomes

    private func keep(
        _ lines: [DataObject], from first: Int, _ key: LeaseKey, _ desk: inout Desk
    ) throws(DiagnosticError) -> [DataObject] {
        let known = desk.position.outcomes
        guard (0...known).contains(first) else {
            throw DiagnosticError(
                .runnerMessageInvalid, "What the job '\(key.work)' had to tell is missing before line \(first).")
        }
        let new = Array(lines.dropFirst(known - first))
        guard !new.isEmpty else { return [] }
        var text: [UInt8] = []
        for line in new {
            if line["type"]?.string == "stepName" { name(line, key) }
            DataValue.object(line).appendJSON(to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        try Files.append(text, to: OutcomeHistory.path(store, key.work.run, key.work.attempt), mode: 0o600)
        desk.position.outcomes += new.count
        return new
    }

    private func name(_ line: DataObject, _ key: LeaseKey) {
        guard let step = line["step"]?.string.flatMap({ StepPath($0) }), let name = line["name"]?.string else { return }
        // The job's folder holds nothing else here.
        try? Trees.make(store.jobFolder(key.work.run, key.work.attempt, key.work.job), mode: 0o700)
        StepNames(store, key.work.run, attempt: key.work.attempt, key.work.job).append(name, of: step)
    }
}
