// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import TerminalRendering

/// What is said after a run: quiet success, loud failure with the failing step's last lines and what to do next.
final class RunSummaryView {
    private struct FailedStep {
        var place: StepPlace
        var name: String
        var result: StepResult
    }

    private let console: Console
    private let palette: Palette
    private(set) var run = RunID(0)
    private(set) var attempt = 1
    private var failures: [FailedStep] = []
    private var failedJobs: [(job: JobID, name: String, reason: Reason?)] = []
    private var unavailable = 0
    private var jobs: [Conclusion: Int] = [:]
    private var names: [JobID: String] = [:]
    private var summaries: [(place: StepPlace, text: String)] = []
    private var tests: [(job: String, test: TestOutcome)] = []
    private var outcome: RunOutcome?

    /// Failed steps and jobs that are named after the first.
    private static let otherCount = 20
    /// Failed tests that are shown.
    private static let testCount = 10
    /// Step summaries that are shown, as many as GitHub shows of a job.
    private static let summaryCount = 20

    /// Lines of a failed step's log that are shown.
    private static let tailLines = 30

    init(_ console: Console) {
        self.console = console
        palette = console.palette
    }

    func note(_ update: RunUpdate) {
        switch update {
        case .runStarted(let run, let attempt, _, _, _): (self.run, self.attempt) = (run, attempt)
        case .jobStarted(let job, let name): names[job] = name
        case .stepFinished(let place, let name, let result, _) where result.conclusion == .failure:
            failures.append(FailedStep(place: place, name: name, result: result))
        case .summary(let place, let text) where summaries.count < Self.summaryCount:
            summaries.append((place, text))
        case .jobFinished(let job, let name, let conclusion, let reason, _):
            if conclusion == .failure { failedJobs.append((job, name, reason)) }
            if reason?.kind == .unavailable { unavailable += 1 } else { jobs[conclusion, default: 0] += 1 }
        case .tests(_, let name, let tests): self.tests += tests.map { (name, $0) }
        case .runFinished(let outcome): self.outcome = outcome
        default: break
        }
    }

    /// - Parameters:
    ///   - place: what is written behind commands, where the run is not on this machine.
    ///   - tail: the last lines of a step's log, so many at most.
    func show(at place: String = "", tail: (StepPlace, Int) -> [[UInt8]]) {
        guard let outcome else { return }
        for summary in summaries { show(summary.text, of: summary.place) }
        // A step whose failure was allowed is no reason to be loud.
        if outcome.conclusion == .failure {
            if let first = failures.first { showTail(first, tail(first.place, Self.tailLines)) }
            showOthers()
        }
        showTests()
        var counts = Conclusion.allCases.compactMap { conclusion -> String? in
            guard let count = jobs[conclusion], count > 0 else { return nil }
            return "\(count) \(conclusion.rawValue)"
        }
        if unavailable > 0 { counts.append("\(unavailable) unavailable") }
        // Green would say that all is well: some of it was never tried.
        let isIncomplete = outcome.hasUnavailable && [.success, .skipped].contains(outcome.conclusion)
        let mark = isIncomplete ? palette.paint("!", .yellow) : Marks.mark(outcome.conclusion, palette)
        console.out.writeLine(
            "\(mark) run \(run) \(isIncomplete ? "incomplete" : outcome.conclusion.rawValue) in "
                + "\(DurationText.short(milliseconds: outcome.durationMs)): \(counts.joined(separator: ", "))")
        if isIncomplete {
            console.out.writeLine(
                palette.paint("  Jobs that cannot run here make exit code 6; --allow-unavailable accepts them.", .dim))
        }
        if outcome.conclusion == .success, !outcome.hasUnavailable { return }
        console.out.writeLine(palette.paint("  martlet why \(run)\(place)     martlet logs \(run)\(place)", .dim))
    }

    private func showTests() {
        guard !tests.isEmpty else { return }
        let failed = tests.filter(\.test.isFailure)
        let hasSeveral = Set(tests.map(\.job)).count > 1
        for (job, test) in failed.prefix(Self.testCount) {
            for line in TestText.lines(test, of: hasSeveral ? job : nil, palette) { console.out.writeLine(line) }
        }
        if failed.count > Self.testCount {
            console.out.writeLine(palette.paint("and \(failed.count - Self.testCount) more failed tests", .dim))
        }
        console.out.writeLine(TestText.counts(tests.map(\.test)))
    }

    private func show(_ summary: String, of place: StepPlace) {
        console.out.writeLine()
        console.out.writeLine(
            palette.paint("Summary of \(names[place.job] ?? place.job.text), step \(place.attempt.step)", .bold))
        for line in summary.split(whereSeparator: \.isNewline) { console.out.writeLine("  " + line) }
        console.out.writeLine()
    }

    private func showTail(_ failed: FailedStep, _ lines: [[UInt8]]) {
        let title = "\(names[failed.place.job] ?? failed.place.job.text) › \(failed.name)".withoutControls
        console.out.writeLine()
        console.out.writeLine(palette.paint("✗ \(title)", .boldRed))
        var style = LogLineStyle(palette)
        // Said again below, with the reason.
        let exit = failed.result.exitCode.map { Array("##[error]Process completed with exit code \($0).".utf8) }
        for line in lines where line != exit {
            switch style.show(line) {
            case .hidden: continue
            case .asIs: console.out.writeLine("  " + String(decoding: line, as: UTF8.self))
            case .text(let text): console.out.writeLine("  " + text)
            }
        }
        if let reason = failed.result.reason { console.out.writeLine("  " + palette.paint(reason.text, .red)) }
        console.out.writeLine()
    }

    /// A line for each further step that failed, and each job that failed before any.
    private func showOthers() {
        let withSteps = Set(failures.map(\.place.job))
        let steps = failures.dropFirst().map {
            ("\(names[$0.place.job] ?? $0.place.job.text) › \($0.name)", $0.result.reason)
        }
        let jobs = failedJobs.filter { !withSteps.contains($0.job) }.map { ($0.name, $0.reason) }
        let all = steps + jobs
        for (title, reason) in all.prefix(Self.otherCount) {
            let why = reason.map { "  " + $0.text.prefix { !$0.isNewline } } ?? ""
            console.out.writeLine(
                palette.paint("✗ \(title.withoutControls)", .red) + palette.paint(why.withoutControls, .dim))
        }
        if all.count > Self.otherCount {
            console.out.writeLine(palette.paint("and \(all.count - Self.otherCount) more", .dim))
        }
        if !all.isEmpty { console.out.writeLine() }
    }
}
