// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import JournalSimulation
internal import PipelineModel
internal import RunEngine
package import RunSimulation
internal import RunnerProtocol

/// One seeded world of many machines: servers on one database, runners, a cluster, a forge. What decides is the product's; what carries
/// messages and fails is simulated. A violated invariant ends it.
package final class World {
    let seed: UInt64
    let defect: WorldDefect?
    var random: SeededRandom
    let shape: WorldShape
    /// Virtual milliseconds.
    var clock: Int64 = 1_700_000_040_000
    let begin: Int64 = 1_700_000_040_000
    private var queue = TimedQueue<() -> Void>()
    private(set) var happenings = 0
    private(set) var violation: String?
    private let isKeepingTranscript: Bool
    private var transcript: [String] = []
    private var isOver = false

    let database: WorldDatabase
    /// Runs' folders, by run: on a disk that all servers mount.
    var records: [RunID: WorldRecord] = [:]
    let projects: [String]
    var servers: [ServerSlot] = []
    var runners: [WorldRunner] = []
    var cluster: WorldCluster?
    let forge: WorldForge
    let ledger = WorldLedger()

    package init(seed: UInt64, defect: WorldDefect? = nil, isKeepingTranscript: Bool = false) {
        self.seed = seed
        self.defect = defect
        self.isKeepingTranscript = isKeepingTranscript
        random = SeededRandom(seed: seed ^ 0x57_4F52_4C44)
        shape = WorldShape(&random)
        database = WorldDatabase()
        projects = (1...shape.projects).map { "p\($0)" }
        forge = WorldForge()
    }

    /// - Returns: what came of it.
    package func run() -> WorldReport {
        setUp()
        while violation == nil, !isOver, let (time, happening) = queue.popFirst() {
            clock = time
            happenings += 1
            happening()
        }
        if violation == nil { checkEnd() }
        let report = WorldReport(
            seed: seed, violation: violation, happenings: happenings, runs: records.count, counts: ledger.counts,
            virtualMs: clock - begin, transcript: transcript)
        // Closures hold the world.
        queue = TimedQueue()
        tearDown()
        return report
    }

    // MARK: time

    var elapsed: Int64 { clock - begin }
    var isCalm: Bool { elapsed >= shape.chaosMs }

    /// Something happens later: not where the party has ended by then, and not before it goes on where it stands still.
    func after(_ delay: Int64, _ party: Party?, _ body: @escaping () -> Void) {
        guard let party else { return queue.insert(body, at: clock + delay) }
        queue.insert({ [unowned self] in self.perform(party, body) }, at: clock + delay)
    }

    private func perform(_ party: Party, _ body: @escaping () -> Void) {
        guard party.isUp else { return }
        guard party.pausedUntil <= clock else {
            return queue.insert({ [unowned self] in self.perform(party, body) }, at: party.pausedUntil)
        }
        body()
    }

    func end() { isOver = true }

    // MARK: what is told

    func note(_ text: @autoclosure () -> String) {
        guard isKeepingTranscript else { return }
        transcript.append("\(elapsed) \(text())")
    }

    func violate(_ text: String) {
        guard violation == nil else { return }
        violation = text
        note("VIOLATED \(text)")
    }

    // MARK: messages

    func chance(permille: Int) -> Bool { permille > 0 && !isCalm && random.below(1_000) < permille }

    /// How long a message is on its way.
    func latency() -> Int64 {
        chance(permille: shape.latePermille) ? Int64(random.within(50...2_500)) : Int64(random.within(1...8))
    }

    /// A request and its answer: either may be lost, late or doubled, and the other side may be gone.
    ///
    /// - Parameter then: once: with the answer, or `nil`.
    func call<Answer>(
        _ asker: Party, _ target: ServerProcess?, timeoutMs: Int64 = 5_000,
        _ handle: @escaping (ServerProcess, @escaping (Answer?) -> Void) -> Void,
        then: @escaping (Answer?) -> Void
    ) {
        var isDone = false
        let finish: (Answer?) -> Void = { answer in
            guard !isDone else { return }
            isDone = true
            then(answer)
        }
        guard let target, target.isUp else { return after(3, asker) { finish(nil) } }
        after(timeoutMs, asker) { finish(nil) }
        let copies = chance(permille: shape.lossPermille) ? 0 : chance(permille: shape.doublePermille) ? 2 : 1
        for _ in 0..<copies {
            after(latency(), nil) { [unowned self] in
                // Its address refuses.
                guard target.isUp else { return after(2, asker) { finish(nil) } }
                after(0, target) {
                    handle(target) { answer in
                        guard !self.chance(permille: self.shape.lossPermille) else { return }
                        self.after(self.latency(), asker) { finish(answer) }
                    }
                }
            }
        }
    }

    /// Some server, as a load balancer gives one: it does not always know who lives.
    func door() -> ServerProcess? { servers[random.below(servers.count)].process }
}

/// What came of one seed.
package struct WorldReport: Sendable {
    package var seed: UInt64
    /// The invariant that did not hold; `nil` where all did.
    package var violation: String?
    package var happenings: Int
    package var runs: Int
    package var counts: [String: Int]
    package var virtualMs: Int64
    package var transcript: [String]
}
