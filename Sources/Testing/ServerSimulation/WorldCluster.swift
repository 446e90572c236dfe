// SPDX-License-Identifier: Apache-2.0

internal import ClusterRules
internal import Diagnostics
internal import JobDispatch
internal import PipelineModel
internal import RunEngine
internal import RunSimulation
internal import RunnerProtocol
internal import StructuredData

/// A pod, as the cluster has it.
final class WorldPod: Party {
    enum Fate { case waiting, running, over, failed(String), gone }

    let lease: LeaseKey
    let node: Int
    var fate = Fate.waiting
    var carrier: Carrier?
    /// It finds no node.
    var hasNoRoom = false
    var heardAt: Int64 = 0
    /// Its node reaches nobody.
    var isCutOff = false

    init(_ lease: LeaseKey, node: Int, number: Int) {
        (self.lease, self.node) = (lease, node)
        super.init("pod\(number)")
    }

    /// As the API shows it.
    var shown: DataValue {
        let spec: DataValue = ["nodeName": .string("n\(node)")]
        let job: (DataValue) -> DataValue = { state in
            ["phase": "Running", "containerStatuses": [["name": .string(PodStatus.jobContainer), "state": state]]]
        }
        switch fate {
        case .waiting where hasNoRoom:
            let condition: DataValue = [
                "type": "PodScheduled", "status": "False", "message": "0/3 nodes are available.",
            ]
            return ["status": ["phase": "Pending", "conditions": [condition]]]
        case .waiting: return ["spec": spec, "status": ["phase": "Pending"]]
        case .running: return ["spec": spec, "status": job(["running": ["startedAt": "x"]])]
        case .over: return ["spec": spec, "status": job(["terminated": ["exitCode": 0]])]
        case .failed(let reason):
            return ["spec": spec, "status": ["phase": "Failed", "reason": .string(reason)]]
        case .gone: return ["metadata": ["deletionTimestamp": "x"], "spec": spec, "status": ["phase": "Running"]]
        }
    }
}

/// A cluster, and the runner whose jobs are its pods.
final class WorldCluster {
    let id = "cluster"
    let capacity = 3
    let offering = RunnerOffering(name: "cluster", labels: ["any"], capacity: 3)
    var pods: [LeaseKey: WorldPod] = [:]
    var process: ClusterProcess?
    var made = 0
    /// Pods find no node until then.
    var fullUntil: Int64 = 0
}

/// A process of the cluster's runner: the product's book of pods decides, this carries out.
final class ClusterProcess: Party {
    unowned let world: World
    let cluster: WorldCluster
    let instance: String
    var book = PodBook(PodBook.Limits(roomMs: 60_000, imageMs: 60_000))

    init(_ cluster: WorldCluster, number: Int, _ world: World) {
        (self.cluster, self.world, instance) = (cluster, world, "c\(number)")
        super.init("cluster.\(number)")
    }

    func start() {
        // What an earlier process made is named before anything is asked for.
        for lease in cluster.pods.keys { book.take(lease, at: world.clock) }
        list()
        look()
        ask()
    }

    /// The watch begins with a list, and again after it broke off.
    func list() {
        perform(book.listed(Set(cluster.pods.keys)))
        for pod in cluster.pods.values.sorted(by: { $0.name < $1.name }) { see(pod) }
        world.after(20_000, self) { [self] in list() }
    }

    private func look() {
        perform(book.look(at: world.clock))
        world.after(2_000, self) { [self] in look() }
    }

    func see(_ pod: WorldPod) { perform(book.changed(pod.lease, pod.shown, at: world.clock)) }

    func removed(_ pod: WorldPod) { perform(book.removed(pod.lease, pod.shown, at: world.clock)) }

    private func ask(pause: Int64 = 100) {
        let leases = book.leases
        let free = max(0, cluster.capacity - book.held.count)
        var request = PollRequest(instance: instance, free: free, holds: leases.waiting)
        request.elsewhere = leases.running
        let (question, end, id) = (request, world.clock + RunnerLimits.pollMs, cluster.id)
        world.call(self, world.door(), timeoutMs: RunnerLimits.pollMs + 5_000) {
            (door: ServerProcess, reply: @escaping (PollAnswer?) -> Void) in
            door.poll(id, question, until: end, reply: reply)
        } then: { [self] answer in
            guard let answer else {
                return world.after(pause, self) { self.ask(pause: min(pause * 2, 2_000)) }
            }
            for lease in answer.lost where book.held[lease] != nil { drop(lease) }
            for cancellation in answer.cancellations { perform(book.note(cancellation)) }
            for assignment in answer.assignments where book.take(assignment.lease, at: world.clock) {
                if let cancellation = assignment.cancellation { perform(book.note(cancellation)) }
                make(assignment.lease)
            }
            world.after(1, self) { self.ask() }
        }
    }

    private func make(_ lease: LeaseKey) {
        world.after(Int64(world.random.within(10...500)), self) { [self] in
            guard book.held[lease].map({ !$0.isEnding }) ?? false, cluster.pods[lease] == nil else { return }
            world.makePod(lease)
        }
    }

    private func perform(_ acts: [PodBook.Act]) {
        for act in acts {
            switch act {
            case .drop(let lease): drop(lease)
            case .say: break
            case .forsake(let lease, let text):
                guard world.defect != .startsAPodAgainUnderItsLease else {
                    world.removePod(lease)
                    world.makePod(lease)
                    break
                }
                tell(lease) { $0.forsake(lease, text, of: $1, $2) }
            case .fail(let lease, let error):
                end(
                    lease,
                    JobOutcome(
                        .failure, reason: Reason(.setup, "\(error.diagnostic.code): \(error.diagnostic.message)")))
            case .cancel(let lease, let reason):
                end(lease, JobOutcome(.cancelled, reason: Reason(.cancelled, reason)))
            }
        }
    }

    private func end(_ lease: LeaseKey, _ outcome: JobOutcome) {
        let progress = WorldProgress(lease: lease, known: 0, steps: [], end: outcome)
        tell(lease) { server, id, reply in
            server.progress(progress, of: id) { position in reply(position.map { _ in true }) }
        }
    }

    /// Until the server has it.
    private func tell(
        _ lease: LeaseKey, pause: Int64 = 100,
        _ body: @escaping (ServerProcess, String, @escaping (Bool?) -> Void) -> Void
    ) {
        guard book.held[lease] != nil else { return }
        let id = cluster.id
        world.call(self, world.door()) { (door: ServerProcess, reply: @escaping (Bool?) -> Void) in
            door.passOn(of: lease.work.run, { server, reply in body(server, id, reply) }, reply: reply)
        } then: { [self] isTold in
            guard isTold == nil else { return drop(lease) }
            world.after(pause, self) { self.tell(lease, pause: min(pause * 2, 2_000), body) }
        }
    }

    private func drop(_ lease: LeaseKey) {
        book.drop(lease)
        world.removePod(lease)
    }
}
