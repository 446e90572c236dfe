// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

struct ApproveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Let a job of a server go on that waits for approval; or list those that wait.",
        discussion: """
            EXAMPLES
              martlet approve --server ci.example.org
              martlet approve 12 --environment production --reason "Release 2.1"

            Without a run it lists what waits for an approval. A run of code that is not the
            project's own waits as a whole before it begins. With --override a job goes on
            without the approvals that its environment asks for, where you may do that.
            """)

    @Argument(help: ArgumentHelp("The run's number; without it, all that waits is listed.", valueName: "run"))
    var number: Int?

    @OptionGroup var choice: ApprovalChoice

    @Flag(help: "Let it go on without the approvals that are missing.")
    var override = false

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            let target = try remote.requiredTarget(console)
            guard let number else { return try list(target, console) }
            try choice.decide(override ? .override : .approve, number, target, console, json: json)
        }
    }

    private func list(_ target: RemoteTarget, _ console: Console) throws {
        let waiting = try PendingApproval.all(target)
        if json {
            return console.out.writeLine(
                DataValue.object(["schema": 1, "approvals": .array(waiting.map(\.data))]).jsonText())
        }
        guard !waiting.isEmpty else { return console.out.writeLine("Nothing waits for an approval.") }
        var table = TextTable(
            header: ["RUN", "PROJECT", "JOB", "ENVIRONMENT", "STARTED BY", "CHANGES", "APPROVED", "WAITS FOR"],
            palette: console.palette)
        for entry in waiting {
            table.add([
                "\(entry.run)", entry.project.withoutControls, entry.job.withoutControls,
                entry.environment.withoutControls, entry.cause.withoutControls, entry.change,
                "\(entry.approved.count)/\(entry.required)", entry.sentence.withoutControls,
            ])
        }
        console.out.writeLine(table.render())
    }
}

struct RejectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Refuse a job of a server the approval that it waits for.",
        discussion: """
            EXAMPLES
              martlet reject 12 --server ci.example.org
              martlet reject 12 --environment production --reason "Not on a Friday"

            The job fails, with what was said as its reason.
            """)

    @Argument(help: ArgumentHelp("The run's number.", valueName: "run"))
    var number: Int

    @OptionGroup var choice: ApprovalChoice

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var remote: RemoteOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            let target = try remote.requiredTarget(console)
            try choice.decide(.reject, number, target, console, json: json)
        }
    }
}

enum ApprovalDecision: String, Sendable {
    case approve
    case reject
    case override

    var past: String {
        switch self {
        case .approve: "approved"
        case .reject: "rejected"
        case .override: "let go on without the approvals that are missing"
        }
    }
}

/// Which of a run's waiting jobs is meant.
struct ApprovalChoice: ParsableArguments {
    @Option(help: ArgumentHelp("Only this job.", valueName: "id"))
    var job: String?

    @Option(help: ArgumentHelp("Only jobs of this environment.", valueName: "name"))
    var environment: String?

    @Flag(help: "All jobs of the run that wait.")
    var all = false

    @Option(help: ArgumentHelp("What others should know.", valueName: "text"))
    var reason = ""

    func decide(
        _ decision: ApprovalDecision, _ run: Int, _ target: RemoteTarget, _ console: Console, json: Bool
    ) throws {
        guard decision != .override || !reason.isEmpty else {
            throw DiagnosticError(
                .argumentInvalid, "An emergency needs a reason: it is kept, and shown wherever the run is.",
                remedy: "Say why with --reason \"…\".")
        }
        let waiting = try PendingApproval.all(target).filter { $0.run == run }
        let body: DataValue = ["decision": .string(decision.rawValue), "reason": .string(reason)]
        if waiting.isEmpty, job == nil, environment == nil {
            try decideWhole(decision, run, body, target)
            if !json { console.out.writeLine("Run \(run) was \(decision.past).") }
        }
        let chosen = waiting.isEmpty && job == nil && environment == nil ? [] : try chosen(of: waiting, run, target)
        for entry in chosen {
            let answer = try target.ask {
                try await $0.post(
                    RemoteServer.path("runs", run, "attempts", entry.attempt, "approvals", entry.job), body)
            }
            guard !json else { continue }
            let place = entry.environment.isEmpty ? "" : " for \(entry.environment.withoutControls)"
            console.out.writeLine("\(entry.job.withoutControls) of run \(run) was \(decision.past)\(place).")
            if let sentence = answer["sentence"]?.string, !sentence.isEmpty {
                console.out.writeLine("  " + sentence.withoutControls)
            }
        }
        guard json else { return }
        let data: DataValue = [
            "schema": 1, "decision": .string(decision.rawValue), "approvals": .array(chosen.map(\.data)),
        ]
        console.out.writeLine(data.jsonText())
    }

