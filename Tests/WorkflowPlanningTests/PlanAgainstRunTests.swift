// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import Testing
import WorkflowPlanning

/// A run takes "out" as final. So what a plan leaves out must be what a run would skip, whatever the jobs come to.
@Suite("A plan leaves out only what every run would skip")
struct PlanAgainstRunTests {
    @Test("Random graphs of jobs, with random ends", arguments: 0..<150)
    func planAgreesWithEveryRun(seed: Int) throws {
        var random = Numbers(state: UInt64(seed) &* 2_654_435_761 &+ 1)
        let jobs = (0..<9).map { DrawnJob(number: $0, &random) }
        let plan = try Planning.plan(Planning.text(jobs))
        let out = Set(plan.jobs.filter { !$0.isIncluded }.map(\.key.text))
        for _ in 0..<40 {
            let ran = DrawnRun(jobs, &random).ran
            #expect(out.isDisjoint(with: ran), "\(out.intersection(ran)) of\n\(Planning.text(jobs))")
        }
    }

    @Test("What is out for certain is found, not only what is written to be false")
    func somethingIsFound() throws {
        var byNeeds = 0
        for seed in 0..<60 {
            var random = Numbers(state: UInt64(seed) &* 40_503 &+ 7)
            let jobs = (0..<9).map { DrawnJob(number: $0, &random) }
            byNeeds += try Planning.plan(Planning.text(jobs)).jobs.filter { $0.reason.kind == .needs }.count
        }
        #expect(byNeeds > 40)
    }
}

private struct Numbers {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}

/// What the status functions of one job see.
private struct Status: Sendable {
    var failed = false
    var skipped = false
    var cancelled = false
    /// The result of the first need.
    var first = "success"

    var success: Bool { !failed && !skipped && !cancelled }
    var failure: Bool { failed && !cancelled }
}

private struct DrawnJob {
    let number: Int
    var needs: [Int] = []
    let condition: (text: String?, holds: @Sendable (Status) -> Bool)
    /// Nothing here can run it.
    let isUnavailable: Bool

    static let conditions: [(String?, @Sendable (Status) -> Bool)] = [
        (nil, { $0.success }), (nil, { $0.success }), ("always()", { _ in true }), ("failure()", { $0.failure }),
        ("cancelled()", { $0.cancelled }), ("'!cancelled()'", { !$0.cancelled }), ("github.ref == 'x'", { _ in false }),
        ("github.ref != 'x'", { $0.success }), ("success() || failure()", { $0.success || $0.failure }),
        ("github.ref == 'x' || failure()", { $0.failure }),
        ("always() && needs.FIRST.result == 'skipped'", { $0.first == "skipped" }),
        ("always() && needs.FIRST.result == 'success'", { $0.first == "success" }),
        ("'!success() && !failure() && !cancelled()'", { $0.skipped && !$0.failed && !$0.cancelled }),
        ("failure() || needs.FIRST.result == 'failure'", { $0.failure || $0.first == "failure" }),
    ]

    init(number: Int, _ random: inout Numbers) {
        self.number = number
        for other in 0..<number where random.next(3) == 0 { needs.append(other) }
        var drawn = Self.conditions[random.next(Self.conditions.count)]
        if needs.isEmpty, drawn.0?.contains("FIRST") == true { drawn = (nil, { $0.success }) }
        let first = needs.first.map { "j\($0)" } ?? ""
        condition = (drawn.0?.replacing("FIRST", with: first), drawn.1)
        isUnavailable = random.next(8) == 0
    }
}

/// One run, by the rules of GitHub's documentation.
private struct DrawnRun {
    var ran: Set<String> = []

    init(_ jobs: [DrawnJob], _ random: inout Numbers) {
        let cancelledFrom = random.next(3) == 0 ? random.next(jobs.count + 1) : Int.max
        var results: [String] = []
        var lineages: [Status] = []
        for job in jobs {
            var status = Status()
            for need in job.needs {
                status.failed = status.failed || lineages[need].failed
                status.skipped = status.skipped || lineages[need].skipped
            }
            status.cancelled = job.number >= cancelledFrom
            status.first = job.needs.first.map { results[$0] } ?? "success"
            let holds = job.condition.holds(status)
            var result = "skipped"
            if holds, !job.isUnavailable {
                ran.insert("j\(job.number)")
                result = random.next(2) == 0 ? "success" : "failure"
            }
            results.append(result)
            status.failed = status.failed || result == "failure"
            status.skipped = status.skipped || result == "skipped"
            lineages.append(status)
        }
    }
}

extension Planning {
    fileprivate static func text(_ jobs: [DrawnJob]) -> String {
        "on: push\njobs:\n"
            + jobs.map { job in
                "  j\(job.number):\n    runs-on: \(job.isUnavailable ? "mars" : "ubuntu-latest")\n"
                    + (job.needs.isEmpty ? "" : "    needs: [\(job.needs.map { "j\($0)" }.joined(separator: ", "))]\n")
                    + (job.condition.text.map { "    if: \($0)\n" } ?? "") + "    steps: [{ run: make }]\n"
            }.joined()
    }
}
