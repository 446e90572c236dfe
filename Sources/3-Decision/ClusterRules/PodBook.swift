// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import RunnerProtocol
package import StructuredData

/// What a cluster's runner knows of its leases and of their pods, and what it does about it. A value: times are milliseconds that the
/// caller gives.
///
/// | of    | from    | by         | to      | when                                                              |
/// |-------|---------|------------|---------|-------------------------------------------------------------------|
/// | lease | none    | `take`     | held    | the server gave it, or the cluster has its Job                    |
/// | lease | held    | `made`     | held    | its Job is in the cluster; without a pod it is asked about         |
/// | lease | held    | `podless`  | ending  | its Job ended or is gone, and no pod of it was ever seen          |
/// | lease | held    | `changed`  | running | its pod runs: the job speaks for itself                           |
/// | lease | held, running | `changed` | none | its pod ended well: the job has told its server everything       |
/// | lease | held, running | `changed`, `listed`, `removed` | ending | its pod is lost, and its server is told           |
/// | lease | held    | `look`, `changed` | ending | there is no room or no image, for too long                    |
/// | lease | held    | `note`     | ending  | it was cancelled, and no pod runs that could hear of it           |
/// | lease | any     | `drop`     | none    | the server knows what became of it, or it is another's            |
package struct PodBook: Sendable {
    package struct Limits: Hashable, Sendable {
        package var roomMs: Int64
        package var imageMs: Int64
        /// A try that came back so often is tried no more.
        package var comebacks = 3
        /// After so long without a pod the cluster is asked why.
        package var silenceMs: Int64 = 5_000
        /// What is over so soon is no news.
        package var toldAfterMs: Int64 = 2_000
        /// Every pod is set up for a while.
        package var setUpToldAfterMs: Int64 = 10_000

        package init(roomMs: Int64, imageMs: Int64) { (self.roomMs, self.imageMs) = (roomMs, imageMs) }
    }

    /// What is to be done.
    package enum Act: Sendable {
        /// Nothing is to be told: its objects go.
        case drop(LeaseKey)
        /// The server is told that what carried it is gone.
        case forsake(LeaseKey, String)
        case fail(LeaseKey, DiagnosticError)
        case cancel(LeaseKey, reason: String)
        /// Something worth a line in the log.
        case say(LeaseKey, String)
    }

    /// A lease that the runner has.
    package struct Held: Sendable {
        /// Its pod runs: it speaks for itself.
        package fileprivate(set) var isRunning = false
        /// Its Job was made.
        package fileprivate(set) var isMade = false
        /// Its pod was seen.
        package fileprivate(set) var hasPod = false
        package fileprivate(set) var podName = ""
        package let takenAt: Int64
        package fileprivate(set) var wait: (since: Int64, wait: PodVerdict.Wait)?
        /// Somebody says already what became of it.
        package fileprivate(set) var isEnding = false
    }

    package private(set) var held: [LeaseKey: Held] = [:]
    /// How often a try at a job came back from the cluster.
    private var comebacks: [JobTry: Int] = [:]
    package let limits: Limits

    package init(_ limits: Limits) { self.limits = limits }

    /// What a poll says of them: those whose pods do not run, and those that speak for themselves.
    package var leases: (waiting: [LeaseKey], running: [LeaseKey]) {
        let all = held.keys.sorted { ("\($0.work)", $0.fence) < ("\($1.work)", $1.fence) }
        return (all.filter { held[$0]?.isRunning == false }, all.filter { held[$0]?.isRunning == true })
    }

    // MARK: leases

    /// - Returns: whether it is new.
    @discardableResult
    package mutating func take(_ lease: LeaseKey, at now: Int64) -> Bool {
        guard held[lease] == nil else { return false }
        held[lease] = Held(takenAt: now)
        return true
    }

    /// Its Job is there.
    package mutating func made(_ lease: LeaseKey) {
        held[lease]?.isMade = true
        // Its pod may have been seen by now, and say what it waits for.
        if held[lease]?.hasPod == false { held[lease]?.wait = nil }
    }

    /// It was cancelled. A job whose pod runs hears of it by itself.
    package mutating func note(_ cancellation: LeaseCancellation) -> [Act] {
        let lease = cancellation.lease
        guard let known = held[lease], !known.isRunning, !known.isEnding else { return [] }
        held[lease]?.isEnding = true
        comebacks[lease.work] = nil
        return [.cancel(lease, reason: cancellation.reason)]
    }

    package mutating func drop(_ lease: LeaseKey) { held[lease] = nil }

    package mutating func fail(_ lease: LeaseKey, _ error: DiagnosticError) -> [Act] {
        guard held[lease]?.isEnding == false else { return [] }
        held[lease]?.isEnding = true
        comebacks[lease.work] = nil
        return [.fail(lease, error)]
    }

    /// What carried the job is gone.
    package mutating func forsake(_ lease: LeaseKey, _ text: String) -> [Act] {
        guard held[lease]?.isEnding == false else { return [] }
        comebacks[lease.work, default: 0] += 1
        guard comebacks[lease.work, default: 0] < limits.comebacks else {
            return fail(
                lease,
                DiagnosticError(
                    .podLost, "It came back from the cluster \(limits.comebacks) times. \(text)",
                    remedy: "See the cluster's nodes, and run the job again."))
        }
        held[lease]?.isEnding = true
        return [.forsake(lease, text)]
    }

    // MARK: pods

    /// All pods that there are: a lease that had one and has none is forsaken.
    package mutating func listed(_ there: Set<LeaseKey>) -> [Act] {
        leases.waiting.filter { held[$0]?.hasPod == true && !there.contains($0) }.flatMap {
            forsake($0, "Its pod is gone.")
        }
            + leases.running.filter { !there.contains($0) }.flatMap { forsake($0, "Its pod is gone.") }
    }

    /// What a pod's state says.
    ///
    /// One that a Job's controller made in place of the first is given nothing by the server: what became of the first is said by it,
    /// unless it says something of the work itself.
    package mutating func changed(_ lease: LeaseKey, _ pod: DataValue, at now: Int64) -> [Act] {
        guard let known = held[lease], !known.isEnding else { return [] }
        let name = pod["metadata"]?["name"]?.string ?? ""
        let verdict = PodVerdict(pod: pod)
        if known.podName.isEmpty || known.podName == name {
            held[lease]?.hasPod = true
            held[lease]?.podName = name
        } else if !verdict.isOfWork {
            return []
        }
        switch verdict {
        case .running:
            held[lease]?.isRunning = true
            held[lease]?.wait = nil
            return []
        case .over:
            comebacks[lease.work] = nil
            return [.drop(lease)]
        case .lost(let text): return forsake(lease, text)
        case .failed(let error): return fail(lease, error)
        case .waiting(nil):
            held[lease]?.wait = nil
            return []
        case .waiting(let wait?): return waits(lease, wait, at: now)
        }
    }

    /// A pod is no more. What it said before it went is told; else it went without a word.
    package mutating func removed(_ lease: LeaseKey, _ pod: DataValue, at now: Int64) -> [Act] {
        let acts = changed(lease, pod, at: now)
        let isJudged = acts.contains { if case .say = $0 { false } else { true } }
        return isJudged ? acts : acts + forsake(lease, PodStatus(pod).gone)
    }

    // MARK: waiting

    /// Leases whose Jobs were made, and of which no pod was seen: the cluster is to be asked about them.
    package func unexplained(at now: Int64) -> [LeaseKey] {
        leases.waiting.filter { lease in
            held[lease].map { $0.isMade && !$0.isEnding && !$0.hasPod && now - $0.takenAt > limits.silenceMs } ?? false
        }
    }

    /// Why no pod is made, as the cluster says it.
    package mutating func unmade(_ lease: LeaseKey, _ text: String, at now: Int64) -> [Act] {
        guard let known = held[lease], !known.hasPod, !known.isEnding else { return [] }
        return waits(lease, PodVerdict.Wait(.room, text), since: known.takenAt, at: now)
    }

    /// Its Job is over or gone, and no pod of it was seen.
    package mutating func podless(_ lease: LeaseKey, _ text: String) -> [Act] {
        held[lease]?.hasPod == false ? forsake(lease, text) : []
    }

    /// Pods that are long in being set up: the cluster is to be asked what stands in the way.
    package func slowlySetUp(at now: Int64) -> [(lease: LeaseKey, pod: String)] {
        leases.waiting.compactMap { lease in
            guard let known = held[lease], !known.isEnding, !known.podName.isEmpty, let (since, wait) = known.wait,
                wait.kind == .setUp, now - since >= limits.setUpToldAfterMs
            else { return nil }
            return (lease, known.podName)
        }
    }

    /// What stands in the way of a pod that is set up.
    package mutating func warned(_ lease: LeaseKey, _ text: String) {
        guard let wait = held[lease]?.wait?.wait, wait.kind == .setUp else { return }
        let plain = wait.text.firstRange(of: Self.warning).map { String(wait.text[..<$0.lowerBound]) } ?? wait.text
        held[lease]?.wait?.wait.text = plain + Self.warning + text
    }

    private static let warning = " The cluster warns: "

    /// Why jobs wait, for the server: what is over soon is not told.
    package func waits(at now: Int64) -> [LeaseWait] {
        leases.waiting.compactMap { lease in
            guard let known = held[lease], !known.isEnding, let (since, wait) = known.wait else { return nil }
            let after = wait.kind == .setUp ? limits.setUpToldAfterMs : limits.toldAfterMs
            return now - since >= after ? LeaseWait(lease, reason: wait.text) : nil
        }
    }

    /// Ends what has waited too long.
    package mutating func look(at now: Int64) -> [Act] { leases.waiting.flatMap { endIfTooLong($0, at: now) } }

    /// - Parameter since: `nil`: it waits from now on, unless it does already.
    package mutating func waits(
        _ lease: LeaseKey, _ wait: PodVerdict.Wait, since: Int64? = nil, at now: Int64
    ) -> [Act] {
        guard held[lease]?.isEnding == false else { return [] }
        let known = held[lease]?.wait
        let isSame = known?.wait.kind == wait.kind
        // Between two tries at an image it looks as if it were on its way; and what is known of one that is long in being set up is
        // more than its pod says.
        if wait.kind == .setUp, isSame || known?.wait.kind == .image { return endIfTooLong(lease, at: now) }
        held[lease]?.wait = (isSame ? known?.since ?? now : since ?? now, wait)
        let said: [Act] = isSame || wait.kind == .setUp ? [] : [.say(lease, "waits: \(wait.text)")]
        return said + endIfTooLong(lease, at: now)
    }

    private mutating func endIfTooLong(_ lease: LeaseKey, at now: Int64) -> [Act] {
        guard let (since, wait) = held[lease]?.wait else { return [] }
        switch wait.kind {
        case .room where now - since >= limits.roomMs: return fail(lease, noRoom(wait.text))
        case .setUp where now - since >= limits.roomMs:
            return fail(
                lease,
                DiagnosticError(
                    .podNotStarted, "Its pod had not begun after \(limits.roomMs / 1_000) s. \(wait.text)",
                    remedy: "See the pod's events, and the volumes and images that it has."))
        case .image where now - since >= limits.imageMs, .never:
            return fail(
                lease,
                DiagnosticError(
                    .podImageMissing, wait.text, remedy: "Check the image's name, its tag, and who may pull it."))
        default: return []
        }
    }

    package func noRoom(_ text: String) -> DiagnosticError {
        DiagnosticError(
            .podWithoutRoom, "There was no room for the job's pod for \(limits.roomMs / 1_000) s. \(text)",
            remedy: "Add nodes or raise the quota, ask for less, or let jobs wait longer with 'roomSeconds'.")
    }
}
