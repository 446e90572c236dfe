// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StepExecution
internal import StructuredData
internal import TerminalRendering

struct RunsShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "What came of a run: jobs, annotations, tests, summaries.",
        discussion: """
            EXAMPLES
              martlet runs show
              martlet runs show 12 --json
              martlet runs show 12 --server ci.example.org

            Tests are read from the reports (JUnit, xUnit, NUnit) that a job leaves in its
            workspace, annotations from commands, problem matchers and SARIF files.
            """)

    @Argument(help: ArgumentHelp("The run's number; without it, the newest.", valueName: "run"))
    var number: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var remote: RemoteOptions

    private static let slowestCount = 5
    private static let slowSeconds = 0.1

    func run() throws {
        let console = Console()
        try console.guarded {
            if let target = try remote.target(console) {
                let reasons = try RemoteReasons(try RemoteRunChoice.run(number, target), target)
                return present(ShownRun(row: reasons.report), reasons.jobs, try reasons.outcomes(), console)
            }
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let id = try RunChoice.run(number, store, console)
            let history = try RunHistory(store: store, run: id)
            let entries = try history.reasons(job: nil)
            let jobs = entries.filter { $0.step == nil }
            let outcomes = try OutcomeHistory(store: store, run: id, entries: entries)
            present(ShownRun(history), jobs, outcomes, console)
        }
    }

    private func present(
        _ run: ShownRun, _ jobs: [RunHistory.Entry], _ outcomes: OutcomeHistory, _ console: Console
    ) {
        if json { return console.out.writeLine(Self.data(run, jobs, outcomes).jsonText()) }
        show(run, jobs, console)
        show(outcomes, Dictionary(jobs.map { ($0.job.text, $0.title) }) { first, _ in first }, console)
    }

    private func show(_ run: ShownRun, _ jobs: [RunHistory.Entry], _ console: Console) {
        let palette = console.palette
        console.out.writeLine(
            palette.paint("run \(run.number)", .bold)
                + "  \(run.title.withoutControls)  \(RunResult.text(run, palette))")
        for job in jobs {
            let mark = job.conclusion.map { Marks.mark($0, job.reason, palette) } ?? palette.paint("…", .yellow)
            console.out.writeLine("  \(mark) \(job.title.withoutControls)")
        }
    }

    /// - Parameter titles: of jobs, by their ids.
    private func show(_ outcomes: OutcomeHistory, _ titles: [String: String], _ console: Console) {
        let palette = console.palette
        func title(_ job: String) -> String { (titles[job] ?? job).withoutControls }
        for finding in outcomes.findings {
            let annotation = finding.annotation
            let place = annotation.place.map { palette.paint($0.withoutControls, .cyan) + "  " } ?? ""
            let lines = annotation.message.split(whereSeparator: \.isNewline).map { String($0).withoutControls }
            console.out.writeLine(
                "  \(LogLineStyle.text(annotation.level, palette))\(place)\(lines.first ?? "")"
                    + palette.paint("  \(title(finding.job))\(finding.step.map { ", step \($0)" } ?? "")", .dim))
            for line in lines.dropFirst() { console.out.writeLine("    " + line) }
        }
        let tests = outcomes.tests.map(\.outcome)
        if !tests.isEmpty {
            console.out.writeLine(palette.paint(TestText.counts(tests), .bold))
            let hasSeveral = Set(outcomes.tests.map(\.job)).count > 1
            for (job, test) in outcomes.tests where test.isFailure {
                for line in TestText.lines(test, of: hasSeveral ? title(job) : nil, palette) {
                    console.out.writeLine("  " + line)
                }
            }
            let timed = tests.filter { $0.durationSeconds ?? 0 >= Self.slowSeconds }.compactMap { test in
                test.durationSeconds.map { (test: test, seconds: $0) }
            }
            for slow in timed.sorted(by: { $0.seconds > $1.seconds }).prefix(Self.slowestCount) {
                let took = DurationText.short(milliseconds: Int64(slow.seconds * 1_000))
                console.out.writeLine(palette.paint("  slow: \(took)  \(slow.test.title.withoutControls)", .dim))
            }
        }
        for summary in outcomes.summaries {
            console.out.writeLine(palette.paint("Summary of \(title(summary.job)), step \(summary.step)", .bold))
            for line in summary.text.split(whereSeparator: \.isNewline) { console.out.writeLine("  " + line) }
        }
    }

    private static func data(
        _ run: ShownRun, _ jobs: [RunHistory.Entry], _ outcomes: OutcomeHistory
    ) -> DataValue {
        [
            "schema": 1, "run": run.data, "jobs": .array(jobs.map(\.data)),
            "annotations": .array(
                outcomes.findings.map { finding in
                    var object = RunUpdate.object(
                        finding.annotation, ["job": .string(finding.job)])
                    object.set("step", finding.step.map(DataValue.string))
                    return .object(object)
                }),
            "tests": .array(
                outcomes.tests.map { job, test in
                    guard case .object(var object) = test.data else { return .null }
                    object["job"] = .string(job)
                    return .object(object)
                }),
            "summaries": .array(
                outcomes.summaries.map { job, step, text in
                    ["job": .string(job), "step": .string(step), "markdown": .string(text)]
                }),
        ]
    }
}
