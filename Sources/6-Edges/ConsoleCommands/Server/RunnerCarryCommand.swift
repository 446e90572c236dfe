// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ClusterExecution
internal import Diagnostics
internal import FileAccess
internal import Glibc
internal import HTTPCalling
internal import PipelineModel
internal import ProcessControl
internal import RunCoordination
internal import RunnerAgent
internal import TerminalRendering

/// In a pod: the one job that it is for.
struct RunnerCarryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carry", abstract: "Carry out the one job that a cluster's pod is for.", shouldDisplay: false)

    @Option(help: ArgumentHelp("What the pod is told of its job.", valueName: "file"))
    var lease: String

    @Option(help: ArgumentHelp("The volume that the pod's containers share.", valueName: "dir"))
    var volume = "/martlet"

    @OptionGroup var network: NetworkOptions

    /// As a shell has it for a process that was asked to end.
    private static let endedCode: Int32 = 128 + SIGTERM

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            let told = try PodLease.read(lease)
            _ = OpenFileLimit.raise()
            // Services end once it is there, however the job does.
            defer { try? Files.write([], to: "\(volume)/\(PodPlace.overMarker)") }
            if told.isSandbox { try Trees.make(PodLease.home(volume)) }
            noteHosts(told.hosts)
            let carrier = try makeCarrier(told, console)
            StopSignals.watch {
                ServerLog.say("Ending: the pod is ended.")
                Task { await carrier.abandon() }
            }
            console.flush()
            guard try AsyncWork.run({ try await carrier.run() }) else {
                try? Files.write([], to: "\(volume)/\(PodPlace.overMarker)")
                Glibc.exit(Self.endedCode)
            }
        }
    }

    /// Services whose names no pod's list of hosts may have, for the job alone.
    private func noteHosts(_ hosts: [String]) {
        guard !hosts.isEmpty else { return }
        let names = hosts.filter { name in name.allSatisfy { !$0.isWhitespace && $0 != "#" } }
        guard let file = fopen("/etc/hosts", "a") else {
            return ServerLog.say(
                "No host in this pod is called \(names.joined(separator: ", ")): reach it at localhost.")
        }
        fputs("127.0.0.1 \(names.joined(separator: " "))\n", file)
        fclose(file)
    }

    private func makeCarrier(_ told: PodLease, _ console: Console) throws -> LeaseCarrier {
        let store = try RunStore(root: volume + "/work")
        var trust: String?
        if let authorities = told.authorities {
            trust = volume + "/authorities.pem"
            try Files.write(authorities.utf8, to: volume + "/authorities.pem")
        }
        let client = try WebClient(trusting: trust)
        let own = ProcessEnvironment.entries.filter { !$0.hasPrefix("MARTLET_") }
        // A git that came with the program, for images that have none; steps see what their image has.
        setenv("PATH", (console.environment["PATH"] ?? "/usr/bin:/bin") + ":\(volume)/bin", 1)
        var environment = network.applied(to: console.environment)
        environment["MARTLET_HOME"] = store.root
        let surroundings = environment
        let pod = PodPlace(markers: volume, awaited: Set(told.awaited), isSandbox: told.isSandbox)
        return LeaseCarrier(
            told.lease,
            LeaseCarrier.Surroundings(
                store: store,
                link: ServerLink(
                    url: told.server, credential: told.credential, transport: client.transport,
                    exchange: client.exchanging),
                settings: { (content) throws(DiagnosticError) in
                    let files = try content.workflowFiles(in: store, environment: surroundings)
                    var settings = RunSession.Settings(capacity: 1, offer: try files.offer(), engines: files.engines)
                    settings.ownFolder = content.record.isPinned ? files.state.root : nil
                    settings.hostEnvironment = own
                    settings.pod = pod
                    return settings
                }, report: { ServerLog.tell($0) }))
    }
}

/// In a pod's other containers: whether a marker is there, and leaving one where a command succeeds.
struct RunnerMarkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mark", abstract: "Leave a marker where a command succeeds; for a cluster's pods.",
        shouldDisplay: false)

    @Flag(help: "Succeed while the marker is not there.")
    var absent = false

    @Argument(help: ArgumentHelp("The marker.", valueName: "file"))
    var marker: String

    @Argument(parsing: .postTerminator, help: ArgumentHelp("The command.", valueName: "command"))
    var command: [String] = []

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            if absent {
                guard !Files.isFile(marker) else { throw ExitStatus.error.exit }
                return
            }
            guard let program = command.first else {
                throw DiagnosticError(.argumentInvalid, "No command was given.", remedy: "Write it behind '--'.")
            }
            let outcome = try HelperCommand(program, Array(command.dropFirst())).run()
            console.out.write(outcome.text)
            console.flush()
            guard outcome.succeeded else { throw ExitStatus.error.exit }
            try Files.write([], to: marker, mode: 0o666)
        }
    }
}
