// SPDX-License-Identifier: Apache-2.0

internal import ClusterRules
internal import JobDispatch
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import RunnerProtocol

/// A cluster's nodes and pods, and what becomes of them.
extension World {
    private static let nodes = 3

    func setUpCluster() {
        guard shape.hasCluster else { return }
        let cluster = WorldCluster()
        self.cluster = cluster
        after(Int64(random.within(100...900)), nil) { [unowned self] in startClusterRunner() }
        for _ in 0..<shape.podLosses {
            after(Int64(random.below(Int(shape.chaosMs))), nil) { [unowned self] in loseSomePod() }
        }
        if random.chance(percent: 25) {
            after(Int64(random.below(Int(shape.chaosMs))), nil) { [unowned self] in
                cluster.fullUntil = clock + Int64(random.within(5_000...90_000))
            }
        }
        if random.chance(percent: 30) {
            after(Int64(random.below(Int(shape.chaosMs))), nil) { [unowned self] in
                guard let process = cluster.process else { return }
                note("\(process.name): killed")
                process.isUp = false
                cluster.process = nil
                after(Int64(random.within(500...20_000)), nil) { self.startClusterRunner() }
            }
        }
    }

    private func startClusterRunner() {
        guard let cluster, cluster.process == nil else { return }
        ledger.count("cluster runners")
        let process = ClusterProcess(cluster, number: ledger.counts["cluster runners", default: 0], self)
        ledger.parties.append(process)
        cluster.process = process
        process.start()
    }

    var clusterUnfinished: String? {
        guard let cluster else { return nil }
        if cluster.process == nil { return "the cluster's runner is not there" }
        return cluster.process?.book.held.keys.first.map { "the cluster still has \($0.work)" }
    }

    // MARK: pods

    func makePod(_ lease: LeaseKey) {
        guard let cluster else { return }
        cluster.made += 1
        ledger.count("pods")
        let pod = WorldPod(lease, node: random.below(Self.nodes), number: cluster.made)
        ledger.parties.append(pod)
        cluster.pods[lease] = pod
        note("\(pod.name): made for \(lease.work), fence \(lease.fence)")
        schedule(pod)
    }

    private func schedule(_ pod: WorldPod) {
        guard let cluster, cluster.pods[pod.lease] === pod else { return }
        pod.hasNoRoom = clock < cluster.fullUntil
        if pod.hasNoRoom {
            told(pod)
            return after(3_000, pod) { [unowned self] in schedule(pod) }
        }
        told(pod)
        after(Int64(random.within(100...3_000)), pod) { [unowned self] in
            pod.fate = .running
            told(pod)
            fetch(pod)
        }
    }

    /// The watch tells of a change, sooner or later.
    private func told(_ pod: WorldPod) {
        guard let process = cluster?.process else { return }
        after(Int64(random.within(5...400)), process) { [unowned self] in
            if self.cluster?.pods[pod.lease] === pod { process.see(pod) }
        }
    }

    func removePod(_ lease: LeaseKey) {
        guard let pod = cluster?.pods.removeValue(forKey: lease) else { return }
        // It is ended with a delay, as its node hears of it.
        after(Int64(random.below(1_500)), nil) { [unowned self] in end(pod) }
    }

    private func end(_ pod: WorldPod) {
        guard pod.isUp else { return }
        pod.isUp = false
        // A cluster says that a pod is over once its processes are.
        if let process = pod.carrier?.process { ended(process) }
    }

    private func loseSomePod() {
        guard let cluster, !cluster.pods.isEmpty else { return }
        let all = cluster.pods.values.sorted { $0.name < $1.name }
        let pod = random.pick(all)
        ledger.count("pods lost")
        switch random.below(4) {
        case 0:
            note("\(pod.name): evicted")
            end(pod)
            pod.fate = .failed("Evicted")
            told(pod)
        case 1:
            note("\(pod.name): removed by somebody")
            end(pod)
            pod.fate = .gone
            cluster.pods[pod.lease] = nil
            if let process = cluster.process {
                after(Int64(random.within(5...400)), process) { process.removed(pod) }
            }
        case 2:
            // Its node is lost, and with it all that was there.
            for other in all where other.node == pod.node {
                note("\(other.name): lost with its node")
                end(other)
                after(Int64(random.within(5_000...40_000)), nil) { [unowned self] in
                    other.fate = .failed("NodeLost")
                    told(other)
                }
            }
        default:
            // The node is cut off: its pods go on, and nobody hears of them.
            note("\(pod.name): cut off")
            pod.isCutOff = true
            // A cluster waits for a node that is silent, for longer than leases last.
            after(Int64(random.within(40_000...60_000)), nil) { [unowned self] in
                pod.fate = .failed("NodeLost")
                told(pod)
                after(Int64(random.below(30_000)), nil) { self.end(pod) }
            }
        }
    }

    // MARK: what runs in one

