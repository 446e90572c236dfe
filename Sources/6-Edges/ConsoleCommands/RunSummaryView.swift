// SPDX-License-Identifier: Apache-2.0

internal import LogArchive
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
    private var run = RunID(0)
    private var attempt = 1
    private var failures: [FailedStep] = []
    private var unavailable: [(job: String, reason: Reason)] = []
    private var jobs: [Conclusion: Int] = [:]
    private var outcome: RunOutcome?

    /// Lines of a failed step's log that are shown.
    private static let tailLines = 30

    init(_ console: Console) {
        self.console = console
        palette = console.palette
    }

    func note(_ update: RunUpdate) {
        switch update {
        case .runStarted(let run, let attempt, _, _, _): (self.run, self.attempt) = (run, attempt)
        case .stepFinished(let place, let name, let result, _) where result.conclusion == .failure:
            failures.append(FailedStep(place: place, name: name, result: result))
        case .jobFinished(_, let name, let conclusion, let reason, _):
            jobs[conclusion, default: 0] += 1
            if let reason, reason.kind == .unavailable { unavailable.append((name, reason)) }
        case .runFinished(let outcome): self.outcome = outcome
        default: break
        }
    }

    func show(store: RunStore) {
        guard let outcome else { return }
        if let first = failures.first { showTail(first, store) }
        for (job, reason) in unavailable {
            console.out.writeLine("\(palette.paint("!", .yellow)) \(job) is not to be had here: \(reason.text)")
        }
        let counts = Conclusion.allCases.compactMap { conclusion -> String? in
            guard let count = jobs[conclusion], count > 0 else { return nil }
            return "\(count) \(conclusion.rawValue)"
        }
        console.out.writeLine(
            "\(Marks.mark(outcome.conclusion, palette)) run \(run) \(outcome.conclusion.rawValue) in "
                + "\(DurationText.short(milliseconds: outcome.durationMs)): \(counts.joined(separator: ", "))")
        if outcome.conclusion == .success, !outcome.hasUnavailable { return }
        console.out.writeLine(palette.paint("  martlet why \(run)     martlet logs \(run)", .dim))
    }

    private func showTail(_ failed: FailedStep, _ store: RunStore) {
        let title = "\(failed.place.job) › \(failed.name)"
        console.out.writeLine()
        console.out.writeLine(palette.paint("✗ \(title)", .boldRed))
        let key = LogKey(
            job: RunStore.fileName(failed.place.job), step: failed.place.attempt.step.description,
            attempt: failed.place.attempt.number)
        if let lines = try? LogReader(path: store.logs(of: run, attempt: attempt).file(key)).tail(Self.tailLines) {
            for line in lines { console.out.writeLine("  " + String(decoding: line.text, as: UTF8.self)) }
        }
        if let reason = failed.result.reason { console.out.writeLine("  " + palette.paint(reason.text, .red)) }
        if failures.count > 1 {
            console.out.writeLine(palette.paint("  and \(failures.count - 1) more failed steps", .dim))
        }
        console.out.writeLine()
    }
}
