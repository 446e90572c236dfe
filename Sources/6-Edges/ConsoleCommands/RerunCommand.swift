// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

struct RerunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rerun", abstract: "Run an ended run again, or a part of it, as a new attempt.",
        discussion: """
            EXAMPLES
              martlet rerun --failed
              martlet rerun 12 --from test/4
              martlet rerun 12 --failed --server ci.example.org

            With --from, the job goes on with that step (its number, id or name), with the
            files, outputs and environment that the steps before it left. With --failed,
            what did not succeed runs again, and what depends on it; with --job these jobs
            or legs, and what depends on them; else everything. The rest keeps its results
            and outputs. A checkout brings the working tree as it is now.
            """)

    @Argument(help: ArgumentHelp("The run's number; without one the newest of this repository.", valueName: "run"))
    var number: Int?

    @Flag(help: "Only what did not succeed, and what depends on it.")
    var failed = false

    @Option(
        name: .customLong("job"), help: ArgumentHelp("Only this job or leg, and what depends on it.", valueName: "id"))
    var jobs: [String] = []

    @Option(help: ArgumentHelp("Go on with this step of a job.", valueName: "job/step"))
    var from: String?

    @OptionGroup var driving: DrivingOptions

    @OptionGroup var network: NetworkOptions

    @OptionGroup var remote: RemoteOptions

    @Flag(help: "On a server: do not follow it.")
    var detach = false

    func validate() throws {
        guard [failed, !jobs.isEmpty, from != nil].filter({ $0 }).count <= 1 else {
            throw ValidationError("Only one of --failed, --job and --from can be given.")
        }
        if let from, !from.contains("/") { throw ValidationError("'\(from)' is not of the form job/step.") }
    }

    private var selection: RunSession.Selection {
        if let from { return .from(from) }
        return failed ? .failed : jobs.isEmpty ? .all : .jobs(jobs.map { JobID($0) })
    }

    func run() throws {
        let console = Console(colour: driving.color)
        try console.guarded(.setup) {
            if let target = try remote.target(console) { return try rerun(at: target, console) }
            try RemoteOptions.refuseDetached(detach)
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            let run = try RunChoice.run(number, store, console)
            let record = try RunRecord.load(from: store, run)
            let files = WorkflowFiles(
                folder: record.repository.root, environment: network.applied(to: console.environment),
                isTrusted: record.isTrusted)
            let settings = try driving.settings(files, console)
            try driving.requireSecrets(of: record, settings)
            let view = RunView.make(console, json: driving.json)
            let session = try RunSession(
                store: store, run: run, attempt: try store.lastAttempt(of: run) + 1, record: record,
                settings: settings, observer: view.observer)
            let outcome = try session.rerun(selection)
            view.finish(store: store)
            try driving.end([outcome])
        }
    }

    private func rerun(at target: RemoteTarget, _ console: Console) throws {
        try LocalOptions.refuse(driving.localOnly + [("--offline", network.offline)])
        let run = try RemoteRunChoice.run(number, target)
        let body: DataValue =
            if let from {
                ["select": "from", "from": .string(from)]
            } else if !jobs.isEmpty {
                ["select": "jobs", "jobs": .array(jobs.map(DataValue.string))]
            } else {
                ["select": failed ? "failed" : "all"]
            }
        let answer = try target.ask { try await $0.post(RemoteServer.path("runs", run, "rerun"), body) }
        let attempt = answer["attempt"]?.int ?? 1
        guard !detach else {
            if driving.json { return console.out.writeLine(answer.jsonText()) }
            return console.out.writeLine(
                "run \(run), attempt \(attempt)  \((answer["url"]?.string ?? "").withoutControls)")
        }
        let outcome = try RemoteFollowing(target: target, run: run, attempt: attempt, console: console)
            .show(json: driving.json)
        try driving.end([outcome])
    }
}
