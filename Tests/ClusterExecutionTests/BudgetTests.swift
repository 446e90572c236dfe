// SPDX-License-Identifier: Apache-2.0

import ClusterExecution
import RunnerProtocol
import StructuredData
import Testing

@Suite("Budgets, hours and quotas")
struct BudgetTests {
    private static let noon: Int64 = 20_000 * 86_400_000 + 12 * 3_600_000
    private static let minute: Int64 = 60_000

    private static func settings(_ budgets: DataValue) throws -> ExecutorSettings {
        try ExecutorSettings(data: ["image": "i", "tools": "t", "budgets": budgets])
    }

    private static func charge(_ project: String, _ milliCPUs: Int, from start: Int64, to end: Int64?) -> PodCharge {
        var charge = PodCharge(project: project, milliCPUs: milliCPUs)
        (charge.startedAt, charge.finishedAt) = (start, end)
        return charge
    }

    @Test("What ran and what runs is counted; a project that had its share waits until the next day, and says so")
    func budget() throws {
        let settings = try Self.settings(["shop": ["cpuMinutesPerDay": 10], "*": ["cpuMinutesPerDay": 100]])
        var ledger = BudgetLedger(now: Self.noon)
        ledger.note(project: "prj_1", name: "shop")
        ledger.note(project: "prj_2", name: "blog")
        ledger.charge(Self.charge("prj_1", 2000, from: Self.noon, to: Self.noon + 4 * Self.minute), at: Self.noon)
        ledger.charge(Self.charge("prj_2", 2000, from: Self.noon, to: Self.noon + 6 * Self.minute), at: Self.noon)
        #expect(ledger.holdbacks(settings, running: [], at: Self.noon).isEmpty)
        let running = [Self.charge("prj_1", 1000, from: Self.noon, to: nil)]
        #expect(ledger.holdbacks(settings, running: running, at: Self.noon + Self.minute).isEmpty)
        let held = ledger.holdbacks(settings, running: running, at: Self.noon + 2 * Self.minute)
        #expect(held.map(\.project) == ["prj_1"])
        #expect(held.first?.reason.contains("'shop'") == true && held.first?.reason.contains("10 of 10") == true)
        ledger.turn(to: Self.noon + 13 * 60 * Self.minute)
        #expect(ledger.holdbacks(settings, running: [], at: Self.noon + 13 * 60 * Self.minute).isEmpty)
        #expect(ledger.entries["prj_1"]?.name == "shop")
    }

    @Test("What is kept in the cluster is read again; of another day only the names; of nonsense nothing")
    func kept() throws {
        var ledger = BudgetLedger(now: Self.noon)
        ledger.note(project: "prj_1", name: "my shop")
        ledger.charge(Self.charge("prj_1", 1500, from: 0, to: Self.minute), at: Self.noon)
        let again = BudgetLedger(data: .object(ledger.data), now: Self.noon + 1)
        #expect(again == ledger)
        #expect(again.entries["prj_1"]?.cpuMinutes == 1.5)
        let tomorrow = BudgetLedger(data: .object(ledger.data), now: Self.noon + 86_400_000)
        #expect(tomorrow.entries["prj_1"] == BudgetLedger.Entry(name: "my shop", cpuMinutes: 0))
        #expect(BudgetLedger(data: ["day": "20000", "prj_1": "nan x", "prj_2": "-5"], now: Self.noon).entries.isEmpty)
    }

    @Test("A pod says itself what it takes, from its container's first moment to its last")
    func charge() throws {
        let text = """
            {"metadata":{"annotations":{"martlet.dev/project":"prj_1","martlet.dev/charge":"500"}},"status":{"containerStatuses":
             [{"name":"job","state":{"terminated":{"exitCode":0,"startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:04:00Z"}}}]}}
            """
        let charge = try #require(PodCharge(pod: try DataValue(json: Array(text.utf8))))
        #expect(charge.cpuMinutes(at: 0) == 2)
        // A node's clock that is ahead gives nothing back.
        #expect(Self.charge("p", 1000, from: Self.noon, to: nil).cpuMinutes(at: Self.noon - 5_000) == 0)
        #expect(PodCharge(pod: ["metadata": ["annotations": [:]]]) == nil)
    }

    @Test(
        "Hours are a part of the day that may go past midnight",
        arguments: [
            ("20:00-06:00", 12, false), ("20:00-06:00", 20, true), ("20:00-06:00", 5, true), ("20:00-06:00", 6, false),
            ("08:00-18:00", 12, true), ("08:00-18:00", 18, false), ("18:00-24:00", 23, true), ("18:00-24:00", 0, false),
        ])
    func hours(_ text: String, _ hour: Int64, _ isIn: Bool) throws {
        let hours = try #require(DayHours(text))
        #expect(hours.contains(20_000 * 86_400_000 + hour * 3_600_000) == isIn)
    }

    @Test(
        "What is no part of a day is none", arguments: ["20-6", "20:00-20:00", "25:00-06:00", "2:00-3:00", "20:00", ""])
    func noHours(_ text: String) { #expect(DayHours(text) == nil) }

    @Test("A quota is told in a sentence with its namespace and its numbers")
    func quota() {
        let said =
            #"pods "x" is forbidden: exceeded quota: most, requested: requests.cpu=500m, used: requests.cpu=8, limited: requests.cpu=8"#
        #expect(
            QuotaWords.sentence(said, namespace: "ci")
                == "The quota 'most' of the namespace 'ci' is used up: 8 of 8 CPU, and 500m more is asked for.")
        let two =
            "exceeded quota: q, requested: limits.memory=1Gi,pods=1, used: limits.memory=4Gi,pods=3, limited: limits.memory=4Gi,pods=3"
        let sentence = QuotaWords.sentence(two, namespace: "ci") ?? ""
        #expect(sentence.contains("4Gi of 4Gi of memory") && sentence.contains("3 of 3 pods"), "\(sentence)")
        #expect(QuotaWords.sentence("no quota at all", namespace: "ci") == nil)
        #expect(QuotaWords.sentence("exceeded quota: x, used: a=1, requested: b=2, limited: c", namespace: "") == nil)
    }
}
