// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// The body of `POST /containers/create`.
extension ContainerConfiguration {
    var data: DataValue {
        var object: DataObject = ["Image": .string(image)]
        object.set("Cmd", command.map(DataValue.strings))
        object.set("Entrypoint", entrypoint.map(DataValue.strings))
        object["Env"] = .strings(Self.lastOfEachName(environment))
        object.set("WorkingDir", workingDirectory.map(DataValue.string))
        object.set("User", user.map(DataValue.string))
        object.set("Hostname", hostname.map(DataValue.string))
        object.set("Domainname", domainname.map(DataValue.string))
        object["Labels"] = .strings(labels)
        object["Tty"] = .bool(hasTerminal)
        object["OpenStdin"] = .bool(keepsInputOpen)
        object.set("StopSignal", stopSignal.map(DataValue.string))
        object.set("StopTimeout", stopTimeoutSeconds.map(DataValue.integer))
        object.set("Healthcheck", healthCheck?.data)
        let unnamed = volumes.filter { $0.source == nil }
        if !unnamed.isEmpty { object["Volumes"] = .object(DataObject(unnamed.map { ($0.target, [:]) })) }
        if !ports.isEmpty { object["ExposedPorts"] = .object(DataObject(ports.map { ($0.key, [:]) })) }
        object["HostConfig"] = .object(hostData)
        object.set("NetworkingConfig", network.endpoints)
        return .object(object)
    }

    private var hostData: DataObject {
        var object: DataObject = [:]
        let binds = volumes.filter { $0.source != nil }
        if !binds.isEmpty { object["Binds"] = .strings(binds.map(\.description)) }
        if !mounts.isEmpty { object["Mounts"] = .array(mounts.map(\.data)) }
        if !tmpfs.isEmpty { object["Tmpfs"] = .strings(tmpfs) }
        if !ports.isEmpty { object["PortBindings"] = .object(portBindings) }
        object.set("Init", usesInit.map(DataValue.bool))
        if let restartPolicy {
            let parts = restartPolicy.split(separator: ":", maxSplits: 1)
            var policy: DataObject = ["Name": .string(String(parts.first ?? ""))]
            if parts.count == 2 { policy.set("MaximumRetryCount", Int(parts[1]).map(DataValue.integer)) }
            object["RestartPolicy"] = .object(policy)
        }
        network.add(to: &object)
        limits.add(to: &object)
        privileges.add(to: &object)
        return object
    }

    private var portBindings: DataObject {
        var bindings: DataObject = [:]
        for port in ports {
            var hosts = bindings[port.key]?.array ?? []
            hosts.append([
                "HostIp": .string(port.hostAddress), "HostPort": .string(port.hostPort.map(String.init) ?? ""),
            ])
            bindings[port.key] = .array(hosts)
        }
        return bindings
    }

    /// Programs disagree on which of two counts.
    private static func lastOfEachName(_ environment: [String]) -> [String] {
        var object = DataObject()
        for line in environment { object[String(line.prefix { $0 != "=" })] = .string(line) }
        return object.values.compactMap(\.string)
    }
}

extension DataValue {
    static func strings(_ texts: [String]) -> DataValue { .array(texts.map(DataValue.string)) }

