// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import ArgumentParser
internal import Diagnostics
internal import FileAccess
internal import HTTPCalling
internal import HTTPMessages
internal import PipelineModel
internal import ProcessControl
internal import RetentionRules
internal import RunCoordination
internal import RunnerAgent
internal import RunnerProtocol
internal import ServerOperation
internal import StructuredData
internal import Synchronization
internal import TerminalRendering

struct RunnerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runner", abstract: "Carry out jobs for a server.",
        discussion: """
            EXAMPLES
              martlet runner register https://ci.example.org --token mrt_reg_…
              martlet runner run
            """,
        subcommands: [
            RunnerRunCommand.self, RunnerRegisterCommand.self, RunnerTokenCommand.self, RunnerListCommand.self,
            RunnerCarryCommand.self, RunnerMarkCommand.self, RunnerProbeCommand.self,
        ])
}

/// Where a runner keeps what it must know.
struct RunnerFolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The runner's folder; else MARTLET_RUNNER, else ~/.local/state/martlet-runner.", valueName: "dir"))
    var data: String?

    func folder(_ environment: [String: String]) -> String {
        if let data { return ProcessEnvironment.absolute(data) }
        if let data = environment["MARTLET_RUNNER"], !data.isEmpty { return ProcessEnvironment.absolute(data) }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/martlet-runner" }
        return (environment["HOME"] ?? "/tmp") + "/.local/state/martlet-runner"
    }
}

/// A runner's own file: where its server is, and what it shows there.
struct RunnerFile: Sendable {
    var url: String
    var id: String
    var credential: String
    var capacity: Int
    var isEphemeral = false
    var isOwn = false
    /// Of a server's own runner: where the server keeps caches and artifacts; `nil`: around the runner's folder.
    var shared: String?

    private static let limitBytes = 1 << 16

    static func path(_ folder: String) -> String { folder + "/runner.json" }

    static func read(_ folder: String) throws(DiagnosticError) -> RunnerFile {
        let text = try Files.readIfPresent(path(folder), limit: limitBytes)
        guard let text, let data = try? DataValue(json: text), let url = data["url"]?.string,
            let id = data["id"]?.string, let credential = data["credential"]?.string
        else {
            throw DiagnosticError(
                .runnerNotRegistered, "The folder '\(folder)' has no registered runner.",
                remedy: "Register one: martlet runner register URL --token TOKEN")
        }
        var file = RunnerFile(url: url, id: id, credential: credential, capacity: max(1, data["capacity"]?.int ?? 1))
        file.isEphemeral = data.bool("ephemeral")
        file.isOwn = data.bool("own")
        file.shared = data["shared"]?.string
        return file
    }

    func write(_ folder: String) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        let data: DataValue = [
            "url": .string(url), "id": .string(id), "credential": .string(credential),
            "capacity": .number(Double(capacity)), "ephemeral": .bool(isEphemeral), "own": .bool(isOwn),
        ]
        try Files.replace(Self.path(folder), with: data.jsonText().utf8, mode: 0o600)
    }
}

struct RunnerRegisterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register", abstract: "Make this machine a runner of a server, with a one-time token.",
        discussion: """
            EXAMPLES
              martlet runner register https://ci.example.org --token mrt_reg_…
              martlet runner register https://ci.example.org --token "$TOKEN" --label gpu --capacity 2
            """)

    @Argument(help: ArgumentHelp("The server.", valueName: "url"))
    var url: String

    @Option(help: "The one-time token; else MARTLET_REGISTRATION_TOKEN.")
    var token: String?

    @Option(help: "As people see it; else the machine's name.")
    var name: String?

    @Option(name: .customLong("label"), help: ArgumentHelp("A label, beside those of the machine.", valueName: "label"))
    var labels: [String] = []

    @Option(help: "Jobs at the same time.")
    var capacity = 1

    @Flag(help: "Take one job, and be gone.")
    var ephemeral = false

    @OptionGroup var executor: ExecutorOptions

    @OptionGroup var folder: RunnerFolderOptions

    @Option(help: ArgumentHelp("Certificates to trust beside the system's, as a PEM file.", valueName: "file"))
    var trust: String?

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            guard let token = token ?? console.environment["MARTLET_REGISTRATION_TOKEN"] else {
                throw DiagnosticError(
                    .argumentInvalid, "No registration token was given.",
                    remedy: "Give --token, or set MARTLET_REGISTRATION_TOKEN.")
            }
            let place = folder.folder(console.environment)
            let offering = RunnerOffering(
                name: name ?? MachineName.own, labels: try executor.labels() + labels, capacity: capacity,
                isEphemeral: ephemeral)
            let base = url.hasSuffix("/") ? String(url.dropLast()) : url
            let client = try WebClient(trusting: trust.map(ProcessEnvironment.absolute))
            let answer = try AsyncWork.run {
                try await ServerLink.register(
                    RegistrationRequest(token: token, offering: offering), at: base, transport: client.transport)
            }
            var file = RunnerFile(url: base, id: answer.id, credential: answer.credential, capacity: capacity)
            file.isEphemeral = ephemeral
            try file.write(place)
            let command = "martlet runner run" + (folder.data.map { _ in " --data \(place)" } ?? "")
            console.out.writeLine("Registered as \(offering.name) (\(answer.id)). Start it with: \(command)")
        }
    }
}

