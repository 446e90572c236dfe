// SPDX-License-Identifier: Apache-2.0

package import RunnerProtocol

/// Which runner gets which job. A value: what is asked of it decides, nothing else. First in, first out among the jobs that
/// a runner can take; a job that comes back goes to the front.
///
/// | of    | from    | by                | to      | when                                              |
/// |-------|---------|-------------------|---------|---------------------------------------------------|
/// | job   | none    | `enqueue`         | queued  | the run machine asks for it                       |
/// | job   | queued  | `take`            | leased  | a runner with its labels and group has room       |
/// | job   | queued  | `withdraw`        | none    | it was cancelled, or its run is over              |
/// | job   | leased  | `heard`           | leased  | the runner says that it has it: renewed           |
/// | job   | leased  | `heard`           | lost    | the runner began anew, and does not have it       |
/// | job   | leased  | `heard`           | lost    | the server began anew, and the runner does not have it |
/// | job   | leased  | `overdue`         | lost    | nothing was heard of the runner for a lease's time |
/// | job   | leased  | `remove`          | lost    | the runner is gone                                |
/// | job   | leased  | `release`         | none    | its end was recorded                              |
/// | job   | lost    | `enqueue(front:)` | queued  | none of its steps had begun                       |
package struct DispatchTable: Sendable {
    package private(set) var runners: [String: DispatchRunner] = [:]
    package private(set) var leases: [JobTry: DispatchLease] = [:]
    private var held: [String: Set<JobTry>] = [:]
    private var queues: [JobDemand.Kind: DemandQueue] = [:]
    private var kinds: [JobTry: JobDemand.Kind] = [:]
    /// Room of runners by their last word, until they are called.
    private var uncalled: [String: Int] = [:]
    private var called: [String: (room: Int, at: Int64)] = [:]
    private var nextPlace = 0
    private var nextFrontPlace = -1
    /// The latest time that anybody gave. A clock that is set back stands still here until it is there again: else the words of
    /// all runners would be older than their leases.
    private var latest: Int64 = 0

    /// How long a lease lasts without a word of its runner, in milliseconds.
    package let leaseMs: Int64

    package init(leaseMs: Int64 = RunnerLimits.leaseMs) { self.leaseMs = leaseMs }

    package var queuedCount: Int { kinds.count }

    private static let longestLookMs: Int64 = 5_000
    private var lookedAt: Int64?

    private mutating func moment(_ now: Int64) -> Int64 {
        latest = max(latest, now)
        return latest
    }

    // MARK: jobs

    /// - Parameter atFront: it was given away before, and came back.
    package mutating func enqueue(_ demand: JobDemand, atFront: Bool = false) {
        guard kinds[demand.work] == nil, leases[demand.work] == nil else { return }
        let place = atFront ? nextFrontPlace : nextPlace
        if atFront { nextFrontPlace -= 1 } else { nextPlace += 1 }
        kinds[demand.work] = demand.kind
        queues[demand.kind, default: DemandQueue()].insert(demand, at: place)
    }

    /// - Returns: whether it waited.
    @discardableResult
    package mutating func withdraw(_ work: JobTry) -> Bool {
        guard let kind = kinds.removeValue(forKey: work) else { return false }
        queues[kind]?.remove(work)
        if queues[kind]?.isEmpty == true { queues[kind] = nil }
        return true
    }

    /// The job's end was recorded, or it is given away no more.
    @discardableResult
    package mutating func release(_ work: JobTry) -> DispatchLease? {
        guard let lease = leases.removeValue(forKey: work) else { return nil }
        held[lease.runner]?.remove(work)
        return lease
    }

    /// The journal gave the lease its fence.
    package mutating func fence(_ work: JobTry, _ fence: Int) { leases[work]?.fence = fence }

    /// A job that was leased when the server ended: its runner has a lease's time to be heard of.
    ///
    /// - Parameter mayBeOnItsWay: the answer that gave it went by another server, which may still bring it.
    package mutating func restore(
        _ demand: JobDemand, runner: String, fence: Int, mayBeOnItsWay: Bool = false, now: Int64
    ) {
        let now = moment(now)
        var lease = DispatchLease(demand: demand, runner: runner, since: now, renewedAt: now)
        lease.fence = fence
        lease.isTaken = true
        lease.isRestored = true
        lease.mayBeOnItsWay = mayBeOnItsWay
        leases[demand.work] = lease
        held[runner, default: []].insert(demand.work)
    }

    /// Jobs that have waited since before a time, the oldest first.
    package func queued(before time: Int64) -> [JobDemand] {
        queues.values.flatMap { $0.demands }.filter { $0.queuedAt < time }.sorted { $0.queuedAt < $1.queuedAt }
    }

    // MARK: runners

    package mutating func add(_ runner: DispatchRunner) {
        var runner = runner
        runner.heardAt = runners[runner.id]?.heardAt
        runner.instance = runners[runner.id]?.instance ?? ""
        runner.free = runners[runner.id]?.free
        runner.leaseMs = leaseMs
        runners[runner.id] = runner
    }

    /// - Parameters:
    ///   - refusal: why the runner takes nothing new; `nil`: it does.
    ///   - holdbacks: what it takes none of.
    package mutating func note(refusal: String?, holdbacks: [Holdback] = [], of id: String) {
        runners[id]?.refusal = refusal
        runners[id]?.holdbacks = holdbacks
    }

    package mutating func pause(_ id: String, _ isPaused: Bool) { runners[id]?.isPaused = isPaused }

    /// - Returns: what it had.
    package mutating func remove(_ id: String) -> [DispatchLease] {
        runners[id] = nil
        uncalled[id] = nil
        called[id] = nil
        return (held[id] ?? []).sorted { $0.description < $1.description }.compactMap { release($0) }
    }

    /// What a poll says of the leases.
    package struct Hearing: Hashable, Sendable {
        /// Of the runner's, by its word, and not by ours.
        package var foreign: [LeaseKey] = []
        /// Its own by our word, and it knows nothing of them: given again.
        package var missed: [DispatchLease] = []
        /// It began anew without them, or the server did, and their answer never came to it.
        package var forgotten: [DispatchLease] = []
    }

    /// A runner polls. Unknown runners are nobody.
    ///
    /// - Parameters:
    ///   - free: for how many more jobs it has room, those of other servers counted.
    ///   - elsewhere: leases that it knows of, and that are renewed by others than itself.
    ///   - others: leases that it has and that others decide, by the word of whoever passes its poll on.
    package mutating func heard(
        _ id: String, instance: String, free: Int? = nil, holds: [LeaseKey], elsewhere: [LeaseKey] = [],
        others: [LeaseKey] = [], now: Int64
    ) -> Hearing {
        let now = moment(now)
        var hearing = Hearing()
        guard let runner = runners[id] else { return hearing }
        let isAnew = !runner.instance.isEmpty && runner.instance != instance
        runners[id]?.heardAt = now
        runners[id]?.instance = instance
        runners[id]?.free = free
        uncalled[id] = free.flatMap { $0 > 0 ? $0 : nil }
        called[id] = nil
        for key in holds {
            guard var lease = leases[key.work], lease.runner == id, lease.fence == key.fence else {
                hearing.foreign.append(key)
                continue
            }
            lease.renewedAt = now
            lease.isTaken = true
            lease.isRestored = false
            leases[key.work] = lease
        }
        for key in elsewhere {
            guard let lease = leases[key.work], lease.runner == id, lease.fence == key.fence else {
                hearing.foreign.append(key)
                continue
            }
            leases[key.work]?.isElsewhere = true
        }
        let known = Set((holds + elsewhere + others).map(\.work))
        for work in (held[id] ?? []).sorted(by: { $0.description < $1.description }) where !known.contains(work) {
            guard var lease = leases[work], lease.fence > 0 else { continue }
            if !lease.isTaken {
                lease.renewedAt = now
                leases[work] = lease
                hearing.missed.append(lease)
            } else if isAnew || (lease.isRestored && isPast(lease, now)) {
                release(work)
                hearing.forgotten.append(lease)
            }
        }
        return hearing
    }

    /// Whether an answer that gave a restored lease would come too late by now. Until then it may be on its way: a poll that knows nothing of
    /// the lease says nothing.
    private func isPast(_ lease: DispatchLease, _ now: Int64) -> Bool {
        !lease.mayBeOnItsWay || now - lease.since > RunnerLimits.silenceMs(ofLease: leaseMs)
    }

    /// Progress came: the lease is as good as renewed.
    ///
    /// - Returns: `false` where the lease is not the runner's.
    package mutating func renew(_ key: LeaseKey, by id: String, now: Int64) -> Bool {
        let now = moment(now)
        guard let lease = leases[key.work], lease.runner == id, lease.fence == key.fence else { return false }
        runners[id]?.heardAt = now
        leases[key.work]?.renewedAt = now
        leases[key.work]?.isTaken = true
        leases[key.work]?.isRestored = false
        return true
    }

    /// Gives a runner what it can take. The leases have no fence yet.
    package mutating func take(_ id: String, free: Int, now: Int64) -> [DispatchLease] {
        guard let runner = runners[id], !runner.isPaused, free > 0 else { return [] }
        let now = moment(now)
        // What it was given and has not heard of yet takes room as well.
        let room = min(free, runner.offering.capacity - (held[id]?.count ?? 0))
        var taken: [DispatchLease] = []
        while taken.count < room, let demand = first(for: runner) {
            withdraw(demand.work)
            let lease = DispatchLease(demand: demand, runner: id, since: now, renewedAt: now)
            leases[demand.work] = lease
            held[id, default: []].insert(demand.work)
            taken.append(lease)
            if runner.offering.isEphemeral { break }
        }
        return taken
    }

    /// Runners that wait at another door, and could take what waits here: whoever is called comes here next. Each is called once
    /// until it is heard again. No more of them than there are jobs, so that not all come for one; who has not come within
    /// ``callMs`` is waited for no longer.
    package mutating func call(now: Int64) -> [String] {
        guard !kinds.isEmpty, !uncalled.isEmpty else { return [] }
        let now = moment(now)
        called = called.filter { now - $0.value.at < Self.callMs }
        var found: [String] = []
        for (kind, queue) in queues {
            var missing = queue.count
            for (id, call) in called where runners[id].map(kind.fits) == true { missing -= call.room }
            for (id, free) in uncalled where missing > 0 {
                guard let runner = runners[id], kind.fits(runner), !runner.isPaused, runner.refusal == nil,
                    runner.isConnected(at: now)
                else { continue }
                let room = min(free, runner.offering.capacity - (held[id]?.count ?? 0))
                guard room > 0 else { continue }
                missing -= room
                uncalled[id] = nil
                called[id] = (room, now)
                found.append(id)
            }
        }
        return found.sorted()
    }

    /// So long a runner that was called may take to come.
    static let callMs: Int64 = 250

    private func first(for runner: DispatchRunner) -> JobDemand? {
        var best: (place: Int, demand: JobDemand)?
        for (kind, queue) in queues where kind.fits(runner) {
            guard let first = queue.first, first.place < best?.place ?? .max else { continue }
            best = first
        }
        return best?.demand
    }

    /// Leases whose runners were not heard of in time; they are released. To be asked about once a second: what passes between two
    /// looks that are far apart nobody saw, for the machine stood still, its clock was set, or nothing could be written. That is
    /// nobody's silence.
    package mutating func overdue(at now: Int64) -> [DispatchLease] {
        let now = moment(now)
        if let lookedAt, now - lookedAt > Self.longestLookMs {
            for (work, lease) in leases {
                // One that was renewed meanwhile was heard of: its time begins there, and at the latest now.
                leases[work]?.renewedAt = min(now, lease.renewedAt + now - lookedAt)
            }
        }
        lookedAt = now
        let late = leases.values.filter { lease in
            runners[lease.runner]?.isOwn != true && now - lease.renewedAt > leaseMs
        }
        return late.sorted { $0.demand.work.description < $1.demand.work.description }
            .compactMap { release($0.demand.work) }
    }

    /// When ``overdue(at:)`` may next find something.
    package var nextDeadline: Int64? {
        leases.values.filter { runners[$0.runner]?.isOwn != true }.map { $0.renewedAt + leaseMs + 1 }.min()
    }

    package func holds(_ id: String) -> [DispatchLease] {
        (held[id] ?? []).compactMap { leases[$0] }.sorted { $0.since < $1.since }
    }

    // MARK: for sentences

    /// How many jobs stand before one in its queue; `nil` where it does not wait.
    func before(_ work: JobTry) -> Int? { kinds[work].flatMap { queues[$0]?.before(work) } }

    func demand(_ work: JobTry) -> JobDemand? { kinds[work].flatMap { queues[$0]?.demand(work) } }
}

/// Demands of one kind by place.
struct DemandQueue: Sendable {
    private var entries: [(place: Int, demand: JobDemand)] = []
    private var head = 0

    var isEmpty: Bool { head == entries.count }
    var count: Int { entries.count - head }
    var demands: [JobDemand] { entries[head...].map(\.demand) }
    var first: (place: Int, demand: JobDemand)? { head < entries.count ? entries[head] : nil }

    mutating func insert(_ demand: JobDemand, at place: Int) {
        guard let last = entries.last, head < entries.count, last.place > place else {
            return entries.append((place, demand))
        }
        entries.insert((place, demand), at: entries[head...].firstIndex { $0.place > place } ?? entries.count)
    }

    mutating func remove(_ work: JobTry) {
        guard let index = entries[head...].firstIndex(where: { $0.demand.work == work }) else { return }
        if index == head {
            head += 1
            if head == entries.count || head > 256 && head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
        } else {
            entries.remove(at: index)
        }
    }

    func before(_ work: JobTry) -> Int? {
        entries[head...].firstIndex { $0.demand.work == work }.map { $0 - head }
    }

    func demand(_ work: JobTry) -> JobDemand? { entries[head...].first { $0.demand.work == work }?.demand }
}
