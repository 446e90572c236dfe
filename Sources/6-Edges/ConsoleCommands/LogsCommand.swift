// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the logs of a run.",
        discussion: """
            EXAMPLES
              martlet logs 12
              martlet logs 12 --job test#2 --step 3 -f
            """)

    @Argument(help: ArgumentHelp("The run's number; without it, the newest.", valueName: "run"))
    var number: Int?

    @Option(help: "Only this job.")
    var job: String?

    @Option(help: "Only this step, by its place: 3, or 3.1 inside an action.")
    var step: String?

    @Flag(name: .shortAndLong, help: "Go on as lines come, until the run is over.")
    var follow = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            guard let id = try number.map(RunID.init) ?? store.runs().first, store.exists(id) else {
                throw RunCommand.missing(RunID(number ?? 0))
            }
            var reading = try LogReading(store: store, run: id, job: job, step: step)
            let isPrefixed = job == nil
            let show = { (entry: LogReading.Entry, line: [UInt8]) in
                if isPrefixed { console.out.write(console.palette.paint("[\(entry.job)] ", .cyan)) }
                console.out.write(line)
                console.out.writeLine()
            }
            try reading.readNew(show)
            while follow, try RunHistory(store: store, run: id).conclusion == nil, !console.out.isClosed {
                console.out.flush()
                RunClock.pause(milliseconds: 100)
                try reading.readNew(show)
            }
            try reading.readNew(show)
            guard reading.hasEntries else {
                throw DiagnosticError(
                    .stepMissing, "Run \(id) has no log of that job or step.",
                    remedy: "See what it ran with: martlet why \(id)")
            }
        }
    }
}