    private func fetch(_ pod: WorldPod, tries: Int = 0) {
        let (lease, sentAt) = (pod.lease, clock)
        call(pod, pod.isCutOff ? nil : door()) { (door: ServerProcess, reply: @escaping (Bool?) -> Void) in
            door.passOn(of: lease.work.run, { $0.fetch(lease, of: "cluster", $1) }, reply: reply)
        } then: { [unowned self] isOurs in
            guard isOurs == true else {
                guard isOurs == nil, clock - sentAt < RunnerLimits.leaseMs, tries < 20 else { return fail(pod) }
                return after(500, pod) { self.fetch(pod, tries: tries + 1) }
            }
            pod.heardAt = sentAt
            let spec = records[lease.work.run]?.spec(of: lease.work.job) ?? JobSpec(steps: [])
            let carrier = Carrier(lease, spec, DiskJob(), pod, at: clock)
            pod.carrier = carrier
            attend(pod)
            watch(pod, carrier)
            begin(carrier, isResumed: false) { self.tell(pod, carrier) }
            tell(pod, carrier)
        }
    }

    /// The program in the pod ends with a failure.
    private func fail(_ pod: WorldPod) {
        pod.fate = .failed("Error")
        end(pod)
        told(pod)
    }

    private func abandon(_ pod: WorldPod, _ carrier: Carrier) {
        guard !carrier.isAbandoned else { return }
        carrier.isAbandoned = true
        stop(carrier)
        fail(pod)
    }

    private func watch(_ pod: WorldPod, _ carrier: Carrier) {
        after(RunnerLimits.leaseMs / 15, pod) { [unowned self] in
            guard !carrier.isAbandoned else { return }
            if clock - pod.heardAt > RunnerLimits.silenceMs(ofLease: RunnerLimits.leaseMs) {
                return abandon(pod, carrier)
            }
            watch(pod, carrier)
        }
    }

    private func attend(_ pod: WorldPod) {
        guard let carrier = pod.carrier, !carrier.isAbandoned else { return }
        let (lease, sentAt) = (pod.lease, clock)
        call(pod, pod.isCutOff ? nil : door()) {
            (door: ServerProcess, reply: @escaping ((isHeld: Bool, cancellation: LeaseCancellation?)?) -> Void) in
            door.passOn(of: lease.work.run, { $0.attend(lease, of: "cluster", $1) }, reply: reply)
        } then: { [unowned self] answer in
            if let answer {
                guard answer.isHeld else { return carrier.disk.outcome == nil ? abandon(pod, carrier) : () }
                pod.heardAt = max(pod.heardAt, sentAt)
                if let cancellation = answer.cancellation, carrier.disk.outcome == nil {
                    stop(carrier)
                    carrier.disk.outcome = JobOutcome(.cancelled, reason: Reason(.cancelled, cancellation.reason))
                    tell(pod, carrier)
                }
            }
            after(answer == nil ? 500 : 3_000, pod) { self.attend(pod) }
        }
    }

    private func tell(_ pod: WorldPod, _ carrier: Carrier, pause: Int64 = 100) {
        guard !carrier.isTelling, !carrier.isAbandoned else { return }
        guard carrier.told < carrier.disk.steps.count || carrier.disk.outcome != nil else { return }
        carrier.isTelling = true
        let sentAt = clock
        let progress = WorldProgress(
            lease: carrier.lease, known: carrier.told, steps: Array(carrier.disk.steps.dropFirst(carrier.told)),
            end: carrier.disk.outcome)
        call(pod, pod.isCutOff ? nil : door()) { (door: ServerProcess, reply: @escaping (WorldPosition?) -> Void) in
            door.passOn(of: progress.lease.work.run, { $0.progress(progress, of: "cluster", $1) }, reply: reply)
        } then: { [unowned self] position in
            carrier.isTelling = false
            guard !carrier.isAbandoned else { return }
            switch position {
            case nil, .refused?: after(pause, pod) { self.tell(pod, carrier, pause: min(pause * 2, 2_000)) }
            case .lost?: abandon(pod, carrier)
            case .has(_, true)?:
                carrier.isAbandoned = true
                pod.fate = .over
                end(pod)
                told(pod)
            case .has(let events, false)?:
                pod.heardAt = max(pod.heardAt, sentAt)
                carrier.told = max(carrier.told, events)
                tell(pod, carrier)
            }
        }
    }
}

extension ServerProcess {
    /// A job says that it is carried out, which renews its lease.
    func attend(
        _ lease: LeaseKey, of runner: String,
        _ reply: @escaping ((isHeld: Bool, cancellation: LeaseCancellation?)?) -> Void
    ) {
        coordinator.enter { [self] in
            guard dispatch.renew(lease, by: runner, now: world.clock) else {
                return whetherSeated { reply($0 ? (false, nil) : nil) }
            }
            let cancellation = runs[lease.work.run]?.jobs[lease.work.job]?.cancellation
            reply((true, cancellation?.lease == lease ? cancellation : nil))
        }
    }
}
