// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import RunCoordination
import Synchronization
import TestFolders
import Testing

@testable import ServerOperation

@Suite("Telling how runs go to those who write it down", .ownFolders)
struct ChangeTellingTests {
    /// Somebody who hears, unless what they have of the project 'p' cannot be written.
    private final class Ear: Sendable {
        private let state = Mutex((isBroken: false, tries: 0, heard: [RunID]()))

        var tries: Int { state.withLock { $0.tries } }
        var heard: [RunID] { state.withLock { $0.heard } }

        func breaks(_ isBroken: Bool) { state.withLock { $0.isBroken = isBroken } }

        func listener(_ name: String) -> ChangeTelling.Listener {
            ChangeTelling.Listener(name: name) { (change) throws(DiagnosticError) in
                let isBroken = self.state.withLock { state in
                    if change.project == "p" { state.tries += 1 }
                    let isBroken = state.isBroken && change.project == "p"
                    if !isBroken { state.heard.append(change.run) }
                    return isBroken
                }
                if isBroken { throw DiagnosticError(.serverStopping, "It cannot be written.") }
            }
        }
    }

    private static func end(_ run: Int, _ record: RunRecord) -> RunChange {
        RunChange(
            run: RunID(run), attempt: 1, project: "p", kind: .finished(.success), at: Int64(run), record: record)
    }

    @Test(
        "One who cannot hear keeps no other from hearing, is asked ever more rarely, and is reported once until it hears"
    )
    func independent() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": ServedRunTests.plain])
        let store = harness.server.store
        let record = try RunRecord.load(from: store, try await harness.begin("ci.yml"))
        let reports = Mutex(0)
        let (deaf, well) = (Ear(), Ear())
        let telling = ChangeTelling(store: store) { _ in reports.withLock { $0 += 1 } }
        telling.start([deaf.listener("deaf"), well.listener("well")])
        deaf.breaks(true)
        for run in 101...103 { telling.note(Self.end(run, record)) }
        while well.heard.count < 3 { await Task.yield() }
        #expect(deaf.tries == 3 && reports.withLock { $0 } == 1)
        // One of another project that comes last says that what came before was dealt with.
        var last = 200
        func tick() async {
            telling.tick()
            last += 1
            var marker = Self.end(last, record)
            marker.project = "other"
            telling.note(marker)
            while well.heard.last != RunID(last) { await Task.yield() }
        }
        for _ in 0..<100 { await tick() }
        let retries = deaf.tries - 3
        #expect((2...8).contains(retries), "\(retries)")
        #expect(reports.withLock { $0 } == 1)
        deaf.breaks(false)
        for _ in 0..<61 { await tick() }
        #expect(Array(well.heard.prefix(3)) == (101...103).map { RunID($0) })
        #expect(deaf.heard.filter { $0.number < 200 }.map(\.number).sorted() == [101, 102, 103])
        #expect(well.heard.filter { $0.number < 200 }.count == 3, "nothing is told twice to who has it")
        deaf.breaks(true)
        telling.note(Self.end(104, record))
        while reports.withLock({ $0 }) < 2 { await Task.yield() }
    }
}
