// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RetentionRules
import Testing
import Timekeeping

@Suite("What is removed of runs, and why")
struct RetentionRoundTests {
    private static let now = Timestamp(milliseconds: 2_000_000_000_000)

    private func run(
        _ number: Int, daysAgo: Int64?, project: String = "p1", pipeline: String = "ci.yml",
        hold: KeptRun.Hold? = nil, hasLogs: Bool = true, hasWorkspace: Bool = false
    ) -> KeptRun {
        KeptRun(
            RunID(number), project: project, pipeline: pipeline,
            finishedAt: daysAgo.map { Self.now + .days(-$0) }, hold: hold, hasLogs: hasLogs, hasWorkspace: hasWorkspace)
    }

    private func round(
        _ policy: RetentionPolicy, _ policies: [String: RetentionPolicy] = [:], free: UInt64? = nil
    ) -> RetentionRound {
        RetentionRound(
            now: Self.now, policy: policy, policies: policies,
            disk: free.map { RetentionRound.Disk(freeBytes: $0, rule: DiskRule(minimumBytes: 1_000)) })
    }

    @Test("A run goes once it is over for as many days as runs are kept, and the reason says both numbers")
    func age() {
        let removals = round(RetentionPolicy(runDays: 30)).decide([
            run(1, daysAgo: 31), run(2, daysAgo: 30), run(3, daysAgo: 29), run(4, daysAgo: nil),
        ])
        #expect(removals.map(\.run.number) == [2, 1])
        #expect(removals.last?.sentence == "It ended 31 days before, and is kept for 30 days.")
    }

    @Test("Nothing goes for its age where things are kept for ever")
    func forEver() {
        #expect(round(RetentionPolicy()).decide([run(1, daysAgo: 20_000, hasWorkspace: true)]).isEmpty)
    }

    @Test("Logs go before their run, and only once")
    func logs() {
        let policy = RetentionPolicy(runDays: 400, logDays: 90)
        let removals = round(policy).decide([run(1, daysAgo: 100), run(2, daysAgo: 100, hasLogs: false)])
        #expect(removals == [Removal(RunID(1), .logs, .age(days: 100, limit: 90))])
    }

    @Test("The newest runs of each pipeline stay whole, however old they are")
    func newest() {
        let policy = RetentionPolicy(runDays: 10, logDays: 5, keepLast: 2)
        let removals = round(policy).decide([
            run(1, daysAgo: 900), run(2, daysAgo: 800), run(3, daysAgo: 700),
            run(4, daysAgo: 900, pipeline: "nightly.yml"), run(5, daysAgo: 900, project: "p2"),
        ])
        #expect(removals.map(\.run.number) == [1])
    }

    @Test("A run that is under way counts among the newest of its pipeline")
    func underWayCounts() {
        let removals = round(RetentionPolicy(runDays: 10, keepLast: 1)).decide([
            run(1, daysAgo: 20), run(2, daysAgo: nil),
        ])
        #expect(removals.map(\.run.number) == [1])
    }

    @Test(
        "What runs, what waits for somebody and what is deployed stays, whatever its age and the room on the disk",
        arguments: [KeptRun.Hold.underWay, .waits, .deployed("production")])
    func holds(_ hold: KeptRun.Hold) {
        let all = [run(1, daysAgo: 900, hold: hold, hasWorkspace: true)]
        #expect(
            round(RetentionPolicy(runDays: 1, logDays: 1, workspaceDays: 0), free: 0).decide(all) { _ in 10 }.isEmpty)
    }

    @Test("Where the disk is short the oldest runs go until a quarter more than the limit is free")
    func room() {
        let runs = [
            run(1, daysAgo: 1), run(2, daysAgo: 3), run(3, daysAgo: 2), run(4, daysAgo: 9, hold: .deployed("live")),
        ]
        let removals = round(RetentionPolicy(runDays: 400), free: 600).decide(runs) { _ in 400 }
        #expect(removals.map(\.run.number) == [2, 3])
        #expect(
            removals.first?.sentence
                == "The disk had 600 B free, of which 1000 B must be; it was the oldest that could go.")
    }

    @Test("What goes for its age makes room first; nothing is asked for its size while there is room")
    func ageMakesRoom() {
        let runs = [run(1, daysAgo: 50), run(2, daysAgo: 3)]
        let policy = RetentionPolicy(runDays: 40)
        #expect(round(policy, free: 600).decide(runs) { _ in 700 }.map(\.run.number) == [1])
        _ = round(policy, free: 5_000).decide(runs) { _ in
            Issue.record("a size was asked for")
            return 0
        }
    }

    @Test("The newest of a pipeline stay even where the disk is short")
    func newestStayWithoutRoom() {
        let runs = [run(1, daysAgo: 9), run(2, daysAgo: 3)]
        let removals = round(RetentionPolicy(keepLast: 1), free: 0).decide(runs) { _ in 1 }
        #expect(removals.map(\.run.number) == [1])
    }

    @Test("A project says otherwise for its own runs")
    func projects() {
        let base = RetentionPolicy(runDays: 400, keepLast: 0)
        let own = base.with(["runDays": "7d", "keepLast": "1", "logDays": "no"])
        #expect(own == RetentionPolicy(runDays: 7, keepLast: 1))
        #expect(base.with(["runDays": "forever"]).runDays == nil)
        let runs = [run(1, daysAgo: 9), run(2, daysAgo: 9), run(3, daysAgo: 9, project: "p2")]
        #expect(round(base, ["p1": own]).decide(runs).map(\.run.number) == [1])
    }

    @Test("With 'keep 2' all but the newest two go")
    func surplus() {
        let removals = round(RetentionPolicy(runDays: 0, keepLast: 2)).decide((1...4).map { run($0, daysAgo: 0) })
        #expect(removals.map(\.run.number) == [2, 1])
        #expect(removals.first?.sentence == "The newest 2 of its pipeline were to be kept.")
    }

    @Test("Workspaces go by their own days, of the newest runs too")
    func workspaces() {
        let policy = RetentionPolicy(workspaceDays: 0, keepLast: 5)
        let removals = round(policy).decide([run(1, daysAgo: 0, hasWorkspace: true), run(2, daysAgo: 0)])
        #expect(removals == [Removal(RunID(1), .workspace, .age(days: 0, limit: 0))])
    }

    @Test("Periods and sizes are read as people write them")
    func texts() {
        #expect(RetentionPolicy.days("30") == .some(30))
        #expect(RetentionPolicy.days("30d") == .some(30))
        #expect(RetentionPolicy.days("forever") == .some(nil))
        for text in ["", "-1", "d", "30 days", "40000", "never"] { #expect(RetentionPolicy.days(text) == nil) }
        #expect(DiskRule.bytes("2G") == 2 << 30)
        #expect(DiskRule.bytes("500m") == 500 << 20)
        #expect(DiskRule.bytes("0") == 0)
        for text in ["", "G", "-1", "2Q", "99999999T"] { #expect(DiskRule.bytes(text) == nil) }
        #expect(DiskRule.text(3 << 29) == "1.5 GB")
        #expect(
            DiskRule(minimumBytes: 1 << 30).refusal(freeBytes: 1 << 29, of: "the server")
                == "No new job is taken: the disk of the server has 512 MB free, and 1 GB must be.")
    }
}
