// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import LogArchive
internal import PipelineModel
internal import RunEngine
package import RunnerProtocol
internal import SealedStorage
internal import StepExecution
internal import StructuredData
internal import Timekeeping

/// What a runner's disk has of a job that its server has not: everything can be told again from there.
package struct LeasedProgress {
    private let store: RunStore
    package let lease: LeaseKey
    /// What the server has.
    package private(set) var position: ProgressPosition
    private var ended: Set<StepAttempt> = []
    /// Where in the file of outcomes the server's position is.
    private var outcomeOffset: Int?

    private static let eventsAtOnce = 500
    private static let outcomeBytesAtOnce = 1 << 20

    package init(store: RunStore, lease: LeaseKey, position: ProgressPosition = ProgressPosition()) {
        self.store = store
        self.lease = lease
        self.position = position
    }

    private var work: JobTry { lease.work }

    /// The next message; `nil`: the server has everything that is there.
    ///
    /// - Parameter unkept: the job's end, where none could be kept on the disk.
    package mutating func next(orEnd unkept: LeasedJob.End? = nil) throws(DiagnosticError) -> Progress? {
        var parts: [Progress.Part] = []
        // Lines before the events that say that they are all: who hears of a step's end has its log.
        try addLogs(&parts)
        let isFull = parts.contains { if case .log = $0 { true } else { false } } && logBytes(parts) >= Self.fullBytes
        if !isFull {
            try addEvents(&parts)
            try addOutcomes(&parts)
            if parts.isEmpty, let end = try LeasedEnd.load(store, work) ?? unkept {
                parts.append(.finished(outcome: end.outcome.data.object ?? DataObject(), outputs: end.outputs))
            }
        }
        return parts.isEmpty ? nil : Progress(lease: lease, parts: parts)
    }

    /// The job's end alone, where the rest cannot be told.
    package func lastWord(_ end: LeasedJob.End) -> Progress {
        Progress(
            lease: lease,
            parts: [.finished(outcome: end.outcome.data.object ?? DataObject(), outputs: end.outputs)])
    }

    /// The server has taken a message.
    package mutating func acknowledge(_ message: Progress, _ known: ProgressPosition) {
        for part in message.parts { if case .logEnded(let step, _) = part { ended.insert(step) } }
        if known.outcomes != position.outcomes { outcomeOffset = nil }
        position = known
    }

    private static let fullBytes = RunnerLimits.logChunkBytes

    private func logBytes(_ parts: [Progress.Part]) -> Int {
        parts.reduce(0) { if case .log(_, _, let bytes) = $1 { $0 + bytes.count } else { $0 } }
    }

    // MARK: logs

    private mutating func addLogs(_ parts: inout [Progress.Part]) throws(DiagnosticError) {
        let folder = store.logs(of: work.run, attempt: work.attempt).folder(job: RunStore.fileName(work.job))
        guard Files.isDirectory(folder) else { return }
        var room = Self.fullBytes
        for file in try Trees.list(folder) where file.name.hasSuffix(".log") && room > 0 {
            guard let step = StepAttempt(logName: file.name), !ended.contains(step) else { continue }
            try add(step, "\(folder)/\(file.name)", &parts, &room)
        }
    }

    private func add(
        _ step: StepAttempt, _ path: String, _ parts: inout [Progress.Part], _ room: inout Int
    ) throws(DiagnosticError) {
        let sent = position.logs[step] ?? 0
        do throws(LogError) {
            // Whether it is over is asked before its size: what is over does not grow.
            let totals = try LogReader(path: path).totals
            let bytes = try LogFollower(path: path).bytes(from: sent, limitBytes: room)
            if !bytes.isEmpty {
                parts.append(.log(step, offset: sent, bytes))
                room -= bytes.count
            }
            if let totals, sent + bytes.count == totals.bytes {
                let end = Progress.LogEnd(
                    lines: totals.lines, bytes: totals.bytes, droppedBytes: totals.droppedBytes, digest: totals.digest)
                parts.append(.logEnded(step, end))
            }
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    // MARK: events and outcomes

    private func addEvents(_ parts: inout [Progress.Part]) throws(DiagnosticError) {
        let stream = RunStore.stream(work.run, attempt: work.attempt, job: work.job, jobAttempt: work.number)
        let first = position.events + 1
        let recorded = try store.journaled { (journal) throws(JournalError) in
            try journal.events(of: stream, from: first, limit: Self.eventsAtOnce)
        }
        guard !recorded.isEmpty else { return }
        let now = Timestamp.now().milliseconds
        let events = recorded.map { entry in
            Progress.Event(
                type: entry.event.type, version: entry.event.version, payload: entry.event.payload,
                ageMs: max(0, now - entry.recordedAt.milliseconds))
        }
        parts.append(.events(first: first, events))
    }

    private mutating func addOutcomes(_ parts: inout [Progress.Part]) throws(DiagnosticError) {
        let path = store.leasedOutcomes(work)
        guard let size = Files.facts(path)?.sizeBytes, size > outcomeOffset ?? 0 else { return }
        let text = try Files.read(path, limit: Int(size) + Self.outcomeBytesAtOnce)
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
        // The last piece is empty, or is being written.
        lines.removeLast()
        var taken: [DataObject] = []
        var bytes = 0
        for line in lines.dropFirst(position.outcomes) {
            guard taken.isEmpty || bytes + line.count <= Self.outcomeBytesAtOnce else { break }
            bytes += line.count
            taken.append(
                line.count > RunnerLimits.outcomeBytes
                    ? tooLarge(line.count) : (try? DataValue(json: line))?.object ?? DataObject())
        }
        guard !taken.isEmpty else {
            outcomeOffset = Int(size)
            return
        }
        parts.append(.outcomes(first: position.outcomes, taken))
    }
    /// In the place of what no message takes.
    private func tooLarge(_ size: Int) -> DataObject {
        [
            "type": "annotation", "job": .string(work.job.text), "level": .string(Annotation.Level.warning.rawValue),
            "message": .string(
                "A summary or a finding of \(size) bytes was left out: at most \(RunnerLimits.outcomeBytes) bytes of one "
                    + "are told to the server."),
        ]
    }
}

extension StepAttempt {
    /// Of a log's file: `3.1.2.log` is the second attempt of step 3.1.
    init?(logName: String) {
        guard logName.hasSuffix(".log") else { return nil }
        let name = logName.dropLast(".log".count)
        guard let dot = name.lastIndex(of: "."), let step = StepPath(name[..<dot]),
            let number = Int(name[name.index(after: dot)...])
        else { return nil }
        self.init(step: step, number: number)
    }
}

/// The end of a job, at rest until the server has it: its outputs are sealed.
package enum LeasedEnd {
    private static let limitBytes = 64 << 20

    private static func path(_ store: RunStore, _ work: JobTry) -> String {
        store.jobFolder(work.run, work.attempt, work.job) + "/end"
    }

    package static func save(_ end: LeasedJob.End, _ store: RunStore, _ work: JobTry) throws(DiagnosticError) {
        let data: DataValue = ["outcome": end.outcome.data, "outputs": .object(end.outputs)]
        // A job may end before it has made anything.
        try Trees.make(store.jobFolder(work.run, work.attempt, work.job), mode: 0o700)
        try SealedFile.write(
            Array(data.jsonText().utf8), to: path(store, work), key: store.key, name: "end \(work)")
    }

    package static func load(_ store: RunStore, _ work: JobTry) throws(DiagnosticError) -> LeasedJob.End? {
        let text = try SealedFile.read(path(store, work), key: store.key, name: "end \(work)", limit: limitBytes)
        guard let text, let data = try? DataValue(json: text),
            let outcome = try? JobOutcome(data: data["outcome"] ?? .null)
        else { return nil }
        return LeasedJob.End(outcome: outcome, outputs: data["outputs"]?.object ?? DataObject())
    }

    /// The server has all of a job: what the runner kept of it goes, but for its sealed record, with which a later attempt
    /// can go on in the middle of it (see ``RerunPoint``).
    ///
    /// - Parameter isLast: the runner has no other job of the run, and begins none meanwhile.
    package static func sweep(_ store: RunStore, _ work: JobTry, isLast: Bool) {
        let folder = store.jobFolder(work.run, work.attempt, work.job)
        for file in (try? Trees.list(folder)) ?? [] where !["record", "names"].contains(file.name) {
            try? Trees.remove("\(folder)/\(file.name)")
        }
        Trees.removeEmpty(folder)
        try? Trees.remove(store.logs(of: work.run, attempt: work.attempt).folder(job: RunStore.fileName(work.job)))
        guard isLast else { return }
        let run = store.folder(of: work.run)
        for folder in ["jobs/\(work.attempt)", "jobs", "logs/\(work.attempt)", "logs"] {
            Trees.removeEmpty("\(run)/\(folder)")
        }
        Trees.removeEmpty(run)
    }
}
