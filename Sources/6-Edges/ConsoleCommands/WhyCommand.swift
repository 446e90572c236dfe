// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
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

    func validate() throws {
        guard subject == nil || subject == "cache" || Int(subject ?? "") != nil else {
            throw ValidationError("'\(subject ?? "")' is neither a run's number nor 'cache'.")
        }
    }

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            if subject == "cache" { return try showCaches(store, console) }
            let id = try RunChoice.run(subject.flatMap { Int($0) }, store, console)
            let history = try RunHistory(store: store, run: id)
            let entries = try history.reasons(job: part)
            guard part == nil || !entries.isEmpty else {
                throw DiagnosticError(.stepMissing, "Run \(id) has no job '\(part ?? "")'.")
            }
            if json {
                console.out.writeLine(
                    DataValue.object(["run": history.summary, "reasons": .array(entries.map(\.data))]).jsonText())
            } else {
                show(history, entries, console)
            }
        }
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

    private func show(_ history: RunHistory, _ entries: [RunHistory.Entry], _ console: Console) {
        let palette = console.palette
        let conclusion = RunResult.text(history, palette)
        console.out.writeLine(
            palette.paint("run \(history.run)", .bold) + "  \(history.title.withoutControls)  \(conclusion)")
        if let reason = history.reason { console.out.writeLine("  " + reason.text) }
        if history.state == .cutOff {
            console.out.writeLine("  Its process is gone. Go on with: martlet run --resume \(history.run)")
        }
        for entry in entries {
            let indent = entry.step == nil ? "" : "    "
            let mark = entry.conclusion.map { Marks.mark($0, entry.reason, palette) } ?? palette.paint("…", .yellow)
            console.out.writeLine(
                "\(indent)\(mark) \(palette.paint(entry.title.withoutControls, .bold))  \(entry.reason?.text ?? "")")
            if let expression = entry.reason?.expression {
                console.out.writeLine("\(indent)    if: \(palette.paint(expression, .cyan))")
            }
            for value in entry.reason?.values ?? [] {
                console.out.writeLine("\(indent)      \(palette.paint(value, .dim))")
            }
            if let step = entry.step, entry.conclusion == .failure {
                let command = "martlet logs \(history.run) --job '\(entry.job)' --step \(step)"
                console.out.writeLine("\(indent)    \(palette.paint(command, .dim))")
            }
        }
    }
}