    static func strings(_ texts: [String: String]) -> DataValue {
        .object(DataObject(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }

    static func integer(_ number: Int) -> DataValue { .number(Double(number)) }

    static func nanoseconds(_ duration: Duration) -> DataValue {
        let (seconds, attoseconds) = duration.components
        return .number(Double(seconds) * 1e9 + Double(attoseconds / 1_000_000_000))
    }
}

extension HealthCheck {
    var data: DataValue {
        var object: DataObject = [:]
        if !test.isEmpty { object["Test"] = .strings(test) }
        object.set("Interval", interval.map(DataValue.nanoseconds))
        object.set("Timeout", timeout.map(DataValue.nanoseconds))
        object.set("StartPeriod", startPeriod.map(DataValue.nanoseconds))
        object.set("Retries", retries.map(DataValue.integer))
        return .object(object)
    }
}

extension StructuredMount {
    var data: DataValue {
        var object: DataObject = ["Type": .string(kind.rawValue), "Target": .string(target)]
        object.set("Source", source.map(DataValue.string))
        if isReadOnly { object["ReadOnly"] = true }
        if let tmpfsSizeBytes { object["TmpfsOptions"] = ["SizeBytes": .integer(tmpfsSizeBytes)] }
        return .object(object)
    }
}

extension ContainerNetwork {
    /// Aliases belong to the one network that the container is created in.
    var endpoints: DataValue? {
        guard let mode, !aliases.isEmpty else { return nil }
        return ["EndpointsConfig": .object([mode: ["Aliases": .strings(aliases)]])]
    }

    func add(to object: inout DataObject) {
        object.set("NetworkMode", mode.map(DataValue.string))
        if !extraHosts.isEmpty { object["ExtraHosts"] = .strings(extraHosts) }
        if !dnsServers.isEmpty { object["Dns"] = .strings(dnsServers) }
        if !dnsSearch.isEmpty { object["DnsSearch"] = .strings(dnsSearch) }
        if !dnsOptions.isEmpty { object["DnsOptions"] = .strings(dnsOptions) }
    }
}

extension ContainerLimits {
    func add(to object: inout DataObject) {
        object.set("Memory", memoryBytes.map(DataValue.integer))
        object.set("MemorySwap", memorySwapBytes.map(DataValue.integer))
        object.set("MemoryReservation", memoryReservationBytes.map(DataValue.integer))
        object.set("NanoCpus", nanoCPUs.map(DataValue.integer))
        object.set("CpuShares", cpuShares.map(DataValue.integer))
        object.set("CpusetCpus", cpuSet.map(DataValue.string))
        object.set("PidsLimit", processCount.map(DataValue.integer))
        object.set("ShmSize", sharedMemoryBytes.map(DataValue.integer))
        object.set("OomScoreAdj", oomScoreAdjustment.map(DataValue.integer))
        object.set("OomKillDisable", isOOMKillDisabled.map(DataValue.bool))
        guard !ulimits.isEmpty else { return }
        object["Ulimits"] = .array(
            ulimits.map { ["Name": .string($0.name), "Soft": .integer($0.soft), "Hard": .integer($0.hard)] })
    }
}

extension ContainerPrivileges {
    func add(to object: inout DataObject) {
        if isPrivileged { object["Privileged"] = true }
        if isRootReadOnly { object["ReadonlyRootfs"] = true }
        let lists = [
            ("CapAdd", addedCapabilities), ("CapDrop", droppedCapabilities), ("SecurityOpt", securityOptions),
            ("GroupAdd", extraGroups), ("DeviceCgroupRules", deviceRules),
        ]
        for (key, list) in lists where !list.isEmpty { object[key] = .strings(list) }
        if !devices.isEmpty {
            object["Devices"] = .array(
                devices.map {
                    [
                        "PathOnHost": .string($0.source), "PathInContainer": .string($0.target),
                        "CgroupPermissions": .string($0.permissions),
                    ]
                })
        }
        if let gpuCount {
            object["DeviceRequests"] = [["Count": .integer(gpuCount), "Capabilities": [["gpu"]]]]
        }
        if !kernelSettings.isEmpty { object["Sysctls"] = .strings(kernelSettings) }
        let modes = [
            ("IpcMode", ipcMode), ("PidMode", pidMode), ("UsernsMode", userMode), ("UTSMode", utsMode),
            ("CgroupnsMode", cgroupMode), ("CgroupParent", cgroupParent), ("Runtime", runtime),
        ]
        for (key, mode) in modes { object.set(key, mode.map(DataValue.string)) }
    }
}
