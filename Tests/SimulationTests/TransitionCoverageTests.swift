// SPDX-License-Identifier: Apache-2.0

import Foundation
import RunEngine
import RunSimulation
import Testing

/// A machine's table, its code and its page say the same.
@Suite struct TransitionCoverageTests {
    private static let folder = "Sources/3-Decision/RunEngine"

    private static let histories: [SimulatedHistory] = (1...3_000).map { seed in
        let simulation = Simulation(seed: UInt64(seed))
        _ = simulation.run()
        return simulation.history
    }

    @Test func runsTakeEveryTransitionOfTheTableAndNoOther() {
        var recorder = TransitionRecorder()
        for history in Self.histories { recorder.fold(run: history.run) }
        compare(recorder, with: "\(Self.folder)/Runs/RunMachine.swift", past: [])
    }

    @Test func jobsTakeEveryTransitionOfTheTableAndNoOther() {
        var recorder = TransitionRecorder()
        for history in Self.histories { for job in history.jobs { recorder.fold(job: job.events) } }
        // Only actions nested past the limit take these two: see JobMachineTests.compositesNestOnlySoDeep.
        compare(
            recorder, with: "\(Self.folder)/Jobs/JobMachine.swift",
            past: [
                TransitionEdge(subject: "step", from: "scheduled", event: "stepCompleting", to: "completing"),
                TransitionEdge(subject: "step", from: "running", event: "stepCompleting", to: "completing"),
            ])
    }

    private func compare(_ recorder: TransitionRecorder, with path: String, past limits: Set<TransitionEdge>) {
        let declared = Set(TransitionTable.edges(in: path))
        #expect(declared.count > 10)
        let taken = Set(recorder.edges.keys).union(limits)
        for edge in declared.subtracting(taken).sorted() { Issue.record("never taken: \(edge)") }
        for edge in taken.subtracting(declared).sorted() { Issue.record("not declared: \(edge)") }
    }

    @Test(arguments: [
        (
            "docs/internals/run-machine.md", "Run machine", "Runs/RunMachine.swift",
            "Carries the jobs of a run. A *leg* is a job that runs: one combination of a matrix, or the job itself. A "
                + "*claim* is what a run or a leg has in a concurrency group."
        ),
        (
            "docs/internals/job-machine.md", "Job machine", "Jobs/JobMachine.swift",
            "Carries the steps of a job, where the job runs."
        ),
    ])
    func thePageShowsTheTable(page: String, title: String, source: String, introduction: String) throws {
        let text = TransitionPage.markdown(
            title: title, introduction: introduction, source: "\(Self.folder)/\(source)")
        if ProcessInfo.processInfo.environment["BLESS"] == "1" {
            let file = Repository.root.appendingPathComponent(page)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(Repository.text(page) == text)
    }
}
