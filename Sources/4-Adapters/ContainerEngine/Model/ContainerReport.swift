// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// What an engine tells about a container.
package struct ContainerReport: Hashable, Sendable {
    package enum Status: String, Hashable, Sendable {
        case created
        case running
        case paused
        case restarting
        case removing
        case exited
        case dead
        /// A word of the engine's that is not known here.
        case unknown
    }

    /// `none`: nothing checks it.
    package enum Health: String, Hashable, Sendable {
        case none
        case starting
        case healthy
        case unhealthy
    }

    package var id: String
    /// Without the slash before it.
    package var name: String
    /// The image's id.
    package var imageID: String
    package var status: Status
    package var isRunning: Bool
    /// Of its last run; 0 while there was none.
    package var exitCode: Int
    package var isOOMKilled: Bool
    /// Why it could not be started; empty: it could.
    package var error: String
    /// Of its first process, on the machine of the engine; 0: not running.
    package var processID: Int
    package var health: Health
    /// What the last check printed.
    package var healthOutput: String
    package var hasTerminal: Bool
    package var labels: [String: String]
    package var environment: [String]
    /// By the network's name.
    package var networks: [String: NetworkAttachment]
    package var ports: [PublishedPort]
    package var mounts: [AttachedMount]

    /// The ports of the machine that stand for a port of the container (`80/tcp`).
    package func hostPorts(of key: String) -> [Int] { ports.filter { $0.key == key }.map(\.hostPort) }

    init(_ data: DataValue) throws(DataShapeError) {
        id = try data.string("Id")
        name = String((data["Name"]?.string ?? "").trimmingPrefix("/"))
        imageID = data["Image"]?.string ?? ""
        let state = data["State"] ?? [:]
        status = state["Status"]?.string.flatMap(Status.init) ?? .unknown
        isRunning = state.bool("Running")
        exitCode = state["ExitCode"]?.int ?? 0
        isOOMKilled = state.bool("OOMKilled")
        error = state["Error"]?.string ?? ""
        processID = state["Pid"]?.int ?? 0
        // Podman says "" where Docker has no such object.
        let checks = state["Health"] ?? state["Healthcheck"]
        health = checks?["Status"]?.string.flatMap(Health.init) ?? .none
        healthOutput = checks?["Log"]?.array?.last?["Output"]?.string ?? ""
        let config = data["Config"] ?? [:]
        hasTerminal = config.bool("Tty")
        labels = config["Labels"]?.stringMap ?? [:]
        environment = config.strings("Env")
        networks = [:]
        for (name, attachment) in data["NetworkSettings"]?["Networks"]?.object ?? [:] {
            networks[name] = NetworkAttachment(attachment)
        }
        ports = PublishedPort.all(in: data["NetworkSettings"]?["Ports"])
        mounts = (data["Mounts"]?.array ?? []).map(AttachedMount.init)
    }
}

/// How a container stands in one network.
package struct NetworkAttachment: Hashable, Sendable {
    package var networkID: String
    /// Empty while the container is not running.
    package var address: String
    package var gateway: String
    package var aliases: [String]

    init(_ data: DataValue) {
        networkID = data["NetworkID"]?.string ?? ""
        address = data["IPAddress"]?.string ?? ""
        gateway = data["Gateway"]?.string ?? ""
        aliases = data.strings("Aliases")
    }
}

/// A port of the machine that leads to one of a container.
package struct PublishedPort: Hashable, Sendable {
    /// `80/tcp`.
    package var key: String
    package var hostAddress: String
    package var hostPort: Int

    static func all(in data: DataValue?) -> [PublishedPort] {
        var ports: [PublishedPort] = []
        for (key, bindings) in data?.object ?? [:] {
            for binding in bindings.array ?? [] {
                guard let port = binding["HostPort"]?.string.flatMap({ Int($0) }) else { continue }
                ports.append(PublishedPort(key: key, hostAddress: binding["HostIp"]?.string ?? "", hostPort: port))
            }
        }
        return ports
    }
}

/// What is mounted in a container.
package struct AttachedMount: Hashable, Sendable {
    /// `bind`, `volume`, `tmpfs`.
    package var kind: String
    /// Of a volume.
    package var name: String
    package var source: String
    package var target: String
    package var isWritable: Bool

    init(_ data: DataValue) {
        kind = data["Type"]?.string ?? ""
        name = data["Name"]?.string ?? ""
        source = data["Source"]?.string ?? ""
        target = data["Destination"]?.string ?? ""
        isWritable = data.bool("RW", default: true)
    }
}

/// One line of a list of containers.
package struct ContainerSummary: Hashable, Sendable {
    package var id: String
    package var names: [String]
    package var image: String
    package var status: ContainerReport.Status
    package var labels: [String: String]

    init(_ data: DataValue) throws(DataShapeError) {
        id = try data.string("Id")
        names = data.strings("Names").map { String($0.trimmingPrefix("/")) }
        image = data["Image"]?.string ?? ""
        status = data["State"]?.string.flatMap(ContainerReport.Status.init) ?? .unknown
        labels = data["Labels"]?.stringMap ?? [:]
    }
}

extension DataValue {
    /// Of an object, the members that are texts.
    var stringMap: [String: String] {
        var map: [String: String] = [:]
        for (key, value) in object ?? [:] { map[key] = value.string }
        return map
    }
}
