// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

struct RerunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun", abstract: "Run an ended run again, or a part of it, as a new attempt.",
        discussion: """
            EXAMPLES
              martlet rerun --failed
              martlet rerun 12 --job test --job 'build#2'

            With --failed, what did not succeed runs again, and what depends on it; with --job these jobs or legs, and what
            depends on them; else everything. The rest keeps its results and outputs. A checkout brings the working tree
            as it is now.
            """)

    @Argument(help: ArgumentHelp("The run's number; without one the newest of this repository.", valueName: "run"))
    var number: Int?

    @Flag(help: "Only what did not succeed, and what depends on it.")
    var failed = false

    @Option(
        name: .customLong("job"), help: ArgumentHelp("Only this job or leg, and what depends on it.", valueName: "id"))
    var jobs: [String] = []

    @OptionGroup var driving: DrivingOptions

    @OptionGroup var network: NetworkOptions

    func validate() throws {
        guard !failed || jobs.isEmpty else { throw ValidationError("--failed and --job do not go together.") }
    }

    func run() throws {
        let console = Console(colour: driving.color)
        try console.guarded(.setup) {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(number, store, console)
            let record = try RunRecord.load(from: store, run)
            let files = WorkflowFiles(
                folder: record.repository.root, environment: network.applied(to: console.environment))
            let settings = try driving.settings(files, console)
            try driving.requireSecrets(of: record, settings)
            let view = RunView.make(console, json: driving.json)
            let session = try RunSession(
                store: store, run: run, attempt: try store.lastAttempt(of: run) + 1, record: record,
                settings: settings, observer: view.observer)
            let outcome = try session.rerun(
                failed ? .failed : jobs.isEmpty ? .all : .jobs(jobs.map { JobID($0) }))
            view.finish(store: store)
            try driving.end([outcome])
        }
    }
}
