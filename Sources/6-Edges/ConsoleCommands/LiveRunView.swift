// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import TerminalRendering

/// A tree of the jobs that is redrawn in place: what runs, for how long, and the last lines that it said.
final class LiveRunView {
    private struct JobRow {
        var id: JobID
        var name: String
        var startedAt: Int64
        var step = ""
        var lastLine: [UInt8] = []
        var style: LogLineStyle
    }

    private let console: Console
    private let palette: Palette
    private var region: LiveRegion
    private var running: [JobRow] = []
    private var lastDraw: Int64 = 0

    /// A redraw at most so often, in milliseconds.
    private static let drawIntervalMs: Int64 = 80
    /// Lines of one piece of output that are looked through for the end of a step's head.
    private static let headLines = 1_000

    init(_ console: Console) {
        self.console = console
        palette = console.palette
        region = LiveRegion(stream: console.out)
    }

    func take(_ update: RunUpdate) {
        switch update {
        case .runStarted(let run, let attempt, let workflow, let title, let digest):
            scroll(
                palette.paint(workflow.withoutControls, .bold) + (title.map { "  \($0.withoutControls)" } ?? "")
                    + palette.paint(
                        "  run \(run)\(attempt > 1 ? ", attempt \(attempt)" : "")" + PlanMark.text(digest), .dim))
        case .runWaiting(let reason): scroll(palette.paint(reason.text, .dim))
        case .jobWaiting(_, let name, let reason) where reason.kind == .concurrency:
            scroll(palette.paint("\(name): \(reason.text)", .dim))
        case .jobWaiting: break
        case .jobStarted(let job, let name):
            running.append(
                JobRow(id: job, name: name.withoutControls, startedAt: RunClock.now(), style: LogLineStyle(palette)))
        case .stepStarted(let place, let name):
            change(place.job) { row in
                row.step = name.withoutControls
                row.lastLine = []
                row.style = LogLineStyle(palette)
            }
        case .annotation(let place, let annotation) where annotation.level == .error:
            change(place.job) { $0.lastLine = Array(annotation.message.utf8) }
        case .annotation, .summary, .tests, .stepNamed: break
        case .jobAnnotation(_, let name, let annotation):
            scroll("  \(LogLineStyle.text(annotation.level, palette))\(name): \(annotation.message)")
        case .stepFinished(let place, let name, let result, _):
            guard result.outcome == .failure else { break }
            let why = result.reason.map { ": \($0.text)" } ?? ""
            scroll("  \(Marks.mark(.failure, palette)) \(jobName(place.job)) › \(name.withoutControls)\(why)")
        case .jobFinished(let job, let name, let conclusion, let reason, let duration):
            running.removeAll { $0.id == job }
            let why = conclusion == .success ? "" : reason.map { palette.paint("  \($0.text)", .dim) } ?? ""
            let time =
                conclusion == .skipped ? "" : palette.paint("  \(DurationText.short(milliseconds: duration))", .dim)
            scroll("\(Marks.mark(conclusion, reason, palette)) \(name.withoutControls)\(time)\(why)")
        case .runFinished:
            region.erase()
            console.out.flush()
            return
        }
        draw(isForced: true)
    }

    func take(_ output: UnsafeRawBufferPointer, of place: StepPlace) {
        change(place.job) { row in
            for line in output.split(separator: UInt8(ascii: "\n")).prefix(Self.headLines) where row.lastLine.isEmpty {
                if case .asIs = row.style.show(UnsafeRawBufferPointer(rebasing: line)) { row.lastLine = Array(line) }
            }
            // Past the head only the tail is shown; the log has the rest.
            let last = output.suffix(400).split(separator: UInt8(ascii: "\n")).last { !$0.starts(with: [35, 35, 91]) }
            if !row.lastLine.isEmpty, let last { row.lastLine = Array(last) }
        }
        draw(isForced: false)
    }

    func leave() {
        region.erase()
        running = []
    }

    private func change(_ job: JobID, _ body: (inout JobRow) -> Void) {
        if let index = running.firstIndex(where: { $0.id == job }) { body(&running[index]) }
    }

    private func jobName(_ job: JobID) -> String {
        running.first { $0.id == job }?.name ?? job.text
    }

    private func scroll(_ line: String) {
        region.erase()
        console.out.writeLine(line)
    }

    private func draw(isForced: Bool) {
        let now = RunClock.now()
        // A terminal that was stopped (Ctrl-S) gets one picture when it goes on, not every one.
        guard isForced || now - lastDraw >= Self.drawIntervalMs, console.out.pendingBytes == 0 else { return }
        lastDraw = now
        let size = Terminal.size(of: 1)
        let lines = running.flatMap { row -> [String] in
            let time = DurationText.short(milliseconds: now - row.startedAt)
            let head = "\(palette.paint("●", .yellow)) \(row.name)  \(palette.paint(time, .dim))  \(row.step)"
            guard !row.lastLine.isEmpty else { return [head] }
            let text = String(decoding: row.lastLine.filter { $0 >= 0x20 }, as: UTF8.self)
            return [head, palette.paint("    " + text, .dim)]
        }
        region.draw(lines, columns: size.columns, rows: size.rows)
    }
}
