// SPDX-License-Identifier: Apache-2.0

internal import Announcements
internal import ArgumentParser
internal import ClusterExecution
internal import Diagnostics
internal import Glibc
internal import HTTPCalling
internal import HTTPServing
internal import ProcessControl
internal import RunCoordination
internal import ServerAPI
internal import ServerOperation
internal import StructuredData
internal import TerminalRendering

struct ServerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server", abstract: "Run the server: triggers, runs, logs and pages for a team.",
        discussion: """
            EXAMPLES
              martlet server --project .
              martlet server --listen :8443 --tls-certificate chain.pem --tls-key key.pem

            One process, one folder. The first start prints a link that makes the first
            administrator. With --project . the newest commit of each branch of the repository
            that you are in is run, within ten seconds. SIGTERM ends it in order: runs go on with their runners, and the next start
            takes them up.
            """, subcommands: [BackupCommand.self, RestoreCommand.self, RotateKeyCommand.self, MigrateCommand.self])

    @Option(help: ArgumentHelp("Where it listens.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8480)

    @OptionGroup var data: DataFolderOptions
    @OptionGroup var database: DatabaseOptions

    @Option(
        name: .customLong("project"),
        help: ArgumentHelp(
            "A repository whose pushes are run: a folder or an address; may be given again. It is kept.",
            valueName: "repository"))
    var projects: [String] = []

    @Option(
        help: ArgumentHelp(
            "What tells this server from others on its database; else MARTLET_SERVER_NAME, else the machine's name.",
            valueName: "name"))
    var name: String?

    @Option(
        help: ArgumentHelp(
            "Where others on its database reach this server; else MARTLET_PEER_URL, else where it listens.",
            valueName: "url"))
    var peerURL: String?

    @Option(
        help: ArgumentHelp(
            "Where logs and artifacts of runs that are over are kept, too: s3://BUCKET/PREFIX?region=… or file:///FOLDER; else MARTLET_BLOBS.",
            valueName: "url"))
    var blobs: String?

    @Option(help: ArgumentHelp("As people reach it: https://ci.example.org", valueName: "url"))
    var publicURL: String?

    @Option(help: ArgumentHelp("Serve /metrics there, to anybody.", valueName: "host:port"))
    var metricsListen: ListenAddress?

    @Option(help: ArgumentHelp("The certificate's chain, as a PEM file.", valueName: "file"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's key, as a PEM file.", valueName: "file"))
    var tlsKey: String?

    @Option(help: "Jobs that the server's own runner carries at once; 0: it has none.")
    var capacity: Int?

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label of the own runner, beside those of the machine.", valueName: "label"))
    var labels: [String] = []

    @Option(
        help: ArgumentHelp("The key that seals secrets, 32 bytes in base64 or hexadecimal.", valueName: "file"))
    var keyFile: String?

    @OptionGroup var executor: ExecutorOptions
    @OptionGroup var telling: TellingOptions
    @OptionGroup var retention: RetentionOptions
    @OptionGroup var identity: IdentityOptions

    @Option(
        name: .customLong("trusted-proxy"),
        help: ArgumentHelp(
            "A proxy whose X-Forwarded-For is believed: an address or a network; else MARTLET_TRUSTED_PROXIES.",
            valueName: "address"
        ))
    var trustedProxies: [String] = []

    @Option(
        help: ArgumentHelp(
            "Certificates to trust beside the system's, for forges, hooks and the identity provider, as a PEM file.",
            valueName: "file"))
    var trust: String?

    @Flag(help: "Do all that a start does before it serves, say what is wrong, and end.")
    var check = false

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            let settings = try settings(console)
            var faults = settings.faults
            if check, faults.isEmpty {
                let check = ServerCheck(settings: settings, projects: projects, executor: executor)
                faults = try AsyncWork.run { await check.faults() }
            }
            for fault in faults { console.show(fault.diagnostic) }
            guard faults.isEmpty else { throw ExitStatus.usage.exit }
            if check {
                console.out.writeLine("The configuration is in order. Data: \(settings.folder)")
                return
            }
            console.flush()
            try serve(settings)
        }
    }

    private func settings(_ console: Console) throws -> ServerSettings {
        var settings = ServerSettings(
            folder: data.folder(console.environment), host: listen.host, port: listen.port,
            capacity: capacity ?? ProcessorCount.available * 2, environment: console.environment)
        settings.database = try database.url(console.environment)
        settings.name = name ?? console.environment["MARTLET_SERVER_NAME"] ?? MachineName.own
        settings.peerURL = peerURL ?? console.environment["MARTLET_PEER_URL"]
        settings.say = { ServerLog.say($0) }
        settings.version = ProgramVersion.text
        settings.publicURL = publicURL ?? console.environment["MARTLET_PUBLIC_URL"]
        settings.metricsAddress = metricsListen.map { ($0.host, $0.port) }
        settings.certificatePath = tlsCertificate.map(ProcessEnvironment.absolute)
        settings.certificateKeyPath = tlsKey.map(ProcessEnvironment.absolute)
        telling.apply(to: &settings.telling)
        retention.apply(to: &settings.retention)
        settings.labels = labels.map { $0.lowercased() }
        if executor.executor == .kubernetes {
            let own = try executor.settings()
            guard own.server != nil else {
                throw DiagnosticError(
                    .executorSettings, "The cluster's settings do not say where pods reach this server.",
                    remedy: "Add a line: server: http://martlet.martlet.svc:8480")
            }
            settings.executorLabels = try executor.labels()
            settings.executorArguments =
                executor.arguments + (trust.map { ["--trust", ProcessEnvironment.absolute($0)] } ?? [])
        }
        settings.keyPath = keyFile.map(ProcessEnvironment.absolute)
        settings.blobs = try BlobsOption.store(
            blobs, console.environment, trusting: trust.map(ProcessEnvironment.absolute))
        settings.identityProvider = try identity.settings(
            console.environment, try WebClient(trusting: trust.map(ProcessEnvironment.absolute)).transport)
        let proxies = trustedProxies.isEmpty ? [console.environment["MARTLET_TRUSTED_PROXIES"] ?? ""] : trustedProxies
        settings.trustedProxies = Set(
            proxies.flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " } })
        if let text = console.environment["MARTLET_REQUESTS_PER_MINUTE"], !text.isEmpty {
            settings.requestsPerMinute = Int(text) ?? 0
        }
        if let text = console.environment["MARTLET_SILENCE_SECONDS"], !text.isEmpty {
            settings.silenceMs = (Int64(text) ?? 0) * 1_000
        }
        if let text = console.environment["MARTLET_LEASE_SECONDS"], !text.isEmpty {
            settings.leaseSeconds = Int(text) ?? 0
        }
        return settings
    }

    private func serve(_ settings: ServerSettings) throws {
        _ = OpenFileLimit.raise()
        let client = try WebClient(trusting: trust.map(ProcessEnvironment.absolute))
        let web = WebReach(
            transport: client.transport,
            resolve: { (host) throws(DiagnosticError) in try await PinnedCalls.addresses(of: host) },
            pinned: { (call, host, address) throws(DiagnosticError) in
                try await client.send(call, host: host, address: address)
            })
        let server = try Server(
            settings, program: ProgramPath.own, transport: client.transport, streaming: client.streaming, web: web
        ) { ServerLog.tell($0) }
        let door = ServerDoor(server: server)
        var options = HTTPListener.Options(host: settings.host, port: settings.port)
        if let chain = settings.certificatePath, let key = settings.certificateKeyPath {
            options.certificate = (chain, key)
        }
        let listener = HTTPListener(options) { await door.answer($0) }
        let metrics = metricsListener(server)
        let own = runnerListener(settings, door)
        StopSignals.watch {
            Task {
                ServerLog.say("Ending: runs go on with their runners.")
                await server.stop()
                Self.endWithin(seconds: Self.drainSeconds)
                await listener.stop()
                await metrics?.stop()
                await own?.stop()
            }
        }
        Task {
            // Whoever gives its seat up writes nothing more; what comes in until it has ended is for the others.
            for await error in server.faults where !server.isStopping {
                ServerLog.say("Ending: \(error)")
                Glibc.exit(ExitStatus.setup.rawValue)
            }
        }
        let scheme = settings.certificatePath == nil ? "http" : "https"
        let host = listen.urlHost
        try AsyncWork.run {
            if let metrics {
                let place = metricsListen?.urlHost ?? host
                Self.listen(metrics) { "Metrics at http://\(place):\($0)/metrics" }
            }
            if let own { Self.listen(own) { _ in nil } }
            try await listener.run { port in
                let url = "\(scheme)://\(host):\(port)"
                Task {
                    do {
                        try await server.start(url: url)
                        for project in projects {
                            let (name, isNew) = try await server.offer(project)
                            if isNew { ServerLog.say("Made the project '\(name)'.") }
                        }
                        ServerLog.say("Ready at \(settings.publicURL ?? url)")
                        if server.homes.isSteward, let token = try server.people.firstAdminToken() {
                            ServerLog.say("Make the first account: \(server.address)/setup?token=\(token)")
                        }
                    } catch {
                        ServerLog.say("\(error)")
                        Glibc.exit(ExitStatus.setup.rawValue)
                    }
                }
            }
        }
    }

    /// Requests that are being answered at the end have so long.
    private static let drainSeconds = 10

    /// Whoever reads an answer slowly, or not at all, does not keep the server: all that must last is on the disk.
    private static func endWithin(seconds: Int) {
        Task {
            try? await Task.sleep(for: .seconds(seconds))
            ServerLog.say("Ending: somebody was still being answered after \(seconds) s, and was cut off.")
            Glibc.exit(ExitStatus.success.rawValue)
        }
    }

    private func metricsListener(_ server: Server) -> HTTPListener? {
        guard let address = server.settings.metricsAddress else { return nil }
        let door = MetricsDoor(server: server)
        return HTTPListener(HTTPListener.Options(host: address.host, port: address.port)) { await door.answer($0) }
    }

    /// Where the own runner comes in; `nil`: where everybody does.
    private func runnerListener(_ settings: ServerSettings, _ door: ServerDoor) -> HTTPListener? {
        guard let path = settings.runnerSocketPath else { return nil }
        let own = RunnerDoor(door)
        return HTTPListener(HTTPListener.Options(.socket(path: path))) { await own.answer($0) }
    }

    private static func listen(_ listener: HTTPListener, _ words: @escaping @Sendable (Int) -> String?) {
        Task {
            do {
                try await listener.run { if let text = words($0) { ServerLog.say(text) } }
            } catch {
                ServerLog.say("\(error)")
                Glibc.exit(ExitStatus.setup.rawValue)
            }
        }
    }
}

/// What a service says while it runs: a line each, with nothing that is secret.
enum ServerLog {
    static func say(_ text: String) {
        let err = ByteStream(descriptor: 2)
        err.writeLine(text)
        err.flush()
    }

    static func tell(_ error: DiagnosticError) {
        let remedy = error.diagnostic.remedy.map { " \($0)" } ?? ""
        say("\(error.diagnostic.code): \(error.diagnostic.message)\(remedy)")
    }
}

/// Where this program is.
enum ProgramPath {
    static var own: String {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = bytes.withUnsafeMutableBytes { space in
            space.baseAddress.map { readlink("/proc/self/exe", $0.assumingMemoryBound(to: CChar.self), 4_096) } ?? -1
        }
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : CommandLine.arguments[0]
    }
}
