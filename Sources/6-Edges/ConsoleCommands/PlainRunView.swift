// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import TerminalRendering

/// Lines with the job's name before them, as they come: for pipes, files and other machines' logs.
final class PlainRunView {
    private let console: Console
    private let palette: Palette
    private var prefixes: [JobID: [UInt8]] = [:]
    /// Whether the last thing written of a step was a whole line.
    private var isLineOpen: Set<StepPlace> = []
    private var styles: [StepPlace: LogLineStyle] = [:]

    init(_ console: Console) {
        self.console = console
        palette = console.palette
    }

    func take(_ update: RunUpdate) {
        switch update {
        case .runStarted(let run, let attempt, let workflow, let title, let digest):
            let named = (workflow + (title.map { "  \($0)" } ?? "")).withoutControls
            let number = attempt > 1 ? "run \(run), attempt \(attempt)" : "run \(run)"
            console.out.writeLine("\(number)  \(named)" + PlanMark.text(digest))
        case .runWaiting(let reason): console.out.writeLine(reason.text)
        case .jobWaiting(let job, let name, let reason): say(job, name, "waits: \(reason.text)")
        case .jobStarted(let job, let name): say(job, name, "started")
        case .stepStarted(let place, let name):
            say(place.job, place.job.text, palette.paint("▸ \(name.withoutControls)", .bold))
        case .annotation(let place, let annotation):
            styles[place, default: LogLineStyle(palette)].place = annotation.place
        case .jobAnnotation(let job, let name, let annotation):
            say(job, name, LogLineStyle.text(annotation.level, palette) + annotation.message)
        case .tests(let job, let name, let tests): say(job, name, TestText.counts(tests))
        // Shown whole, after the run.
        case .summary, .stepNamed: break
        case .stepFinished(let place, let name, let result, let duration):
            styles[place] = nil
            if isLineOpen.remove(place) != nil { console.out.writeLine() }
            guard result.conclusion != .success || result.outcome != .success else { return }
            let why = result.reason.map { ": \($0.text)" } ?? ""
            say(
                place.job, place.job.text,
                "\(Marks.mark(result, palette)) \(name.withoutControls) \(result.outcome.rawValue)\(why)"
                    + " (\(DurationText.short(milliseconds: duration)))")
        case .jobFinished(let job, let name, let conclusion, let reason, let duration):
            let why = conclusion == .success ? "" : reason.map { ": \($0.text)" } ?? ""
            say(
                job, name,
                "\(Marks.mark(conclusion, reason, palette)) \(Marks.word(conclusion, reason))\(why)"
                    + (conclusion == .skipped ? "" : " (\(DurationText.short(milliseconds: duration)))")
            )
        case .runFinished: break
        }
    }

    func take(_ output: UnsafeRawBufferPointer, of place: StepPlace) {
        let prefix = prefix(of: place.job, place.job.text)
        var style = styles[place] ?? LogLineStyle(palette)
        var rest = output[...]
        // Only a line that outgrew the executor's patience comes in pieces.
        var isOpen = isLineOpen.contains(place)
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest)
            let length = LineEnd.length(of: piece) ?? piece.count
            let line = UnsafeRawBufferPointer(rebasing: piece[..<length])
            rest = rest.dropFirst(length)
            let isWhole = line.last == 0x0A
            switch isOpen ? .asIs : style.show(UnsafeRawBufferPointer(rebasing: isWhole ? line.dropLast() : line[...]))
            {
            case .hidden: continue
            case .text(let text):
                console.out.write(prefix)
                console.out.writeLine(text)
                continue
            case .asIs:
                if !isOpen { console.out.write(prefix) }
                console.out.write(line)
                isOpen = !isWhole
            }
        }
        styles[place] = style
        if isOpen { isLineOpen.insert(place) } else { isLineOpen.remove(place) }
    }

    private func say(_ job: JobID, _ name: String, _ text: String) {
        console.out.write(prefix(of: job, name))
        console.out.writeLine(text)
    }

    private func prefix(of job: JobID, _ name: String) -> [UInt8] {
        if let known = prefixes[job] { return known }
        let prefix = Array((palette.paint("[\(name.withoutControls)]", .cyan) + " ").utf8)
        prefixes[job] = prefix
        return prefix
    }
}

private enum LineEnd {
    /// Bytes of the first line, its end included.
    static func length(of bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress, let found = memchr(start, 0x0A, bytes.count) else { return nil }
        return UnsafeRawPointer(found) - start + 1
    }
}

/// The plan that a run follows.
enum PlanMark {
    /// Empty where it is not known: a run on a server that has not said it.
    static func text(_ digest: String) -> String { digest.isEmpty ? "" : "  plan \(digest.prefix(16))" }
}

/// The marks of conclusions.
enum Marks {
    /// A job that was not to be had here did not succeed in being skipped: it says so.
    static func mark(_ conclusion: Conclusion, _ reason: Reason?, _ palette: Palette) -> String {
        reason?.kind == .unavailable ? palette.paint("!", .yellow) : mark(conclusion, palette)
    }

    /// The word beside the mark.
    static func word(_ conclusion: Conclusion, _ reason: Reason?) -> String {
        reason?.kind == .unavailable ? "unavailable" : conclusion.rawValue
    }

    /// A failure that is allowed is no success either.
    static func mark(_ result: StepResult, _ palette: Palette) -> String {
        result.outcome == .failure && result.conclusion == .success
            ? palette.paint("!", .yellow) : mark(result.conclusion, palette)
    }

    static func mark(_ conclusion: Conclusion, _ palette: Palette) -> String {
        switch conclusion {
        case .success: palette.paint("✓", .green)
        case .failure: palette.paint("✗", .red)
        case .cancelled: palette.paint("⊘", .yellow)
        case .skipped: palette.paint("○", .dim)
        }
    }
}