struct RunnerRunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Ask the server for jobs, and carry them out.",
        discussion: """
            EXAMPLES
              martlet runner run
              martlet runner run --data /var/lib/martlet-runner
            """)

    @OptionGroup var folder: RunnerFolderOptions

    @Option(help: ArgumentHelp("Certificates to trust beside the system's, as a PEM file.", valueName: "file"))
    var trust: String?

    @Option(
        help: ArgumentHelp(
            "So much must be free on the disk: below it no job is taken. 0: nobody looks.", valueName: "bytes"))
    var minFree = FreeBytes(DiskRule.standard.minimumBytes)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var executor: ExecutorOptions

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            let place = folder.folder(console.environment)
            let file = try RunnerFile.read(place)
            let lock = try FileLock(path: place + "/runner.lock")
            _ = OpenFileLimit.raise()
            if executor.executor == .kubernetes {
                let trust = trust.map(ProcessEnvironment.absolute)
                try ClusterRunning(executor: executor, place: place, trust: trust).run(file, console)
                return withExtendedLifetime(lock) {}
            }
            let agent = try makeAgent(place, file, console)
            StopSignals.watch {
                ServerLog.say("Ending: the jobs that it has are carried to their end. A second signal ends them.")
                Task { await agent.leave() }
            }
            ServerLog.say("Asking \(file.url) for jobs, up to \(file.capacity) at once. The folder is \(place).")
            console.flush()
            try AsyncWork.run { try await agent.run() }
            if file.isEphemeral { try? Files.remove(RunnerFile.path(place)) }
            withExtendedLifetime(lock) {}
        }
    }

    private func makeAgent(_ place: String, _ file: RunnerFile, _ console: Console) throws -> JobRunner {
        // The own runner keeps caches and artifacts where the server does.
        let shared = file.isOwn ? file.shared ?? Files.directory(of: place) : place
        let store = try RunStore(root: place, shared: shared)
        let client = try WebClient(trusting: trust.map(ProcessEnvironment.absolute))
        var environment = network.applied(to: console.environment)
        environment["MARTLET_HOME"] = shared
        let surroundings = environment
        var parts = JobRunner.Surroundings(
            store: store, capacity: file.capacity,
            settings: { (content) throws(DiagnosticError) in
                let files = try content.workflowFiles(in: store, environment: surroundings)
                var settings = RunSession.Settings(capacity: 1, offer: try files.offer(), engines: files.engines)
                settings.ownFolder = content.record.isPinned ? files.state.root : nil
                settings.hostEnvironment = ProcessEnvironment.entries.filter { !$0.hasPrefix("MARTLET_") }
                return settings
            },
            link: { () throws(DiagnosticError) in
                // The server may have begun anew elsewhere.
                let now = try RunnerFile.read(place)
                return ServerLink(
                    url: now.url, credential: now.credential, transport: client.transport,
                    exchange: file.isOwn ? nil : client.exchanging)
            }, report: { ServerLog.tell($0) })
        parts.isOwn = file.isOwn
        parts.isFar = !file.isOwn
        parts.disk.minimumBytes = minFree.bytes
        parts.isEphemeral = file.isEphemeral
        return JobRunner(parts)
    }
}

/// What this machine calls itself.
enum MachineName {
    static var own: String {
        let text = (try? Files.readIfPresent("/proc/sys/kernel/hostname", limit: 256)) ?? nil
        let name = text.map { String(decoding: $0, as: UTF8.self) } ?? ""
        let plain = name.filter { $0.isLetter || $0.isNumber || "._-".contains($0) }
        return plain.isEmpty ? "runner" : plain
    }
}
