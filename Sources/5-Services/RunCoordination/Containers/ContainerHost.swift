// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import PipelineModel
internal import StepExecution
internal import StructuredData
internal import Synchronization

/// The containers of one job: its network, its services, its own. What is called here blocks, and runs on threads beside
/// the run's loop.
final class ContainerHost: Sendable {
    struct State {
        var network: (id: String, name: String, gateway: String)?
        /// In the order in which they were made.
        var containers: [String] = []
        /// The one that steps run in.
        var jobContainer: String?
        /// Where node is in it.
        var node: String?
        /// It may need no more memory than that.
        var hasMemoryLimit = false
        /// Of its processes, how many were ended for want of memory, as far as was told.
        var memoryKills = 0
    }

    let engines: EngineOffer
    let owner: ContainerOwner
    /// Whether the run's code is not to be trusted: whoever chooses a container's mounts has the whole machine.
    private let isEnclosed: Bool
    let state = Mutex(State())
    /// Of what is done before the first step.
    let preparation = CallCancellation()

    private let storeRoot: String
    private let openServices: @Sendable (_ gateway: String) -> Void

    /// - Parameter openServices: lets containers of a network reach the run's services.
    init(
        engines: EngineOffer, owner: ContainerOwner, storeRoot: String, isEnclosed: Bool,
        openServices: @escaping @Sendable (_ gateway: String) -> Void
    ) {
        self.engines = engines
        self.owner = owner
        self.storeRoot = storeRoot
        self.isEnclosed = isEnclosed
        self.openServices = openServices
    }

    /// By which containers reach this machine.
    static let machineName = "host.docker.internal"

    func engine() throws(DiagnosticError) -> EngineClient {
        guard !isEnclosed else {
            throw DiagnosticError(
                .containersRefused, "Containers are not made for code that runs in the sandbox.",
                remedy: "Run the jobs that need none, or run what you trust with --executor host.")
        }
        return try engines.onFirstUse { client in
            // What stays is in the way of nobody but this run's own names, and then it is told.
            _ = try? LeftoverContainers.remove(of: owner.store, root: storeRoot, driven: owner.run, client)
        }
    }

    /// Whether steps run in a container.
    var hasJobContainer: Bool { state.withLock { $0.jobContainer != nil } }

    // MARK: before the first step

    func prepare(_ demand: ContainerDemand) throws(DiagnosticError) -> ContainerFacts {
        let engine = try engine()
        do {
            return try make(demand, engine)
        } catch {
            // What could not be made leaves nothing behind.
            let left = remove()
            guard let first = left.first else { throw error }
            throw DiagnosticError(
                error.diagnostic.code, "\(error.diagnostic.message) (\(first.diagnostic.message))",
                remedy: error.diagnostic.remedy)
        }
    }

