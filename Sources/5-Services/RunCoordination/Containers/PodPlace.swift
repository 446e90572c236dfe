// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import StepExecution
internal import StructuredData
internal import Synchronization
internal import ThreadExecution

/// The pod that a job is carried out in: its services are containers beside it, in one network.
package struct PodPlace: Sendable {
    /// On the volume that the pod's containers share: a file for each service that has been seen ready.
    package var markers: String
    /// Services that somebody looks at: they are waited for.
    package var awaited: Set<String>
    /// It encloses steps that would else be in a sandbox.
    package var isSandbox: Bool

    package init(markers: String, awaited: Set<String>, isSandbox: Bool = false) {
        self.markers = markers
        self.awaited = awaited
        self.isSandbox = isSandbox
    }

    /// A file's name for any name of a service.
    package static func readyMarker(_ service: String) -> String {
        let name = service.utf8.map { byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            return isPlain ? String(UnicodeScalar(byte)) : "%" + String(byte, radix: 16)
        }
        return "ready-" + name.joined()
    }
    /// The job is over: services end.
    package static let overMarker = "over"

    private static let lookMs = 100

    /// What the pod's own control group says, in either version's words.
    var memoryKills: @Sendable () -> Int { { Self.countMemoryKills() } }

    private static func countMemoryKills() -> Int {
        for path in ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"] {
            guard let text = try? Files.readIfPresent(path, limit: 1 << 16) else { continue }
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            if let line = lines.first(where: { $0.hasPrefix("oom_kill ") }) {
                return Int(line.dropFirst("oom_kill ".count)) ?? 0
            }
        }
        return 0
    }

    func access(_ loop: PollerLoop) -> JobContainers {
        let flag = PodFlag()
        return JobContainers(
            prepare: { demand, then in
                loop.offload(isLong: true) { () -> Result<ContainerFacts, DiagnosticError> in
                    Result { () throws(DiagnosticError) in try prepare(demand, flag) }
                } then: {
                    then($0)
                }
            },
            execute: { _, descriptor, then in refuse(descriptor, "A pod has no other container for steps.", then) },
            runAction: { _, descriptor, then in
                refuse(descriptor, "Actions that are containers of their own do not run in a cluster's pod.", then)
            },
            attach: { (_) throws(DiagnosticError) in
                throw DiagnosticError(.containersRefused, "A pod has no other container for steps.")
            },
            stopPreparing: { flag.raise() },
            remove: { then in
                loop.offload(isLong: false) { () -> [DiagnosticError] in
                    []
                } then: {
                    then($0)
                }
            })
    }

    private func prepare(_ demand: ContainerDemand, _ flag: PodFlag) throws(DiagnosticError) -> ContainerFacts {
        let start = BootInstant.now()
        var services = DataObject()
        for (name, value) in demand.services where value != .null && value != .string("") {
            while awaited.contains(name), !Files.isFile("\(markers)/\(Self.readyMarker(name))") {
                guard BootInstant.now() - start < ServiceContainer.patience else {
                    throw DiagnosticError(
                        .serviceNotReady,
                        "The service '\(name)' was not ready within \(ServiceContainer.patience.components.seconds) s.")
                }
                guard !flag.isRaised else {
                    throw DiagnosticError(.serviceNotReady, "Nobody waits for the service '\(name)' any more.")
                }
                ThreadPause.sleep(milliseconds: Self.lookMs)
            }
            // One network: a port inside is the same outside.
            let ports = try ContainerDefinition(value, name: "service '\(name)'").ports.map {
                (String($0.containerPort), DataValue.string(String($0.containerPort)))
            }
            services[name] = ["id": .string(name), "network": "pod", "ports": .object(DataObject(ports))]
        }
        return ContainerFacts(context: ["services": .object(services), "container": ["network": "pod"]])
    }
}

/// Whether something was given up, told across threads.
final class PodFlag: Sendable {
    private let state = Mutex(false)

    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}

private func refuse(
    _ descriptor: Int32, _ text: String, _ then: @escaping (ContainerExit) -> Void
) -> ContainedProcess {
    OutputDescriptor(descriptor: descriptor).close()
    then(
        .failed(
            DiagnosticError(.containersRefused, text, remedy: "Run the job on a runner that has a container engine.")))
    return ContainedProcess(signal: { _ in }, kill: {})
}
