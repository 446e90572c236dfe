// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
package import Diagnostics
internal import ExpressionLanguage
package import PipelineModel
internal import RunEngine
internal import SecretRedaction
internal import StepExecution
internal import StructuredData
internal import WorkflowPlanning

/// What a job asks of the pod that carries it out: its image, its services, its labels, how long it may take.
package struct PodDemand: Hashable, Sendable {
    /// What a registry asks for.
    package struct Login: Hashable, Sendable {
        package var username: String
        package var password: String
        /// Empty: the usual registry.
        package var server: String

        package init(username: String, password: String, server: String) {
            self.username = username
            self.password = password
            self.server = server
        }
    }

    /// A container as a workflow describes it, as far as a pod can have it.
    package struct Container: Hashable, Sendable {
        package var image: String
        /// By which steps find it; empty: the job's own.
        package var name = ""
        /// `NAME=value`.
        package var environment: [String] = []
        /// The image's where it is empty.
        package var entrypoint: [String] = []
        package var arguments: [String] = []
        package var ports: [Int] = []
        package var login: Login?
        package var memoryBytes: Int?
        /// Thousandths of a processor.
        package var milliCPUs: Int?
        package var health: Health?

        package init(image: String, name: String = "") {
            self.image = image
            self.name = name
        }
    }

    /// How it is seen that a service is ready.
    package struct Health: Hashable, Sendable {
        /// With its arguments.
        package var command: [String]
        package var intervalSeconds: Int
        package var timeoutSeconds: Int
        package var startSeconds: Int
        package var retries: Int

        package init(
            command: [String], intervalSeconds: Int, timeoutSeconds: Int, startSeconds: Int, retries: Int
        ) {
            self.command = command
            self.intervalSeconds = intervalSeconds
            self.timeoutSeconds = timeoutSeconds
            self.startSeconds = startSeconds
            self.retries = retries
        }
    }

    /// `nil`: the job names none.
    package var container: Container?
    package var services: [Container] = []
    /// What `runs-on` came to, in lower case.
    package var labels: [String] = []
    package var timeoutMs: Int64
    package var cancelTimeoutMs: Int64
    /// The environment that it is for.
    package var environment: String?
    /// Its code came from somebody who may not change the project.
    package var isForeign: Bool
    /// What a fork's steps may have.
    package var sandbox: SandboxSettings?
    /// Its id.
    package var project: String
    /// As people know it.
    package var projectName = ""

    package init(timeoutMs: Int64, cancelTimeoutMs: Int64, isForeign: Bool, project: String) {
        self.timeoutMs = timeoutMs
        self.cancelTimeoutMs = cancelTimeoutMs
        self.isForeign = isForeign
        self.project = project
    }
}

extension JobContent {
    /// - Throws: ``DiagnosticCode/containerDefinitionInvalid`` for what no pod can have.
    package func podDemand(_ work: JobID) throws(DiagnosticError) -> PodDemand {
        guard case .steps(let steps)? = record.plan.jobs.first(where: { $0.key == work.key })?.work else {
            throw DiagnosticError(.runRecordUnreadable, "The server gave a job '\(work)' without its steps.")
        }
        let evaluator = evaluator
        var demand = PodDemand(
            timeoutMs: leg.timeoutMs, cancelTimeoutMs: leg.cancelTimeoutMs, isForeign: !record.isTrusted,
            project: record.project ?? "")
        demand.sandbox = record.sandbox
        demand.projectName = record.projectName ?? ""
        demand.labels = evaluator.labels(of: work, steps.runsOn, needs: needs).map { $0.lowercased() }
        demand.environment = evaluator.environment(of: work, steps.environment, needs: needs)
        let (container, services): (DataValue?, DataValue?)
        do throws(ExpressionError) {
            let evaluation = JobContexts(values: try evaluator.contexts(of: work, needs: needs)).evaluation()
            container = try steps.container.map { (template) throws(ExpressionError) in
                try evaluation.value(of: template)
            }
            services = try steps.services.map { (template) throws(ExpressionError) in
                try evaluation.value(of: template)
            }
        } catch {
            throw DiagnosticError(.containerDefinitionInvalid, "The job's containers: \(error.message)")
        }
        if let container, container != .null, container.string != "", container.string != "docker://" {
            demand.container = try PodDemand.Container(container, name: "")
        }
        for (name, value) in services?.object ?? DataObject() where value != .null && value != .string("") {
            demand.services.append(try PodDemand.Container(value, name: name))
        }
        return demand
    }

