// SPDX-License-Identifier: Apache-2.0

/// All that a container is made from.
package struct ContainerConfiguration: Hashable, Sendable {
    package var image: String
    /// Chosen by the engine where it is `nil`.
    package var name: String?
    /// `os/architecture[/variant]`; `nil`: the engine's own.
    package var platform: String?

    /// The image's where it is `nil`.
    package var command: [String]?
    /// The image's where it is `nil`.
    package var entrypoint: [String]?
    /// `NAME=VALUE`; of two with one name the later counts.
    package var environment: [String] = []
    package var workingDirectory: String?
    /// `name`, `uid` or `uid:gid`.
    package var user: String?
    package var hostname: String?
    package var domainname: String?
    package var labels: [String: String] = [:]
    package var hasTerminal = false
    package var keepsInputOpen = false
    package var stopSignal: String?
    package var stopTimeoutSeconds: Int?
    package var healthCheck: HealthCheck?

    package var volumes: [VolumeMount] = []
    /// Beside ``volumes``: what `--mount` says.
    package var mounts: [StructuredMount] = []
    /// Path to options, such as `size=64m`.
    package var tmpfs: [String: String] = [:]
    package var ports: [PortMapping] = []
    package var network = ContainerNetwork()
    package var limits = ContainerLimits()
    package var privileges = ContainerPrivileges()
    /// An init process of the engine's reaps orphans and passes signals on.
    package var usesInit: Bool?
    /// `no`, `always`, `unless-stopped`, `on-failure[:count]`.
    package var restartPolicy: String?

    package init(image: String) {
        self.image = image
    }
}

/// How a container stands in networks.
package struct ContainerNetwork: Hashable, Sendable {
    /// A network's name, or `none`, `host`, `container:ID`; `nil`: the engine's default.
    package var mode: String?
    /// Names that the other containers of the network find this one by. Only networks that were created have them.
    package var aliases: [String] = []
    /// `name:address`.
    package var extraHosts: [String] = []
    package var dnsServers: [String] = []
    package var dnsSearch: [String] = []
    package var dnsOptions: [String] = []

    package init() {}
}

/// What a container may use at most.
package struct ContainerLimits: Hashable, Sendable {
    package var memoryBytes: Int?
    /// Memory and swap together; -1: as much swap as there is.
    package var memorySwapBytes: Int?
    package var memoryReservationBytes: Int?
    /// Billionths of a processor.
    package var nanoCPUs: Int?
    package var cpuShares: Int?
    /// `0-2,4`.
    package var cpuSet: String?
    package var processCount: Int?
    package var sharedMemoryBytes: Int?
    package var ulimits: [Ulimit] = []
    package var oomScoreAdjustment: Int?
    package var isOOMKillDisabled: Bool?

    package init() {}
}

/// A limit of a container's processes; -1: none.
package struct Ulimit: Hashable, Sendable {
    /// `nofile`.
    package var name: String
    package var soft: Int
    package var hard: Int

    package init(name: String, soft: Int, hard: Int) {
        self.name = name
        self.soft = soft
        self.hard = hard
    }
}

/// What a container may do beyond the usual, and what it may not.
package struct ContainerPrivileges: Hashable, Sendable {
    package var isPrivileged = false
    package var addedCapabilities: [String] = []
    package var droppedCapabilities: [String] = []
    package var securityOptions: [String] = []
    package var devices: [DeviceMapping] = []
    package var deviceRules: [String] = []
    /// -1: all.
    package var gpuCount: Int?
    package var extraGroups: [String] = []
    package var isRootReadOnly = false
    package var kernelSettings: [String: String] = [:]
    /// Namespaces: `host`, `private`, `container:ID`, as the engine has them.
    package var ipcMode: String?
    package var pidMode: String?
    package var userMode: String?
    package var utsMode: String?
    package var cgroupMode: String?
    package var cgroupParent: String?
    /// Another runtime than the engine's default.
    package var runtime: String?

    package init() {}
}

/// A device of the machine, in a container.
package struct DeviceMapping: Hashable, Sendable {
    package var source: String
    package var target: String
    /// Of `r`, `w`, `m`.
    package var permissions: String

    package init(source: String, target: String, permissions: String = "rwm") {
        self.source = source
        self.target = target
        self.permissions = permissions
    }
}

/// How an engine sees whether what runs in a container works.
package struct HealthCheck: Hashable, Sendable {
    /// `["CMD-SHELL", "curl …"]`, `["CMD", "program", …]`, `["NONE"]`; empty: the image's.
    package var test: [String] = []
    package var interval: Duration?
    package var timeout: Duration?
    package var startPeriod: Duration?
    package var retries: Int?

    package init() {}
}

/// What `--mount type=…` says.
package struct StructuredMount: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case bind
        case volume
        case tmpfs
    }

    package var kind: Kind
    /// `nil`: a volume without a name.
    package var source: String?
    package var target: String
    package var isReadOnly = false
    package var tmpfsSizeBytes: Int?

    package init(kind: Kind, source: String?, target: String) {
        self.kind = kind
        self.source = source
        self.target = target
    }
}
