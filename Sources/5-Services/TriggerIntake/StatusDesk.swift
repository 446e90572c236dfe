// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import EventJournal
package import HTTPMessages
package import PipelineModel
package import RunCoordination
package import SourceForges
internal import StructuredData
package import ThreadExecution
package import Timekeeping

/// Tells forges how runs go: what is to be told lies in the journal's outbox until a forge has it. Of several states of one status that wait
/// the last one is told.
package actor StatusDesk {
    package struct Surroundings: Sendable {
        package var store: RunStore
        package var now: @Sendable () -> Timestamp
        /// By a project's id; `nil`: nobody is told.
        package var target: @Sendable (String) -> StatusTarget?
        /// The page of a run, or of a job of it.
        package var url: @Sendable (RunID, JobID?) -> String?
        package var transport: HTTPTransport
        /// To addresses that people gave who do not administer the server.
        package var guardedTransport: HTTPTransport
        package var report: @Sendable (DiagnosticError) -> Void
        /// What came of a message: `delivered`, `retried`, `given_up`.
        package var counted: @Sendable (String) -> Void

        package init(
            store: RunStore, now: @escaping @Sendable () -> Timestamp = { Timestamp.now() },
            target: @escaping @Sendable (String) -> StatusTarget?,
            url: @escaping @Sendable (RunID, JobID?) -> String?, transport: @escaping HTTPTransport
        ) {
            self.store = store
            self.now = now
            self.target = target
            self.url = url
            self.transport = transport
            guardedTransport = transport
            report = { _ in }
            counted = { _ in }
        }
    }

    /// All messages of one status that wait; the last one is told.
    private struct Group {
        var last: StatusMessage
        var numbers: [Int64]
    }

    private let surroundings: Surroundings
    private let thread = SerialThread(name: "statuses")
    private var busy: Set<String> = []
    private var waits: [StatusMessage.Place: (until: Timestamp, failures: Int)] = [:]
    /// What was told last of a run, or a job of it, that is not over; what stands before an environment runs afterwards.
    private var last: [String: String] = [:]
    private var idleWaiters: [CheckedContinuation<Void, Never>] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    package init(_ surroundings: Surroundings) { self.surroundings = surroundings }

    // MARK: what is to be told

    /// The name that a forge knows a workflow's status by; with a job that of the job.
    package static func context(_ workflow: String, job: String? = nil) -> String {
        "martlet/" + workflow + (job.map { "/" + $0 } ?? "")
    }

    /// A run began, is held, has a runner, or ended.
    package func runChanged(_ change: RunChange) throws(DiagnosticError) {
        let state: CommitStatus.State
        let text: String
        switch change.kind {
        case .began: (state, text) = (.pending, "It waits for a runner.")
        // Held for an approval of its code.
        case .held(let reason): (state, text) = (.pending, reason)
        case .gated(_, let environment): (state, text) = (.pending, "It waits before '\(environment)'.")
        case .running: (state, text) = (.running, "It runs.")
        case .finished(let conclusion):
            let seconds = max(0, change.at - (change.startedAt ?? change.record.createdAt)) / 1_000
            (state, text) = (Self.state(conclusion), "\(Self.word(conclusion)) after \(Self.length(seconds)).")
        }
        try tell(change, state, text)
    }

    /// A job of a run ended; nothing where the project tells only of workflows.
    package func jobEnded(_ job: JobChange) throws(DiagnosticError) {
        guard surroundings.target(job.project)?.tellsJobs == true else { return }
        let seconds = max(0, job.at - (job.startedAt ?? job.at)) / 1_000
        let text = job.reason?.text ?? "\(Self.word(job.conclusion)) after \(Self.length(seconds))."
        let change = RunChange(
            run: job.run, attempt: job.attempt, project: job.project, kind: .finished(job.conclusion), at: job.at,
            record: job.record, startedAt: job.startedAt)
        try tell(change, Self.state(job.conclusion), text, job: (job.job, job.name))
    }

    /// What became of a delivery: workflows that a filter kept from running on a pull request, where the project tells of them.
    package func planned(_ verdicts: [WorkflowVerdict], of project: String) throws(DiagnosticError) {
        guard surroundings.target(project)?.tellsFiltered == true else { return }
        var messages: [OutboxMessage] = []
        for verdict in verdicts where verdict.isFiltered && verdict.event == "pull_request" {
            guard case .notTriggered(let reason) = verdict.outcome else { continue }
            let place = StatusMessage.Place(
                project: project, sha: verdict.commit, context: Self.context(verdict.name))
            let message = StatusMessage(
                place: place, state: .skipped, description: reason.text, at: surroundings.now())
            messages.append(message.outbox(key: "status/\(project)/filtered/\(verdict.commit)/\(digest(verdict.path))"))
        }
        try record(messages, project)
    }

    private func tell(
        _ change: RunChange, _ state: CommitStatus.State, _ text: String, job: (id: JobID, name: String)? = nil
    ) throws(DiagnosticError) {
        guard surroundings.target(change.project) != nil else { return }
        let record = change.record
        let place = StatusMessage.Place(
            project: change.project,
            sha: record.payload["pull_request"]?["head"]?["sha"]?.string ?? record.repository.sha,
            context: Self.context(record.plan.workflowName, job: job?.name))
        var message = StatusMessage(place: place, state: state, description: text, at: surroundings.now())
        message.url = surroundings.url(change.run, job?.id)
        message.ref = record.payload["pull_request"]?["head"]?["ref"]?.string ?? record.repository.ref
        message.startedAt = Timestamp(milliseconds: record.createdAt)
        if case .finished = change.kind { message.completedAt = Timestamp(milliseconds: change.at) }
        // The same change may be told twice, by a process and by the one after it.
        let part = job.map { digest($0.id.text) } ?? "-"
        let subject = "status/\(change.project)/\(change.run)/\(change.attempt)/\(part)"
        var key = "\(subject)/\(state.rawValue)/\(digest(text))"
        if change.kind.comesAgain {
            // Each job that begins tells that the run runs.
            guard last[subject] != key else { return }
            let first = key
            key += "/\(change.at)"
            try self.record([message.outbox(key: key)], change.project)
            last[subject] = first
        } else {
            try self.record([message.outbox(key: key)], change.project)
            last[subject] = nil
        }
    }

    private func record(_ messages: [OutboxMessage], _ project: String) throws(DiagnosticError) {
        for start in stride(from: 0, to: messages.count, by: JournalLimits.messagesPerAppend) {
            var append = StreamAppend(StreamID("status/\(project)"), expectedVersion: 0, events: [])
            append.outbox = Array(messages[start..<min(start + JournalLimits.messagesPerAppend, messages.count)])
            do throws(JournalError) {
                _ = try surroundings.store.journal.append(append, now: surroundings.now())
            } catch {
                throw DiagnosticError(error.diagnostic)
            }
        }
        if !messages.isEmpty { pump() }
    }

    private func digest(_ text: String) -> String {
        String(Hexadecimal.text(SHA256.hash(data: Array(text.utf8))).prefix(32))
    }

    private static func state(_ conclusion: Conclusion) -> CommitStatus.State {
        switch conclusion {
        case .success: .success
        case .failure: .failure
        case .cancelled: .cancelled
        case .skipped: .skipped
        }
    }

    private static func word(_ conclusion: Conclusion) -> String {
        switch conclusion {
        case .success: "It succeeded"
        case .failure: "It failed"
        case .cancelled: "It was cancelled"
        case .skipped: "Skipped"
        }
    }

    private static func length(_ seconds: Int64) -> String {
        seconds < 60 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    // MARK: telling

    /// To be called about once a second, and after a start.
    package func tick() { pump() }

    /// Returns when nothing is being told.
    package func idle() async {
        guard !busy.isEmpty else { return }
        await withCheckedContinuation { idleWaiters.append($0) }
    }

    private func pump() {
        let pending: [PendingMessage]
        do throws(JournalError) {
            pending = try surroundings.store.journal.pendingMessages(
                to: StatusMessage.destination, limit: TriggerLimits.statusesPending)
        } catch {
            surroundings.report(DiagnosticError(error.diagnostic))
            return
        }
        var groups: [StatusMessage.Place: Group] = [:]
        var order: [StatusMessage.Place] = []
        for item in pending {
            guard let message = StatusMessage(item.message) else { continue }
            if groups[message.place] == nil { order.append(message.place) }
            groups[message.place, default: Group(last: message, numbers: [])].numbers.append(item.number)
            groups[message.place]?.last = message
        }
        let now = surroundings.now()
        for place in order where waits[place].map({ $0.until <= now }) ?? true {
            guard busy.count < TriggerLimits.statusProjectsAtOnce, let group = groups[place],
                busy.insert(place.project).inserted
            else { continue }
            Task { await self.send(group) }
        }
    }

    private func send(_ group: Group) async {
        let place = group.last.place
        if let target = surroundings.target(place.project) {
            let transport = target.isGuarded ? surroundings.guardedTransport : surroundings.transport
            let posting = StatusPosting(
                target.address, route: target.route, token: target.token, transport: transport)
            let known = checkRun(place)
            var progress = PostingProgress(checkRunID: known.id)
            let verdict = await posting.post(
                group.last.status(target.repository), progress: &progress, now: surroundings.now())
            if let id = progress.checkRunID, id != known.id { keep(checkRun: id, place, version: known.version) }
            take(verdict, group)
        } else {
            settle(group)
        }
        busy.remove(place.project)
        pump()
        guard busy.isEmpty else { return }
        for waiter in idleWaiters { waiter.resume() }
        idleWaiters = []
    }

    private func take(_ verdict: ForgeVerdict, _ group: Group) {
        let place = group.last.place
        switch verdict {
        case .done:
            surroundings.counted("delivered")
            settle(group)
        case .givenUp(let diagnostic):
            surroundings.counted("given_up")
            surroundings.report(DiagnosticError(diagnostic))
            settle(group)
        case .later(let span, let diagnostic):
            let now = surroundings.now()
            let isTooOld = now - group.last.at >= TriggerLimits.statusAge
            surroundings.counted(isTooOld ? "given_up" : "retried")
            guard !isTooOld else {
                let text = "The status '\(place.context)' of \(place.sha.prefix(12)) could not be told for a day."
                surroundings.report(DiagnosticError(.statusNotTold, "\(text) \(diagnostic.message)"))
                settle(group)
                return
            }
            let failures = waits[place]?.failures ?? 0
            let longest = Timestamp.Span.seconds(ForgeLimits.longestWaitSeconds)
            let doubled = span.milliseconds << Int64(min(failures, 10))
            waits[place] = (now + min(longest, .milliseconds(doubled)), failures + 1)
        }
    }

    private func settle(_ group: Group) {
        waits[group.last.place] = nil
        do throws(JournalError) {
            try surroundings.store.journal.settleMessages(group.numbers)
        } catch {
            // It is told once more, though not at once.
            let wait = Timestamp.Span.seconds(ForgeLimits.standardWaitSeconds)
            waits[group.last.place] = (surroundings.now() + wait, 0)
            surroundings.report(DiagnosticError(error.diagnostic))
        }
    }

    // MARK: check runs

    private func checkStream(_ place: StatusMessage.Place) -> StreamID {
        StreamID("check/\(place.project)/\(place.sha)/\(digest(place.context))")
    }

    /// The check run that GitHub made of a status: its next state changes that one.
    private func checkRun(_ place: StatusMessage.Place) -> (id: Int?, version: Int) {
        let events = (try? surroundings.store.journal.events(of: checkStream(place))) ?? []
        let data = events.last.flatMap { try? DataValue(json: $0.event.payload) }
        return (data?["id"]?.int, events.count)
    }

    private func keep(checkRun id: Int, _ place: StatusMessage.Place, version: Int) {
        let object: DataObject = ["id": .number(Double(id))]
        let event = NewEvent(type: "checkRunMade", payload: Array(object.jsonText().utf8))
        let append = StreamAppend(checkStream(place), expectedVersion: version, events: [event])
        do throws(JournalError) {
            _ = try surroundings.store.journal.append(append, now: surroundings.now())
        } catch {
            surroundings.report(DiagnosticError(error.diagnostic))
        }
    }
}

extension RunChange.Kind {
    /// Whether a run may change so more than once.
    fileprivate var comesAgain: Bool {
        switch self {
        case .running, .gated: true
        case .began, .held, .finished: false
        }
    }
}