    private var evaluator: PlanEvaluator {
        let github = GitHubContext(
            repository: record.repository, plan: record.plan, payload: record.payload, run: RunID(0), attempt: 1,
            token: token
        ).object
        let known = DataObject(secrets.map { ($0.name, .string(String(decoding: $0.value, as: UTF8.self))) })
        let evaluator = PlanEvaluator(
            PlanEvaluator.Facts(
                plan: record.plan, github: github, vars: record.vars, secrets: known, runners: .any,
                selectedMatrix: record.selectedMatrix))
        var values = RunValues()
        for change in self.values { values.set(change) }
        evaluator.restore(values)
        return evaluator
    }

    /// The same job where a pod is its container already: its steps run in it as on any machine.
    package func insidePod() -> JobContent {
        var content = self
        for index in content.record.plan.jobs.indices {
            guard case .steps(var steps) = content.record.plan.jobs[index].work else { continue }
            steps.container = nil
            content.record.plan.jobs[index].work = .steps(steps)
        }
        return content
    }
}

extension PodDemand.Container {
    /// - Parameter name: of a service; empty: the job's own.
    init(_ value: DataValue, name: String) throws(DiagnosticError) {
        let words = name.isEmpty ? "job's container" : "service '\(name)'"
        let definition = try ContainerDefinition(value, name: words)
        self.init(image: definition.image, name: name)
        guard definition.volumes.isEmpty else { throw Self.refused("'volumes'", words) }
        environment = definition.environment
        ports = definition.ports.map(\.containerPort)
        login = definition.credentials.map {
            PodDemand.Login(username: $0.username, password: $0.password, server: $0.server)
        }
        if let entry = definition.entrypoint, !entry.isEmpty { entrypoint = [entry] }
        if let command = definition.command, !command.isEmpty { arguments = splitArguments(command) }
        try apply(definition.options, words)
    }

    /// Of a Docker engine's options those that a pod has something like.
    private mutating func apply(_ options: String, _ words: String) throws(DiagnosticError) {
        var configuration = ContainerConfiguration(image: image)
        try configuration.apply(options: options)
        environment += configuration.environment
        memoryBytes = configuration.limits.memoryBytes
        milliCPUs = configuration.limits.nanoCPUs.map { max(1, $0 / 1_000_000) }
        health = configuration.healthCheck.flatMap { PodDemand.Health($0) }
        var rest = ContainerConfiguration(image: image)
        rest.environment = configuration.environment
        rest.limits.memoryBytes = configuration.limits.memoryBytes
        rest.limits.nanoCPUs = configuration.limits.nanoCPUs
        rest.healthCheck = configuration.healthCheck
        guard rest == configuration else { throw Self.refused("'options': \(options)", words) }
    }

    private static func refused(_ what: String, _ words: String) -> DiagnosticError {
        DiagnosticError(
            .containerDefinitionInvalid, "The \(words) asks for what a pod of a cluster has not: \(what).",
            remedy:
                "In a cluster options are --health-…, --env, --memory and --cpus, and there are no volumes. Remove the rest, "
                + "or run the job on a runner that has a container engine.")
    }
}

extension PodDemand.Health {
    /// `nil`: nobody looks.
    init?(_ check: HealthCheck) {
        switch check.test.first {
        case "CMD-SHELL": command = ["sh", "-c", check.test.dropFirst().joined(separator: " ")]
        case "CMD": command = Array(check.test.dropFirst())
        default: return nil
        }
        func seconds(_ duration: Duration?, _ usual: Int) -> Int {
            duration.map { max(1, Int($0.components.seconds)) } ?? usual
        }
        // Docker's own.
        intervalSeconds = seconds(check.interval, 30)
        timeoutSeconds = seconds(check.timeout, 30)
        startSeconds = seconds(check.startPeriod, 0)
        retries = max(1, check.retries ?? 3)
    }
}
