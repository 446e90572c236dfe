// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
internal import PatternMatching
package import PipelineModel
package import RunCoordination
package import RunnerProtocol
internal import StructuredData
internal import ThreadExecution
package import Timekeeping

/// Keeps the gates before environments: each is a stream of its own, and everything that was decided at it is there.
package actor GateKeeper {
    /// A gate that waits for people or for a time.
    package struct Waiting: Sendable {
        package var work: JobTry
        /// Of the job, as people see it.
        package var name: String
        package var gate: DeploymentGate
        package var sentence: String
    }

    private struct Open {
        var name: String
        var gate: DeploymentGate
        var version: Int
    }

    private let store: RunStore
    private let directory: DirectoryKeeper
    private let now: @Sendable () -> Timestamp
    private let report: @Sendable (DiagnosticError) -> Void
    private let thread = SerialThread(name: "gates")
    private var open: [JobTry: Open] = [:]

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(
        store: RunStore, directory: DirectoryKeeper, now: @escaping @Sendable () -> Timestamp,
        report: @escaping @Sendable (DiagnosticError) -> Void
    ) {
        self.store = store
        self.directory = directory
        self.now = now
        self.report = report
    }

    private static func stream(_ work: JobTry) -> StreamID {
        StreamID("gate/\(work.run)/\(work.attempt)/\(work.job)/\(work.number)")
    }

    // MARK: jobs

    /// A job has come to its environment, for the first time or once more after a restart.
    func enter(_ visit: EnvironmentVisit) -> EnvironmentAnswer {
        do throws(DiagnosticError) {
            var gate = try load(visit.work)
            if gate.version == 0 {
                guard let request = request(visit) else { return .pass("") }
                let project = request.project
                let freeze = directory.current.environment(visit.environment, of: project)?.freeze
                let isMatch: @Sendable (String, String) -> Bool = { pattern, branch in
                    (try? FilterPattern(pattern))?.matches(branch) ?? false
                }
                try decide(.open(request, freeze: freeze, isMatch: isMatch), visit.work, &gate)
            } else {
                try decide(.tick, visit.work, &gate)
            }
            gate.name = visit.name
            return answer(visit.work, gate)
        } catch {
            report(error)
            return .refuse("The gate of '\(visit.environment)' could not be kept: \(error.diagnostic.message)")
        }
    }

    /// `nil`: the environment asks for nothing.
    private func request(_ visit: EnvironmentVisit) -> GateRequest? {
        let record = visit.record
        let directory = directory.current
        guard let project = record.project.flatMap({ EntryID($0) }),
            let environment = directory.environment(visit.environment, of: project)
        else { return nil }
        let rules = environment.rules
        let isAsking =
            rules.requiredApprovals > 0 || rules.waitMinutes > 0 || !rules.branchPatterns.isEmpty
            || environment.freeze?.isOn(now()) == true
        guard isAsking else { return nil }
        let ref = record.plan.trigger.ref ?? record.repository.ref ?? ""
        let branch = ref.hasPrefix("refs/heads/") ? String(ref.dropFirst("refs/heads/".count)) : ref
        let names = [record.repository.actor, record.repository.headCommit?.authorName ?? ""]
        let email = record.repository.headCommit?.authorEmail ?? ""
        var authors = Set(names.compactMap { directory.account(named: $0)?.id })
        if let author = directory.account(email: email) { authors.insert(author.id) }
        return GateRequest(
            project: project, run: visit.work.run.number, attempt: visit.work.attempt, job: visit.work.job.text,
            rules: rules, branch: branch, authors: authors)
    }

    private func answer(_ work: JobTry, _ gate: Open) -> EnvironmentAnswer {
        let verdict = gate.gate.verdict(now: now())
        switch verdict.kind {
        case .waiting:
            open[work] = gate
            return .wait(verdict.sentence)
        case .approved:
            open[work] = nil
            return .pass(verdict.sentence)
        case .rejected:
            open[work] = nil
            return .refuse(verdict.sentence)
        }
    }

    // MARK: people

    /// Whether what somebody says would be taken; nothing is recorded.
    ///
    /// - Throws: ``DiagnosticCode/entryMissing``, ``DiagnosticCode/reviewRefused``, ``DiagnosticCode/gateClosed``.
    func check(_ work: JobTry, _ input: DeploymentGate.Input) throws(DiagnosticError) {
        _ = try gate(of: work).gate.decide(input, now: now())
    }

    /// Takes what somebody says: a review, or that it passes in an emergency, which is marked for ever.
    ///
    /// - Returns: what it came to, for the job.
    /// - Throws: ``DiagnosticCode/entryMissing``, ``DiagnosticCode/reviewRefused``, ``DiagnosticCode/gateClosed``.
    func take(_ work: JobTry, _ input: DeploymentGate.Input) throws(DiagnosticError) -> EnvironmentAnswer {
        var gate = try gate(of: work)
        try decide(input, work, &gate)
        return answer(work, gate)
    }

    private func gate(of work: JobTry) throws(DiagnosticError) -> Open {
        guard let gate = open[work] else {
            throw DiagnosticError(.entryMissing, "The job '\(work.job)' of run \(work.run) waits for nobody.")
        }
        return gate
    }

    /// Gates that wait, those that came first first.
    package var waiting: [Waiting] {
        let now = now()
        return open.map { work, gate in
            Waiting(work: work, name: gate.name, gate: gate.gate, sentence: gate.gate.verdict(now: now).sentence)
        }.sorted { ($0.work.run, $0.work.job) < ($1.work.run, $1.work.job) }
    }

    /// The number of the try of a job that waits.
    package func number(of job: JobID, run: RunID, attempt: Int) -> Int? {
        open.keys.first { $0.run == run && $0.attempt == attempt && $0.job == job }?.number
    }

    /// The job is over, or its run is.
    func forget(_ run: RunID, attempt: Int) {
        for work in open.keys where work.run == run && work.attempt == attempt { open[work] = nil }
    }

    // MARK: time

    /// Gates that the clock has moved, and freezes that began or ended.
    func tick() -> [(JobTry, EnvironmentAnswer)] {
        var answers: [(JobTry, EnvironmentAnswer)] = []
        for (work, known) in open {
            guard let request = known.gate.opening?.request else { continue }
            var gate = known
            let freeze = directory.current.environment(request.rules.name, of: request.project)?.freeze
            do throws(DiagnosticError) {
                try decide(.freeze(freeze), work, &gate)
                try decide(.tick, work, &gate)
            } catch {
                report(error)
                continue
            }
            open[work] = gate
            let answer = answer(work, gate)
            if case .wait = answer { continue }
            answers.append((work, answer))
        }
        return answers
    }

    // MARK: the journal

    private func load(_ work: JobTry) throws(DiagnosticError) -> Open {
        let stream = Self.stream(work)
        let recorded = try store.recorded { (journal) throws(JournalError) in try journal.events(of: stream) }
        var events: [GateEvent] = []
        for entry in recorded {
            let payload = (try? DataValue(json: entry.event.payload)) ?? .null
            events.append(
                try GateEvent(typeName: entry.event.type, version: entry.event.version, payload: payload))
        }
        return Open(name: work.job.text, gate: DeploymentGate.replay(events), version: recorded.count)
    }

    private func decide(
        _ input: DeploymentGate.Input, _ work: JobTry, _ gate: inout Open
    ) throws(DiagnosticError) {
        let time = now()
        let events = try gate.gate.decide(input, now: time)
        guard !events.isEmpty else { return }
        let encoded = events.map {
            NewEvent(type: $0.typeName, version: $0.version, payload: Array($0.payload.jsonText().utf8))
        }
        let append = StreamAppend(Self.stream(work), expectedVersion: gate.version, events: encoded)
        _ = try store.recorded { (journal) throws(JournalError) in try journal.append(append, now: time) }
        for event in events { gate.gate.apply(event) }
        gate.version += events.count
    }
}