    /// A run of foreign code, before it begins.
    private func decideWhole(
        _ decision: ApprovalDecision, _ run: Int, _ body: DataValue, _ target: RemoteTarget
    ) throws {
        do {
            _ = try target.ask { try await $0.post(RemoteServer.path("runs", run, "approval"), body) }
        } catch let error as ServerError where error.kind == .missing {
            throw DiagnosticError(
                .nothingToApprove, "Run \(run) does not wait for an approval. \(error.diagnostic.message)",
                remedy: "See what waits with: martlet approve\(target.suffix)")
        }
    }

    private func chosen(
        of waiting: [PendingApproval], _ run: Int, _ target: RemoteTarget
    ) throws(DiagnosticError) -> [PendingApproval] {
        let found = waiting.filter { entry in
            (job.map { RemoteLogs.isNamed(entry.job, entry.name, $0) } ?? true)
                && (environment.map { $0 == entry.environment } ?? true)
        }
        if found.count == 1 || (found.count > 1 && (all || environment != nil || job != nil)) { return found }
        let known = waiting.map { $0.environment.isEmpty ? $0.job : "\($0.job) (\($0.environment))" }
        throw DiagnosticError(
            .nothingToApprove,
            found.isEmpty
                ? "Nothing of that kind in run \(run) waits for an approval." : "Several jobs of run \(run) wait.",
            remedy: known.isEmpty
                ? "See what waits with: martlet approve\(target.suffix)"
                : "Choose with --job or --environment, or take --all. There wait: \(known.joined(separator: ", ")).")
    }
}

/// A job that waits for people.
struct PendingApproval: Sendable {
    var run: Int
    var attempt: Int
    var job: String
    /// As people see it.
    var name: String
    var environment: String
    var project: String
    /// The event, and what a person gave: `workflow_dispatch level=high`.
    var cause: String
    /// What it waits for.
    var sentence: String
    var required: Int
    /// Who has approved so far.
    var approved: [String]
    /// Against what is deployed, in commits.
    var change: String
    /// As the server has it.
    var data: DataValue

    init?(_ data: DataValue) {
        guard let run = data["run"]?.int, let job = data["job"]?.string else { return nil }
        self.run = run
        self.job = job
        name = data["name"]?.string ?? job
        self.data = data
        attempt = data["attempt"]?.int ?? 1
        environment = data["environment"]?.string ?? ""
        project = data["project"]?.string ?? ""
        let inputs = (data["inputs"]?.object ?? [:]).map { "\($0)=\($1.string ?? "")" }
        cause = ([data["event"]?.string ?? ""] + inputs).joined(separator: " ")
        sentence = data["sentence"]?.string ?? ""
        required = data["required"]?.int ?? 1
        if let change = data["change"], let deployed = change["deployed"]?["sha"]?.string {
            let counts = change["added"]?.int.map { "+\($0) −\(change["removed"]?.int ?? 0) on " } ?? "instead of "
            self.change = counts + deployed.prefix(7)
        } else {
            change = "the first"
        }
        approved = (data["approved"]?.array ?? []).compactMap { $0.string ?? $0["name"]?.string }
    }

    static func all(_ target: RemoteTarget) throws -> [PendingApproval] {
        try target.ask { try await $0.items(RemoteServer.path("approvals")) }.compactMap { PendingApproval($0) }
    }
}
