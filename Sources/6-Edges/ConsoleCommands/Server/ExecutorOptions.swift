// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import ClusterAccess
internal import ClusterExecution
internal import Diagnostics
internal import FileAccess
internal import HTTPCalling
internal import ProcessControl
internal import RunnerAgent
internal import RunnerProtocol
internal import ServerOperation

/// Where a runner's jobs are carried out.
struct ExecutorOptions: ParsableArguments {
    enum Executor: String, ExpressibleByArgument, CaseIterable {
        case host
        case kubernetes
    }

    @Option(help: "Where jobs are carried out: on this host, or as Jobs of a Kubernetes cluster.")
    var executor = Executor.host

    @Option(help: ArgumentHelp("How jobs become pods, as a YAML file; for kubernetes.", valueName: "file"))
    var cluster: String?

    @Option(
        help: ArgumentHelp(
            "The cluster's kubeconfig; else the pod's own account, else KUBECONFIG, else ~/.kube/config.",
            valueName: "file"))
    var kubeconfig: String?

    @Option(help: ArgumentHelp("A context of the kubeconfig; else its current one.", valueName: "name"))
    var context: String?

    /// The same, for another process of this program.
    var arguments: [String] {
        var words = ["--executor", executor.rawValue]
        if let cluster { words += ["--cluster", ProcessEnvironment.absolute(cluster)] }
        if let kubeconfig { words += ["--kubeconfig", ProcessEnvironment.absolute(kubeconfig)] }
        if let context { words += ["--context", context] }
        return words
    }

    func settings() throws(DiagnosticError) -> ExecutorSettings {
        guard let cluster else {
            throw DiagnosticError(
                .executorSettings, "The executor kubernetes needs a file that says how jobs become pods.",
                remedy: "Name it with --cluster; docs/operating/kubernetes.md shows one.")
        }
        return try ExecutorSettings.read(ProcessEnvironment.absolute(cluster))
    }

    /// What a runner answers to without being told: a machine's own, or a cluster's.
    func labels() throws(DiagnosticError) -> [String] {
        switch executor {
        case .host: RunnerLabels.machine
        case .kubernetes: ["self-hosted", "linux"] + (try settings()).labels
        }
    }

    /// - Throws: ``DiagnosticCode/clusterSettings``.
    func configuration(_ environment: [String: String]) throws(DiagnosticError) -> ClusterConfiguration {
        if kubeconfig == nil, context == nil, let own = try ClusterConfiguration.inPod(environment) { return own }
        guard let path = kubeconfig.map(ProcessEnvironment.absolute) ?? Kubeconfig.usualPath(environment) else {
            throw DiagnosticError(
                .clusterSettings, "No cluster is named: this is no pod, and there is no kubeconfig.",
                remedy: "Name one with --kubeconfig or KUBECONFIG.")
        }
        return try Kubeconfig(path: path).configuration(context: context)
    }
}

/// `martlet runner run --executor kubernetes`.
struct ClusterRunning {
    let executor: ExecutorOptions
    let place: String
    /// A file with certificates to trust beside the system's.
    let trust: String?

    private static let trustBytes = 1 << 20
    /// A watch ends by itself before.
    private static let idleMs: Int64 = 70_000
    /// From which on containers can end with the others.
    private static let sidecarMinor = 29

    func run(_ file: RunnerFile, _ console: Console) throws {
        let runner = try makeRunner(file, console)
        StopSignals.watch {
            ServerLog.say("Ending: the jobs go on in the cluster.")
            Task { await runner.leave() }
        }
        console.flush()
        try AsyncWork.run { try await runner.run() }
    }

    private func makeRunner(_ file: RunnerFile, _ console: Console) throws -> ClusterRunner {
        var settings = try executor.settings()
        let configuration = try executor.configuration(console.environment)
        settings.namespace = settings.namespace ?? configuration.namespace
        let cluster = Self.client(configuration, console.environment)
        let version = try AsyncWork.run { try await cluster.version() }
        let hasSidecars = settings.sidecars ?? ((version.major, version.minor) >= (1, Self.sidecarMinor))
        var manifest = JobManifest(
            settings: settings, names: LeaseNames(credential: file.credential), server: settings.server ?? file.url,
            hasSidecars: hasSidecars)
        if let trust {
            manifest.authorities = String(decoding: try Files.read(trust, limit: Self.trustBytes), as: UTF8.self)
        }
        let client = try WebClient(trusting: trust)
        let place = place
        ServerLog.say(
            "Asking \(file.url) for jobs, up to \(file.capacity) at once, for the namespace "
                + "'\(settings.namespace ?? "")' of \(configuration.server) (\(version.text)).")
        var parts = ClusterRunner.Surroundings(
            cluster: cluster, manifest: manifest, capacity: file.capacity,
            link: { () throws(DiagnosticError) in
                // The server may have begun anew elsewhere.
                let now = try RunnerFile.read(place)
                return ServerLink(url: now.url, credential: now.credential, transport: client.transport)
            }, report: { ServerLog.tell($0) }, say: { ServerLog.say($0) })
        // Nobody else ends it.
        if file.isOwn { parts.awayLimit = AwayLimits().idle }
        return ClusterRunner(parts)
    }

    private static func client(_ configuration: ClusterConfiguration, _ environment: [String: String]) -> ClusterClient
    {
        ClusterClient(configuration, environment: environment, connect: connect)
    }

    /// Whether the cluster answers, and lets its Jobs be looked at; nothing is made.
    ///
    /// - Throws: what a runner would end with, or wait for.
    static func check(_ executor: ExecutorOptions, _ environment: [String: String]) async throws(DiagnosticError) {
        let settings = try executor.settings()
        let configuration = try executor.configuration(environment)
        let cluster = client(configuration, environment)
        _ = try await cluster.version()
        _ = try await cluster.list(
            .jobs, in: settings.namespace ?? configuration.namespace, labels: "\(LeaseNames.ownerLabel)=none")
    }

    private static let connect: ClusterClient.Connector = { (wanted) throws(DiagnosticError) in
        var identity = ClientIdentity()
        identity.authorities = wanted.authorities
        identity.certificate = wanted.certificate
        identity.key = wanted.key
        identity.verifies = wanted.verifies
        let client = try WebClient(identity, idleMs: idleMs)
        return ClusterClient.Connection(send: client.transport, open: client.streaming)
    }
}
