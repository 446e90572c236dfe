// SPDX-License-Identifier: Apache-2.0

import ClusterRules
import Diagnostics
import PipelineModel
import RunnerProtocol
import StructuredData
import Testing

@Suite("What a cluster's runner does about its pods")
struct PodBookTests {
    private static func lease(_ fence: Int = 1) -> LeaseKey {
        LeaseKey(JobTry(run: RunID(1), attempt: 1, job: JobID("build"), number: 1), fence: fence)
    }

    private static let running: DataValue = [
        "status": ["containerStatuses": [["name": "job", "state": ["running": ["startedAt": "x"]]]]]
    ]
    private static let evicted: DataValue = ["status": ["phase": "Failed", "reason": "Evicted"]]
    private static let full: DataValue = [
        "status": ["conditions": [["type": "PodScheduled", "status": "False", "message": "0/3 nodes"]]]
    ]

    private func book() -> PodBook {
        var book = PodBook(PodBook.Limits(roomMs: 1_000, imageMs: 1_000))
        book.take(Self.lease(), at: 0)
        return book
    }

    /// `forsake`, `fail MRT1473` …
    private func shown(_ acts: [PodBook.Act]) -> [String] {
        acts.map { act in
            switch act {
            case .drop: "drop"
            case .forsake: "forsake"
            case .fail(_, let error): "fail \(error.diagnostic.code)"
            case .cancel: "cancel"
            case .say: "say"
            }
        }
    }

    @Test("A pod that is gone is told of once, and after three times its job fails")
    func forsaken() {
        var book = book()
        #expect(shown(book.changed(Self.lease(), Self.evicted, at: 1)) == ["forsake"])
        #expect(book.changed(Self.lease(), Self.evicted, at: 2).isEmpty)
        for (fence, expected) in [(2, "forsake"), (3, "fail MRT1476")] {
            book.take(Self.lease(fence), at: 3)
            #expect(shown(book.changed(Self.lease(fence), Self.evicted, at: 4)) == [expected])
        }
    }

    @Test("A pod that was seen and is in no list any more is gone; one that was never seen is waited for")
    func listed() {
        var book = book()
        #expect(book.listed([]).isEmpty)
        _ = book.changed(Self.lease(), Self.running, at: 1)
        #expect(book.leases.running == [Self.lease()])
        #expect(shown(book.listed([])) == ["forsake"])
    }

    @Test("One that finds no room fails after its time; one that was removed while it waited is forsaken")
    func room() {
        var book = book()
        #expect(shown(book.changed(Self.lease(), Self.full, at: 10)) == ["say"])
        #expect(book.look(at: 1_009).isEmpty)
        #expect(shown(book.look(at: 1_010)) == ["fail MRT1473"])
        book.drop(Self.lease())
        book.take(Self.lease(2), at: 0)
        #expect(shown(book.removed(Self.lease(2), Self.full, at: 5)) == ["say", "forsake"])
    }

    @Test("A cancellation ends what waits; a job whose pod runs hears of it by itself")
    func cancelled() {
        var book = book()
        let cancellation = LeaseCancellation(lease: Self.lease(), isForced: false, reason: "no")
        var other = book
        #expect(shown(other.note(cancellation)) == ["cancel"])
        _ = book.changed(Self.lease(), Self.running, at: 1)
        #expect(book.note(cancellation).isEmpty)
    }
}
