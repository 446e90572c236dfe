// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension ContainerOption {
    /// How much it may use.
    static let resources: [ContainerOption] = [
        sets("memory", short: "m") { (container, value) throws(DiagnosticError) in
            container.limits.memoryBytes = try value.bytes()
        },
        sets("memory-swap") { (container, value) throws(DiagnosticError) in
            container.limits.memorySwapBytes = value.text == "-1" ? -1 : try value.bytes()
        },
        sets("memory-reservation") { (container, value) throws(DiagnosticError) in
            container.limits.memoryReservationBytes = try value.bytes()
        },
        sets("cpus") { (container, value) throws(DiagnosticError) in
            guard let count = Double(value.text), count > 0, count < 100_000 else {
                throw value.failure("a number of processors such as 1.5")
            }
            container.limits.nanoCPUs = Int((count * 1e9).rounded())
        },
        sets("cpu-shares", short: "c") { (container, value) throws(DiagnosticError) in
            container.limits.cpuShares = try value.integer()
        },
        sets("cpuset-cpus") { $0.limits.cpuSet = $1.text },
        sets("pids-limit") { (container, value) throws(DiagnosticError) in
            container.limits.processCount = try value.integer()
        },
        sets("shm-size") { (container, value) throws(DiagnosticError) in
            container.limits.sharedMemoryBytes = try value.bytes()
        },
        sets("ulimit") { (container, value) throws(DiagnosticError) in
            let (name, text) = try value.pair("=", "name=soft[:hard]")
            let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(numbers.count), let soft = numbers[0], let hard = numbers[numbers.count - 1] else {
                throw value.failure("name=soft[:hard]")
            }
            container.limits.ulimits.append(Ulimit(name: name, soft: soft, hard: hard))
        },
        sets("oom-score-adj") { (container, value) throws(DiagnosticError) in
            container.limits.oomScoreAdjustment = try value.integer()
        },
        switches("oom-kill-disable") { $0.limits.isOOMKillDisabled = $1 },
    ]

    /// What it may do.
    static let privileges: [ContainerOption] = [
        switches("privileged") { $0.privileges.isPrivileged = $1 },
        switches("read-only") { $0.privileges.isRootReadOnly = $1 },
        sets("cap-add") { $0.privileges.addedCapabilities.append($1.text) },
        sets("cap-drop") { $0.privileges.droppedCapabilities.append($1.text) },
        sets("security-opt") { $0.privileges.securityOptions.append($1.text) },
        sets("group-add") { $0.privileges.extraGroups.append($1.text) },
        sets("device") { (container, value) throws(DiagnosticError) in
            container.privileges.devices.append(try device(value))
        },
        sets("device-cgroup-rule") { $0.privileges.deviceRules.append($1.text) },
        sets("gpus") { (container, value) throws(DiagnosticError) in
            container.privileges.gpuCount = value.text == "all" ? -1 : try value.integer()
        },
        sets("sysctl") { (container, value) throws(DiagnosticError) in
            let (name, setting) = try value.pair("=", "name=value")
            container.privileges.kernelSettings[name] = setting
        },
        sets("ipc") { $0.privileges.ipcMode = $1.text },
        sets("pid") { $0.privileges.pidMode = $1.text },
        sets("userns") { $0.privileges.userMode = $1.text },
        sets("uts") { $0.privileges.utsMode = $1.text },
        sets("cgroupns") { $0.privileges.cgroupMode = $1.text },
        sets("cgroup-parent") { $0.privileges.cgroupParent = $1.text },
        sets("runtime") { $0.privileges.runtime = $1.text },
    ]

    /// `source[:target][:permissions]`
    private static func device(_ value: OptionValue) throws(DiagnosticError) -> DeviceMapping {
        var parts = value.text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var permissions = "rwm"
        if parts.count > 1, let last = parts.last, !last.isEmpty, last.allSatisfy({ "rwm".contains($0) }) {
            permissions = last
            parts.removeLast()
        }
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.hasPrefix("/") }) else {
            throw value.failure("/dev/source[:/dev/target][:rwm]")
        }
        return DeviceMapping(source: parts[0], target: parts[parts.count - 1], permissions: permissions)
    }
}
