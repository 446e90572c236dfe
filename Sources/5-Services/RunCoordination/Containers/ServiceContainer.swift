// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import PipelineModel
internal import StepExecution
internal import StructuredData

/// A container that a job's steps talk to.
struct ServiceContainer {
    /// By which the job's containers find it.
    let name: String
    let definition: ContainerDefinition
    private(set) var id = ""

    /// How long a health check may say that the service is still starting.
    static let patience = Duration.seconds(300)
    /// Of what a service has printed.
    private static let shownLines = 20

    init(name: String, definition: ContainerDefinition) {
        self.name = name
        self.definition = definition
    }

    func started(_ id: String) -> ServiceContainer {
        var service = self
        service.id = id
        return service
    }

    func configuration(network: String) -> ContainerConfiguration {
        var configuration = ContainerConfiguration(image: definition.image)
        configuration.network.mode = network
        configuration.network.aliases = [name]
        configuration.environment = ["GITHUB_ACTIONS=true", "CI=true"]
        if let entrypoint = definition.entrypoint, !entrypoint.isEmpty { configuration.entrypoint = [entrypoint] }
        if let command = definition.command, !command.isEmpty { configuration.command = splitArguments(command) }
        return configuration
    }

    /// What `job.services.NAME` is.
    func context(_ report: ContainerReport, network: String) -> DataValue {
        var ports = DataObject()
        for port in report.ports {
            let number = String(port.key.prefix { $0 != "/" })
            if ports[number] == nil { ports[number] = .string(String(port.hostPort)) }
        }
        return ["id": .string(report.id), "network": .string(network), "ports": .object(ports)]
    }

    /// Waits for its health check, where it has one.
    ///
    /// - Returns: what to tell of a service that ended early and that nothing checks.
    /// - Throws: ``DiagnosticCode/serviceUnhealthy``, ``DiagnosticCode/serviceNotReady``.
    func waitUntilReady(_ engine: EngineClient, _ call: EngineCall) throws(DiagnosticError) -> [Annotation] {
        let report = try engine.waitForHealth(of: id, atMost: Self.patience, call)
        switch report.health {
        case .healthy: return []
        case .none where report.isRunning: return []
        case .none:
            let text = "The service '\(name)' has ended already, with exit code \(report.exitCode).\(lastLines(engine))"
            return [Annotation(.warning, text)]
        case .starting where report.isRunning:
            throw DiagnosticError(
                .serviceNotReady,
                "The service '\(name)' was not ready within \(Self.patience.components.seconds) seconds."
                    + lastLines(engine))
        case .starting, .unhealthy:
            let what = report.isRunning ? "is unhealthy" : "ended with exit code \(report.exitCode)"
            let check = report.healthOutput.split(separator: "\n").last.map { " Its check said: \($0)." } ?? ""
            throw DiagnosticError(
                .serviceUnhealthy, "The service '\(name)' \(what).\(check)\(lastLines(engine))",
                remedy: "See what it printed, and its 'options: --health-cmd …'.")
        }
    }

    private func lastLines(_ engine: EngineClient) -> String {
        var request = LogRequest()
        request.lineCount = Self.shownLines
        var bytes: [UInt8] = []
        do {
            try engine.logs(of: id, request) { _, chunk in bytes += chunk.prefix(max(0, (16 << 10) - bytes.count)) }
        } catch {
            return " What it printed could not be read: \(error.diagnostic.message)"
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(Self.shownLines)
        return lines.isEmpty ? " It printed nothing." : " It printed:\n" + lines.joined(separator: "\n")
    }
}
