// SPDX-License-Identifier: Apache-2.0

internal import Credentials
package import Diagnostics
internal import FileAccess
package import HTTPMessages
internal import PipelineModel
internal import ProcessControl
package import RetentionRules
package import RunCoordination
package import RunnerProtocol
internal import ThreadExecution
internal import Timekeeping

/// A runner: asks its server for jobs, carries them out, tells what comes of them.
package actor JobRunner {
    package struct Surroundings: Sendable {
        package var store: RunStore
        package var capacity: Int
        /// It takes one job.
        package var isEphemeral = false
        /// It shares the server's machine: silence says nothing.
        package var isOwn = false
        /// Of an own runner.
        package var awayLimits = AwayLimits()
        /// Nothing of the server's disk is here: code, caches and artifacts come and go by the server's address.
        package var isFar = false
        package var pace = AskingPace()
        /// How much must be free on its disk; the own runner's is the server's, which looks itself.
        package var disk = DiskRule.standard
        /// What a job is carried out with.
        package var settings: @Sendable (JobContent) throws(DiagnosticError) -> RunSession.Settings
        /// Where the server is now.
        package var link: @Sendable () throws(DiagnosticError) -> ServerLink
        package var report: @Sendable (DiagnosticError) -> Void

        package init(
            store: RunStore, capacity: Int,
            settings: @escaping @Sendable (JobContent) throws(DiagnosticError) -> RunSession.Settings,
            link: @escaping @Sendable () throws(DiagnosticError) -> ServerLink,
            report: @escaping @Sendable (DiagnosticError) -> Void
        ) {
            self.store = store
            self.capacity = capacity
            self.settings = settings
            self.link = link
            self.report = report
        }
    }

    private let surroundings: Surroundings
    private let leases: LeaseFolder
    /// Of this process.
    private let instance = String(UInt64.random(in: .min ... .max), radix: 36)
    private var carriers: [LeaseKey: JobCarrier] = [:]
    private var tasks: [LeaseKey: Task<Void, Never>] = [:]
    private let holds = RunHolds()
    private var heardAt = BootInstant.now()
    /// Since when each question failed; a machine that slept meanwhile has asked none.
    private var awaySince: BootInstant?
    private var isDismissed = false
    private var isLeaving = false
    private var hasTaken = false
    private var hasReported = false

    /// How often it is looked whether the server is silent.
    private static let looksPerLease: Int64 = 15
    /// As the server last said.
    private var leaseMs = RunnerLimits.leaseMs

    package init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
        leases = LeaseFolder(store: surroundings.store)
    }

    /// Works until it is dismissed, or asked to leave and done with what it has.
    package func run() async throws(DiagnosticError) {
        let link = try surroundings.link()
        // Beside the polls: one that is not answered at all says nothing for a long time.
        let watch = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(leaseMs / Self.looksPerLease))
                endIfSilent()
            }
        }
        defer { watch.cancel() }
        await goOn(link)
        let sweeper = keepHouse()
        defer { sweeper.cancel() }
        var pause = surroundings.pace.first
        while !isOver, !isForsaken {
            let isHeard = await ask()
            if isHeard {
                pause = surroundings.pace.first
                continue
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    private var isOver: Bool {
        let takesNothing = isDismissed || isLeaving || (surroundings.isEphemeral && hasTaken)
        return takesNothing && carriers.isEmpty
    }

    /// Whether nobody will hear of an own runner any more: its folder is gone, or its server has been away for too long.
    private var isForsaken: Bool {
        guard surroundings.isOwn, let awaySince else { return false }
        let away = BootInstant.now() - awaySince
        let isHomeless = !Files.isDirectory(surroundings.store.root)
        if carriers.isEmpty, leases.all().isEmpty {
            return isHomeless || away >= surroundings.awayLimits.idle
        }
        guard away >= (isHomeless ? surroundings.awayLimits.idle : surroundings.awayLimits.busy) else { return false }
        for carrier in carriers.values { carrier.say(.abandon) }
        return carriers.isEmpty
    }

    /// Takes nothing more; what it has is carried to its end.
    package func leave() {
        isLeaving = true
        waiting?.giveUp()
    }

    // MARK: polling

    /// - Returns: whether the server answered.
    private func ask() async -> Bool {
        let link: ServerLink
        do throws(DiagnosticError) {
            link = try surroundings.link()
        } catch {
            failed(error)
            return false
        }
        let takesMore = !isDismissed && !isLeaving && !(surroundings.isEphemeral && hasTaken)
        let refusal = refusal()
        let free = takesMore && refusal == nil ? max(0, surroundings.capacity - carriers.count) : 0
        isFull = free == 0
        var request = PollRequest(
            instance: instance, free: free, holds: carriers.keys.sorted { "\($0.work)" < "\($1.work)" })
        request.refusal = refusal
        let polling = OpenPolling(request, link)
        waiting = polling
        defer { waiting = nil }
        let askedAt = BootInstant.now()
        do throws(DiagnosticError) {
            guard let answer = try await polling.answer() else { return true }
            waiting = nil
            heard(askedAt)
            await take(answer, link, askedAt)
            return true
        } catch {
            if error.diagnostic.code == .credentialRefused { isDismissed = true }
            failed(error)
            return false
        }
    }

    /// Why it takes nothing new; `nil`: it does.
    private func refusal() -> String? {
        guard !surroundings.isOwn, let free = FreeSpace.bytes(at: surroundings.store.root) else { return nil }
        return surroundings.disk.refusal(freeBytes: free, of: "the runner")
    }

    private var waiting: OpenPolling?

    /// Whether the poll under way said that there is no room.
    private var isFull = false

    /// A job that ended made room: a poll that had none to offer is given up for one that has. One that had some is left
    /// alone, for giving it up costs a connection; whatever answers it leads to the next, which tells of all the room.
    private func askAnew() { if isFull { waiting?.giveUp() } }

    /// - Parameter askedAt: the leases hold from the question on, not from its answer: those may be far apart.
    private func heard(_ askedAt: BootInstant) {
        heardAt = max(heardAt, askedAt)
        awaySince = nil
        hasReported = false
        for carrier in carriers.values { carrier.wake() }
    }

    private func failed(_ error: DiagnosticError) {
        if awaySince == nil { awaySince = .now() }
        report(error)
    }

    /// Said once until the server is heard again.
    private func report(_ error: DiagnosticError) {
        guard !hasReported else { return }
        hasReported = true
        surroundings.report(error)
    }

    /// Before the leases can be given to somebody else.
    private func endIfSilent() {
        guard !surroundings.isOwn,
            BootInstant.now() - heardAt > .milliseconds(RunnerLimits.silenceMs(ofLease: leaseMs))
        else { return }
        for carrier in carriers.values { carrier.say(.abandon) }
    }

    private func take(_ answer: PollAnswer, _ link: ServerLink, _ askedAt: BootInstant) async {
        leaseMs = answer.leaseMs
        if answer.isDismissed { isDismissed = true }
        for lease in answer.lost { carriers[lease]?.say(.abandon) }
        for cancellation in answer.cancellations { tell(cancellation) }
        // A machine that stood still meanwhile: what it was given may be another's by now. What is not is given again.
        let age = BootInstant.now() - askedAt
        guard surroundings.isOwn || age <= .milliseconds(RunnerLimits.silenceMs(ofLease: leaseMs)) else { return }
        for assignment in answer.assignments where carriers[assignment.lease] == nil {
            do throws(DiagnosticError) {
                let content = try JobContent(object: assignment.content)
                try leases.keep(assignment.lease)
                carry(assignment.lease, content, link)
                tell(assignment.cancellation)
                hasTaken = true
            } catch {
                surroundings.report(error)
            }
        }
    }

    private func tell(_ cancellation: LeaseCancellation?) {
        guard let cancellation else { return }
        carriers[cancellation.lease]?.say(.cancel(isForced: cancellation.isForced, reason: cancellation.reason))
    }

    // MARK: housekeeping

    private func keepHouse() -> Task<Void, Never> {
        let (house, report) = (RunnerHousekeeping(store: surroundings.store), surroundings.report)
        let (holds, isFar) = (holds, surroundings.isFar)
        return Task {
            while !Task.isCancelled {
                do throws(DiagnosticError) {
                    try await house.round(.now(), holds, isFar: isFar, report: report)
                } catch {
                    report(error)
                }
                try? await Task.sleep(for: RunnerHousekeeping.rhythm)
            }
        }
    }

    // MARK: jobs

    private func carry(_ lease: LeaseKey, _ content: JobContent?, _ link: ServerLink) {
        let carrier = JobCarrier(
            lease, store: surroundings.store, link: link, pace: surroundings.pace, report: surroundings.report)
        // The same try, given again: two never work in its folders at the same time.
        let before = tasks.filter { $0.key.work == lease.work }.map(\.value)
        carriers[lease] = carrier
        holds.take(lease.work.run)
        tasks[lease] = Task {
            for task in before { await task.value }
            // What an earlier job of the run left may just be going.
            await holds.untilFree(lease.work.run)
            // One that was over under an earlier lease only has to be told.
            carrier.start(
                isOver(lease) ? nil : content, isFar: surroundings.isFar, settings: surroundings.settings)
            let isTold = await carrier.tell { Task { await self.noteHeard() } }
            self.finished(lease, isTold: isTold)
        }
    }

    private func isOver(_ lease: LeaseKey) -> Bool {
        (try? LeasedEnd.load(surroundings.store, lease.work)) ?? nil != nil
    }

    private func noteHeard() {
        heardAt = .now()
        awaySince = nil
    }

    private func finished(_ lease: LeaseKey, isTold: Bool) {
        carriers[lease] = nil
        tasks[lease] = nil
        leases.forget(lease)
        // What the server has not may be asked for once more, by another lease of the same try: the journal tells then what
        // was done, and the log has to be there with it. Housekeeping removes both.
        if isTold { sweep(lease) }
        holds.release(lease.work.run)
        askAnew()
    }

    private func sweep(_ lease: LeaseKey) {
        guard !carriers.keys.contains(where: { $0.work == lease.work }) else { return }
        let isLast = !carriers.keys.contains { $0.work.run == lease.work.run }
        LeasedEnd.sweep(surroundings.store, lease.work, isLast: isLast)
    }

    /// Answers after which a job of an earlier process is given up.
    private static let ends: Set<DiagnosticCode> = [
        .leaseLost, .credentialRefused, .runRecordUnreadable, .serverAnswerInvalid,
    ]

    /// The jobs that an earlier process of this runner had.
    private func goOn(_ link: ServerLink) async {
        for lease in leases.all() {
            if isOver(lease) {
                carry(lease, nil, link)
                continue
            }
            var pause = surroundings.pace.first
            while true {
                do throws(DiagnosticError) {
                    let assignment = try await link.assignment(lease)
                    leaseMs = assignment.leaseMs
                    heardAt = .now()
                    awaySince = nil
                    carry(lease, try JobContent(object: assignment.content), link)
                    tell(assignment.cancellation)
                } catch {
                    guard Self.ends.contains(error.diagnostic.code) else {
                        // The server is away, or not yet itself: that says nothing of the job.
                        failed(error)
                        if isForsaken { return }
                        try? await Task.sleep(for: pause)
                        pause = surroundings.pace.next(after: pause)
                        continue
                    }
                    // It is somebody else's by now, or cannot be gone on with.
                    awaySince = nil
                    leases.forget(lease)
                }
                break
            }
        }
    }
}
