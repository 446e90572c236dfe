// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import RunCoordination
internal import ScheduleRules
internal import SourceControl
internal import SourceForges
internal import StructuredData
internal import ThreadExecution
internal import Timekeeping

/// What time brings: tries that are due, schedules, polls, and files that nobody needs any more.
extension TriggerDesk {
    /// To be called about once a second.
    package func tick() {
        let time = now
        for project in surroundings.projects() where !project.isPaused && surroundings.isHome(project.id) {
            let line = line(project.id)
            if line.table == nil, !line.isLooking, line.nextLook.map({ $0 <= time }) ?? true {
                put(DeskLine.Task(kind: .look), on: line)
            }
            do throws(DiagnosticError) {
                if let until = line.uncertainUntil {
                    try start([project.id])
                    if until <= time { line.uncertainUntil = nil }
                }
                try fire(project, line, time)
            } catch {
                // What is recorded of its schedules may be more than what is known here.
                line.book = nil
                surroundings.report(error)
            }
            pollIfDue(project, line, time)
            if line.nextSweep.map({ $0 <= time }) ?? true {
                line.nextSweep = time + TriggerLimits.sweepInterval
                put(DeskLine.Task(kind: .sweep), on: line)
            }
        }
        for line in lines.values { pump(line) }
    }

    /// The next moment at which a schedule fires; `nil`: none, or it is not known yet.
    package func nextFire(of project: String) -> Int64? { lines[project]?.nextFire?.milliseconds }

    // MARK: schedules

    private static func bookStream(_ project: String) -> StreamID { StreamID("schedule/\(project)") }

    /// What the default branch waits for now.
    func take(_ table: TriggerTable, on line: DeskLine) {
        line.table = table
        line.reported.remove("look")
        do throws(DiagnosticError) {
            var book = try book(of: line)
            book.set(table.schedules, at: now)
            if book != line.book { try keep(book, on: line) }
            let decision = ScheduleDecision(book, at: now)
            // What was missed is looked at by the next tick.
            let isBehind = !(decision.ticks.isEmpty && decision.missed.isEmpty)
            line.nextFire = isBehind ? now : decision.next
        } catch {
            // Without this look nothing would fire.
            line.table = nil
            line.book = nil
            line.nextLook = now + TriggerLimits.lookInterval
            surroundings.report(error)
        }
    }

    func look(_ line: DeskLine) async {
        do {
            let project = try project(line.project)
            try await surroundings.reach(project)
            let work = try work(project, line)
            let table = try await BlockingWork.attempt { () throws(DiagnosticError) in try work.currentTable() }
            take(table, on: line)
        } catch {
            line.nextLook = now + TriggerLimits.lookInterval
            guard line.reported.insert("look").inserted, let error = error as? DiagnosticError else { return }
            surroundings.report(error)
        }
    }

