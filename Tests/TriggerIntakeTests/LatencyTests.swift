// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import RunCoordination
import SourceForges
import Synchronization
import Testing
import Timekeeping
import TriggerIntake

/// Measures, and fails for nothing that depends on the machine.
@Suite("From a webhook to a run that begins")
struct LatencyTests {
    @Test("It is carried out by the coordinator itself, and how long it takes is shown")
    func measured() async throws {
        let ground = try Ground()
        var before = try ground.origin.commit([
            ".github/workflows/ci.yml": workflow("push", name: "CI", job: "    strategy: {matrix: {n: [1, 2, 3]}}\n"),
            ".github/workflows/docs.yml": workflow("{push: {paths: ['docs/**']}}"),
            ".github/actions/x/action.yml": "name: x\nruns: {using: composite, steps: []}\n",
        ])
        let began = Mutex<ContinuousClock.Instant?>(nil)
        let coordinator = RunCoordinator(RunCoordinator.Surroundings(store: ground.store, feed: LiveFeed()))
        var surroundings = ground.surroundings
        surroundings.start = { planned in
            began.withLock { $0 = .now }
            return try await coordinator.begin(planned.record)
        }
        let desk = TriggerDesk(surroundings)
        _ = try await desk.receive(try ground.push(to: before, id: "first"), of: "prj_1")
        await desk.idle()
        var times: [Duration] = []
        for number in 1...9 {
            let after = try ground.origin.commit(["src/a": "\(number)"])
            let delivery = try ground.push(from: before, to: after, id: "p\(number)")
            let start = ContinuousClock.now
            _ = try await desk.receive(delivery, of: "prj_1")
            await desk.idle()
            times.append(try #require(began.withLock { $0 }) - start)
            before = after
        }
        // The first push made the branch, and all there is counts as changed.
        #expect(await coordinator.active.count == 11)
        let sorted = times.sorted()
        let shown = [sorted[0], sorted[sorted.count / 2], sorted[sorted.count - 1]]
            .map { String($0.components.attoseconds / 1_000_000_000_000_000) }
        print("webhook to begin, ms: best \(shown[0]), median \(shown[1]), worst \(shown[2])")
    }
}
