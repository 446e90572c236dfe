// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Tell why a run, its jobs and its steps came out as they did.",
        discussion: """
            EXAMPLES
              martlet why 12
              martlet why 12 test#2
              martlet why cache npm-linux
              martlet why 12 --server ci.example.org

            Every skip, wait, failure and cancellation is recorded with its reason, and
            every look-up of a cache.
            """)

    @Argument(help: ArgumentHelp("The run's number, without it the newest; or 'cache'.", valueName: "run"))
    var subject: String?

    @Argument(help: "Only this job; of caches, only look-ups of keys that begin so.")
    var part: String?

    @Option(name: .customLong("run"), help: ArgumentHelp("Of 'cache': the run; else the newest.", valueName: "run"))
    var cacheRun: Int?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var remote: RemoteOptions

    func validate() throws {
        guard subject == nil || subject == "cache" || Int(subject ?? "") != nil else {
            throw ValidationError("'\(subject ?? "")' is neither a run's number nor 'cache'.")
        }
    }

    func run() throws {
        let console = Console()
        try console.guarded {
            if let target = try remote.target(console) { return try explain(target, console) }
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            if subject == "cache" { return try showCaches(store, console) }
            let id = try RunChoice.run(subject.flatMap { Int($0) }, store, console)
            let history = try RunHistory(store: store, run: id)
            let entries = try history.reasons(job: part)
            guard part == nil || !entries.isEmpty else {
                throw DiagnosticError(.stepMissing, "Run \(id) has no job '\(part ?? "")'.")
            }
            let run = ShownRun(history)
            if json { return write(run, entries.map(\.data), console) }
            show(run, entries, console)
        }
    }

    private func write(_ run: ShownRun, _ reasons: [DataValue], _ console: Console) {
        console.out.writeLine(DataValue.object(["run": run.data, "reasons": .array(reasons)]).jsonText())
    }

    private func explain(_ target: RemoteTarget, _ console: Console) throws {
        if subject == "cache" { try LocalOptions.refuse([("'martlet why cache'", true)]) }
        let number = try RemoteRunChoice.run(subject.flatMap { Int($0) }, target)
        let reasons = try RemoteReasons(number, target)
        let found = try reasons.entries(job: part)
        guard part == nil || !found.entries.isEmpty else {
            throw DiagnosticError(.stepMissing, "Run \(number) has no job '\(part ?? "")'.")
        }
        let run = ShownRun(row: reasons.report)
        if json { return write(run, found.data, console) }
        show(run, found.entries, console, notes: found.notes, suffix: target.suffix)
    }

    private func showCaches(_ store: RunStore, _ console: Console) throws {
        let id = try RunChoice.run(cacheRun, store, console)
        let entries = try CacheHistory(store: store, run: id).entries(key: part)
        if json {
            return console.out.writeLine(
                DataValue.object(["run": .number(Double(id.number)), "lookups": .array(entries.map(\.data))]).jsonText()
            )
        }
        guard !entries.isEmpty else {
            return console.out.writeLine(
                "Run \(id) looked up no cache\(part.map { " whose key begins with '\($0)'" } ?? "").")
        }
        let palette = console.palette
        for entry in entries {
            let style: TerminalStyle =
                ["hit", "saved"].contains(entry.outcome) ? .green : entry.outcome == "fallback" ? .yellow : .red
            let place = entry.step.map { "\(entry.job), step \($0)" } ?? entry.job
            console.out.writeLine(
                "\(palette.paint(entry.outcome, style))  \(palette.paint(entry.keys.first?.withoutControls ?? "", .bold))"
                    + "  \(palette.paint(place, .dim))")
            for key in entry.keys.dropFirst() { console.out.writeLine("    else \(key.withoutControls)") }
            console.out.writeLine("    \(entry.text.withoutControls)")
        }
    }

    /// - Parameters:
    ///   - notes: what was said of a job while it waited, by its id.
    ///   - suffix: what is written behind commands.
    private func show(
        _ run: ShownRun, _ entries: [RunHistory.Entry], _ console: Console, notes: [String: [String]] = [:],
        suffix: String = ""
    ) {
        let palette = console.palette
        let conclusion = RunResult.text(run, palette)
        console.out.writeLine(
            palette.paint("run \(run.number)", .bold) + "  \(run.title.withoutControls)  \(conclusion)")
        if let reason = run.reason { console.out.writeLine("  " + reason.text) }
        if run.state == .cutOff {
            console.out.writeLine("  Its process is gone. Go on with: martlet run --resume \(run.number)")
        }
        for entry in entries {
            let indent = entry.step == nil ? "" : "    "
            let mark = entry.conclusion.map { Marks.mark($0, entry.reason, palette) } ?? palette.paint("…", .yellow)
            console.out.writeLine(
                "\(indent)\(mark) \(palette.paint(entry.title.withoutControls, .bold))"
                    + "  \((entry.reason?.text ?? "").withoutControls)")
            for note in entry.step == nil ? notes[entry.job.text] ?? [] : [] where note != entry.reason?.text {
                console.out.writeLine("    " + palette.paint(note.withoutControls, .dim))
            }
            if let expression = entry.reason?.expression {
                console.out.writeLine("\(indent)    if: \(palette.paint(expression.withoutControls, .cyan))")
            }
            for value in entry.reason?.values ?? [] {
                console.out.writeLine("\(indent)      \(palette.paint(value.withoutControls, .dim))")
            }
            if let step = entry.step, entry.conclusion == .failure {
                let command = "martlet logs \(run.number) --job '\(entry.job)' --step \(step)\(suffix)"
                console.out.writeLine("\(indent)    \(palette.paint(command, .dim))")
            }
        }
    }
}