    private func book(of line: DeskLine) throws(DiagnosticError) -> ScheduleBook {
        if let book = line.book { return book }
        let stream = Self.bookStream(line.project)
        let journal = surroundings.store.journal
        let last: RecordedEvent?
        do throws(JournalError) {
            line.bookVersion = try journal.summary(of: stream)?.version ?? 0
            last = try journal.events(of: stream, from: max(1, line.bookVersion), limit: 1).first
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        var book = ScheduleBook()
        if let payload = last?.event.payload, let data = try? DataValue(json: payload),
            let known = try? ScheduleBook(data: data)
        {
            book = known
            line.lastPushAt = data["lastPushAt"]?.int.map { Timestamp(milliseconds: Int64($0)) }
        }
        line.book = book
        return book
    }

    private func append(_ book: ScheduleBook, on line: DeskLine) -> StreamAppend {
        var data = book.data.object ?? [:]
        data.set("lastPushAt", line.lastPushAt.map { .number(Double($0.milliseconds)) })
        let event = NewEvent(type: "schedulesKept", payload: Array(data.jsonText().utf8))
        return StreamAppend(Self.bookStream(line.project), expectedVersion: line.bookVersion, events: [event])
    }

    private func keep(_ book: ScheduleBook, on line: DeskLine) throws(DiagnosticError) {
        do throws(JournalError) {
            _ = try surroundings.store.journal.append(append(book, on: line), now: now)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        line.bookVersion += 1
        line.book = book
    }

    private func fire(_ project: TriggerProject, _ line: DeskLine, _ time: Timestamp) throws(DiagnosticError) {
        guard line.table != nil, let next = line.nextFire, next <= time else { return }
        var book = try book(of: line)
        let settings = ScheduleDecision.Settings(
            restsAfterDays: project.schedulesRestAfterDays, lastPushAt: line.lastPushAt)
        let decision = ScheduleDecision(book, at: time, settings)
        for (entry, until, reason) in decision.missed {
            book.note(entry, until: until)
            surroundings.report(DiagnosticError(.scheduleMissed, "\(entry.path) of \(project.fullName): \(reason)"))
        }
        for (entry, problem) in decision.problems where line.reported.insert(entry.path + entry.cron).inserted {
            surroundings.report(DiagnosticError(problem))
        }
        for tick in decision.ticks {
            book.note(tick.line, until: tick.time)
            // The tick and that it is dealt with are one change.
            let kept = append(book, on: line)
            if try receive(.schedule(tick), id: OwnDeliveryID.schedule.id(tick.key), on: line, with: [kept]) {
                line.bookVersion += 1
                line.book = book
            }
        }
        if book != line.book { try keep(book, on: line) }
        line.nextFire = decision.next
    }

    /// Among the project's other work, so that nobody just reads what goes.
    func sweep(_ line: DeskLine) async {
        do {
            let work = try work(try project(line.project), line)
            let before = (now + .milliseconds(-TriggerLimits.treeAge.milliseconds)).milliseconds * 1_000_000
            let kept: Set<String> = line.table.map { [$0.commit] } ?? []
            try await BlockingWork.attempt { () throws(DiagnosticError) in
                try work.trees.sweep(before: before, keeping: kept)
            }
        } catch {
            if let error = error as? DiagnosticError { surroundings.report(error) }
        }
    }

    // MARK: polls

    private func pollIfDue(_ project: TriggerProject, _ line: DeskLine, _ time: Timestamp) {
        guard let seconds = project.pollSeconds, !line.isPolling else { return }
        guard line.nextPoll.map({ $0 <= time }) ?? true else { return }
        let base = Int64(max(seconds, TriggerLimits.shortestPollSeconds))
        let longest = max(base, Int64(TriggerLimits.longestPollSeconds))
        line.nextPoll = time + .seconds(min(longest, base << Int64(min(line.failedPolls, 16))))
        put(DeskLine.Task(kind: .poll), on: line)
    }

    func poll(_ line: DeskLine) async {
        do {
            let project = try project(line.project)
            try await surroundings.reach(project)
            let work = try work(project, line)
            let path = "\(surroundings.folder)/\(project.id)/refs.json"
            let seen = line.memory ?? RefMemory(path)
            line.memory = seen
            let text = try await BlockingWork.attempt { () throws(DiagnosticError) in
                try work.mirror.listing(withRequests: project.pollsRequests)
            }
            let polling = try RefPolling(
                try RefListing(lsRemote: text), seen: seen, current: line.memory, repository: project.repository,
                forge: project.forge)
            for delivery in polling.deliveries {
                _ = try receive(.forge(delivery.events), id: delivery.id, on: line)
            }
            // Only now: what is told twice is known.
            line.memory = polling.memory
            if polling.memory != seen {
                try Files.replace(path, with: polling.memory.data.jsonText().utf8, mode: 0o600)
            }
            line.failedPolls = 0
            line.reported.remove("poll")
        } catch {
            line.failedPolls += 1
            guard line.reported.insert("poll").inserted, let error = error as? DiagnosticError else { return }
            surroundings.report(error)
        }
    }
}

extension RefMemory {
    /// The refs that were last seen, as the file has them; nothing is known where it is missing or damaged.
    fileprivate init(_ path: String) {
        let limits = JSONLimits(maximumBytes: TriggerLimits.refMemoryBytes)
        let text = (try? Files.readIfPresent(path, limit: TriggerLimits.refMemoryBytes)) ?? nil
        let data = text.flatMap { try? DataValue(json: $0, limits: limits) }
        self = data.flatMap { try? RefMemory(data: $0) } ?? RefMemory()
    }
}
