// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import PipelineModel
internal import RunCoordination
package import SourceControl
internal import SourceForges
internal import ThreadExecution
internal import Timekeeping

/// Working deliveries: fetch, plan, begin.
extension TriggerDesk {
    /// - Returns: when it is to be tried again; `nil`: it is dealt with.
    func work(_ stream: StreamID, _ task: DeskLine.Task, on line: DeskLine) async -> Timestamp? {
        do {
            let project = try project(line.project)
            let cause = try task.cause ?? log.cause(stream)
            let begun = try begunBefore(task, line.project)
            for known in begun.own { try await surroundings.goOn(known.run) }
            if case .dispatch = cause, !begun.own.isEmpty {
                // Its one run is there, whatever the remote has now.
                try log.worked(stream, begun.own.map(\.note), origins: begun.own.map { ($0.key, $0.run) }, at: now)
                return nil
            }
            try await surroundings.reach(project)
            let work = try work(project, line, askedAt: task.receivedAt)
            let id = task.id
            let result = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try work.result(cause, id: id)
            }
            let (notes, origins) = try await start(result.verdicts, begun, line.project)
            try log.worked(stream, notes, origins: origins, at: now)
            note(cause, result, on: line)
            surroundings.worked(project, result.verdicts)
            return nil
        } catch {
            return failed(stream, task, (error as? any CodedError)?.diagnostic ?? Self.unknown(error))
        }
    }

    private static func unknown(_ error: any Error) -> Diagnostic {
        Diagnostic(.deliveryUnreadable, "It could not be worked: \(error)")
    }

    func project(_ id: String) throws(DiagnosticError) -> TriggerProject {
        guard let project = surroundings.projects().first(where: { $0.id == id }) else {
            throw DiagnosticError(.triggerProjectUnusable, "There is no project '\(id)' any more.")
        }
        guard !project.isPaused else {
            throw DiagnosticError(
                .triggerProjectUnusable, "The project \(project.fullName) is paused: nothing of it begins.",
                remedy: "Let it go on in its settings, and redeliver this.")
        }
        return project
    }

    /// - Parameter askedAt: since when what is fetched counts as fresh; `nil`: since now.
    func work(
        _ project: TriggerProject, _ line: DeskLine, askedAt: Timestamp? = nil
    ) throws(DiagnosticError) -> DeliveryWork {
        let credential = try surroundings.credential(project)
        let key = DeskLine.MirrorKey(
            address: project.cloneURL, credential: credential, isGuarded: project.isGuarded)
        let mirror: ProjectMirror
        if let known = line.mirror, known.key == key {
            mirror = known.mirror
        } else {
            mirror = self.mirror(of: project, credential)
            line.mirror = (key, mirror)
            line.fetched = FetchedRefs()
        }
        var project = project
        project.vars = try surroundings.variables(project)
        return DeliveryWork(
            project: project, mirror: mirror, trees: CommitFiles(root: folder(of: project) + "/trees", mirror: mirror),
            environment: surroundings.environment, now: now.milliseconds, table: line.table,
            fetched: line.fetched, askedAt: (askedAt ?? now).milliseconds)
    }

    private nonisolated func folder(of project: TriggerProject) -> String { "\(surroundings.folder)/\(project.id)" }

    /// What was fetched of a project. - Parameter credential: `nil` is enough for reading what is there.
    package nonisolated func mirror(of project: TriggerProject, _ credential: GitCredential? = nil) -> ProjectMirror {
        ProjectMirror(
            folder: folder(of: project) + "/mirror.git", address: project.cloneURL, credential: credential,
            followsRedirects: !project.isGuarded)
    }

    // MARK: beginning

    /// Begins what is to be begun and was not yet.
    private func start(
        _ verdicts: [WorkflowVerdict], _ before: RunsBefore, _ project: String
    ) async throws -> (notes: [DeliveryNote], origins: [(key: String, run: RunID)]) {
        var notes: [DeliveryNote] = []
        var origins: [(key: String, run: RunID)] = []
        var begun = before.all
        for verdict in verdicts {
            switch verdict.outcome {
            case .run(let planned):
                let key = planned.origin
                let recorded = try log.run(of: key, project: project)
                if let run = begun[key], recorded ?? run == run {
                    notes.append(DeliveryNote(.started, path: verdict.path, run: run, reason: planned.reason))
                    origins.append((key, run))
                } else if let run = recorded {
                    let reason = "Run \(run) was begun for the same already."
                    notes.append(DeliveryNote(.known, path: verdict.path, run: run, reason: reason))
                } else {
                    let note = try await begin(planned, verdict.path)
                    notes.append(note)
                    if let run = note.run { (begun[key], origins) = (run, origins + [(key, run)]) }
                }
            case .notTriggered(let reason):
                notes.append(DeliveryNote(.skipped, path: verdict.path, reason: reason.text))
            case .unreadable(let found):
                let text = found.first.map { "\($0.code): \($0.message)" } ?? "It is no workflow."
                notes.append(DeliveryNote(.unreadable, path: verdict.path, reason: text))
            }
        }
        // Of a workflow that is not there any more, too.
        for known in before.own where !origins.contains(where: { $0.key == known.key }) {
            notes.append(known.note)
            origins.append((known.key, known.run))
        }
        // What began comes first: a list that is cut off has it.
        return (notes.filter { $0.run != nil } + notes.filter { $0.run == nil }, origins)
    }

    /// What an earlier try, or an earlier process, has begun without having noted it down.
    private struct RunsBefore {
        /// By what started them.
        var all: [String: RunID] = [:]
        /// Those that are this delivery's and no other's.
        var own: [(key: String, run: RunID, note: DeliveryNote)] = []
    }

    private func begunBefore(_ task: DeskLine.Task, _ project: String) throws(DiagnosticError) -> RunsBefore {
        guard task.isAgain else { return RunsBefore() }
        let since = task.receivedAt + .milliseconds(-TriggerLimits.originMargin.milliseconds)
        var before = RunsBefore()
        before.all = try surroundings.store.origins(
            of: project, since: since.milliseconds, limit: TriggerLimits.originRuns)
        for (key, run) in before.all.sorted(by: { $0.value < $1.value }) {
            guard let path = Occasion.Key.path(of: key, delivery: task.id) else { continue }
            // A record without its beginning may be what another server has left.
            let run = try log.run(of: key, project: project) ?? run
            before.all[key] = run
            let note = DeliveryNote(.started, path: path, run: run, reason: "Run \(run) was begun for it before.")
            before.own.append((key, run, note))
        }
        return before
    }

    private func begin(_ planned: PlannedRun, _ path: String) async throws -> DeliveryNote {
        do {
            let run = try await surroundings.start(planned)
            var reason = planned.reason
            if let fork = planned.fork, fork.isApprovalNeeded { reason += " " + fork.reason }
            return DeliveryNote(.started, path: path, run: run, reason: reason)
        } catch let error as DiagnosticError where error.diagnostic.code == .runRecordTooLarge {
            // It will be too large the next time, too.
            let text = "\(error.diagnostic.code): \(error.diagnostic.message)"
            return DeliveryNote(.refused, path: path, reason: text)
        }
    }

    // MARK: what follows

    private func note(_ cause: TriggerCause, _ result: DeliveryWork.Result, on line: DeskLine) {
        if let table = result.table { take(table, on: line) }
        if case .forge(let events) = cause, events.contains(where: { $0.name == "push" }) { line.lastPushAt = now }
    }

    private func failed(_ stream: StreamID, _ task: DeskLine.Task, _ diagnostic: Diagnostic) -> Timestamp? {
        let time = now
        let retryAt = Self.wait(diagnostic, task.attempts, isAwaited: isAwaited(stream)).map { time + $0 }
        do throws(DiagnosticError) {
            try log.failed(stream, diagnostic, retryAt: retryAt, at: time)
        } catch {
            // It stays unfinished in the journal, and is worked by the next process.
            surroundings.report(error)
        }
        if retryAt == nil { surroundings.report(DiagnosticError(diagnostic)) }
        return retryAt
    }

    /// How long to wait for the next try; `nil`: there is none.
    private static func wait(_ diagnostic: Diagnostic, _ attempts: Int, isAwaited: Bool) -> Timestamp.Span? {
        // Whoever waits for an answer is told, and asks again.
        guard !isAwaited else { return nil }
        if isFinal(diagnostic) { return nil }
        let tries =
            diagnostic.code == .commitMissing ? TriggerLimits.missingCommitRetries : TriggerLimits.retries.count
        return attempts < tries ? TriggerLimits.retries[attempts] : nil
    }

    /// Whether trying the same thing again would come to the same.
    static func isFinal(_ diagnostic: Diagnostic) -> Bool {
        let codes: Set<DiagnosticCode> = [
            .dispatchWorkflowUnknown, .dispatchNotOffered, .dispatchEnvironmentUnknown, .dispatchTooLarge,
            .dispatchTypeInvalid, .dispatchRefMissing, .deliveryUnreadable, .triggerProjectUnusable,
            .commitFilesTooLarge, .refUnusable,
        ]
        return codes.contains(diagnostic.code)
    }
}