    private func make(_ demand: ContainerDemand, _ engine: EngineClient) throws(DiagnosticError) -> ContainerFacts {
        let network = try network(engine)
        var services = DataObject()
        var made: [ServiceContainer] = []
        var notes: [Annotation] = []
        if demand.isResumed {
            notes.append(
                Annotation(.notice, "The job's containers were made anew: what its steps changed inside them is gone."))
        }
        for (name, value) in demand.services where value != .null && value != .string("") {
            let definition = try ContainerDefinition(value, name: "service '\(name)'")
            let service = ServiceContainer(name: name, definition: definition)
            let report = try start(service.configuration(network: network.name), definition, as: name, engine)
            services[name] = service.context(report, network: network.name)
            made.append(service.started(report.id))
        }
        var context: DataObject = ["services": .object(services)]
        var container: DataObject = ["network": .string(network.name)]
        var searchPath: String?
        for service in made { notes += try service.waitUntilReady(engine, call) }
        if let value = demand.container {
            let definition = try ContainerDefinition(value, name: "job's container")
            let report = try start(configuration(demand, definition, engine), definition, as: "job", engine)
            state.withLock { state in
                state.jobContainer = report.id
                state.hasMemoryLimit = definition.options.contains("-m")
            }
            container["id"] = .string(report.id)
            searchPath = report.environment.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) }
        }
        context["container"] = .object(container)
        var facts = ContainerFacts(context: context)
        facts.searchPath = searchPath
        facts.notes = notes
        return facts
    }

    private var call: EngineCall { EngineCall(cancellation: preparation) }

    /// The job's network; made by whoever needs it first.
    func network(_ engine: EngineClient) throws(DiagnosticError) -> (id: String, name: String, gateway: String) {
        if let known = state.withLock({ $0.network }) { return known }
        let name = owner.name("network")
        let id: String
        do {
            id = try engine.createNetwork(name, labels: owner.labels, call)
        } catch {
            guard error.diagnostic.code == .engineConflict else { throw error }
            // An earlier attempt of this job was cut off.
            _ = try engine.sweep(label: owner.jobLabel, call)
            id = try engine.createNetwork(name, labels: owner.labels, call)
        }
        state.withLock { $0.network = (id, name, "") }
        let gateway = try engine.inspectNetwork(id, call).gateways.first ?? ""
        state.withLock { $0.network = (id, name, gateway) }
        if !gateway.isEmpty { openServices(gateway) }
        return (id, name, gateway)
    }

    private func configuration(
        _ demand: ContainerDemand, _ definition: ContainerDefinition, _ engine: EngineClient
    ) -> ContainerConfiguration {
        var configuration = ContainerConfiguration(image: definition.image)
        // The container lives as long as the job: steps are processes in it.
        configuration.entrypoint = ["tail"]
        configuration.command = ["-f", "/dev/null"]
        configuration.workingDirectory = demand.workspace
        configuration.environment = ["HOME=/github/home", "GITHUB_ACTIONS=true", "CI=true"]
        configuration.volumes = demand.mounts.map(\.volume) + socket(engine)
        configuration.network.mode = state.withLock { $0.network?.name }
        return configuration
    }

    /// The engine's own socket, which the runner hands to every container of a job.
    func socket(_ engine: EngineClient) -> [VolumeMount] {
        [VolumeMount(source: engine.address.path, target: "/var/run/docker.sock")]
    }

    private func start(
        _ base: ContainerConfiguration, _ definition: ContainerDefinition, as alias: String, _ engine: EngineClient
    ) throws(DiagnosticError) -> ContainerReport {
        var configuration = base
        configuration.name = owner.name(alias)
        configuration.environment += definition.environment
        configuration.ports += definition.ports
        configuration.volumes += definition.volumes
        configuration.labels = owner.labels
        try configuration.apply(options: definition.options)
        complete(&configuration)
        try bring(definition.image, definition.credentials, engine, call) { _ in }
        let id = try engine.createContainer(configuration, call).id
        state.withLock { $0.containers.append(id) }
        try engine.startContainer(id, call)
        return try engine.inspectContainer(id, call)
    }

    /// What every container of the job has.
    func complete(_ configuration: inout ContainerConfiguration) {
        configuration.labels.merge(owner.labels) { $1 }
        if let gateway = state.withLock({ $0.network?.gateway }), !gateway.isEmpty {
            configuration.network.extraHosts.append("\(Self.machineName):\(gateway)")
        }
    }

    /// Brings an image where the engine does not have it.
    func bring(
        _ image: String, _ credentials: RegistryCredentials?, _ engine: EngineClient, _ call: EngineCall,
        progress: (String) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        do {
            _ = try engine.inspectImage(image, call)
        } catch {
            guard error.diagnostic.code == .engineObjectMissing else { throw error }
            try progress("Pulling '\(image)'")
            try engine.pullImage(ImageReference(image), credentials: credentials, call)
        }
    }

    // MARK: at the end

    /// Removes what was made, and says what is still there.
    func remove() -> [DiagnosticError] {
        let (containers, network) = state.withLock { state in
            defer { state = State() }
            return (state.containers, state.network?.id)
        }
        guard !containers.isEmpty || network != nil, let engine = try? engines.client() else { return [] }
        var failures: [DiagnosticError] = []
        for id in containers {
            Self.note(&failures) { () throws(DiagnosticError) in try engine.removeContainer(id, force: true) }
        }
        if let network {
            Self.note(&failures) { () throws(DiagnosticError) in try engine.removeNetwork(network) }
        }
        return failures
    }

    private static func note(_ failures: inout [DiagnosticError], _ body: () throws(DiagnosticError) -> Void) {
        do {
            try body()
        } catch {
            guard error.diagnostic.code != .engineObjectMissing else { return }
            failures.append(
                DiagnosticError(
                    .containersLeft, "A container of the job could not be removed: \(error.diagnostic.message)",
                    remedy: "Remove it with: martlet clean"))
        }
    }
}

extension ContainerMount {
    var volume: VolumeMount { VolumeMount(source: outside, target: inside, modes: isReadOnly ? ["ro"] : []) }
}
