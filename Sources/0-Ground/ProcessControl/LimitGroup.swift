// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// Control groups that hold the processes in them within a memory and a process limit, together: one of version 2, or one
/// of each controller of version 1.
///
/// To be had where this process may make groups: as root, or where they were delegated to the user.
package struct LimitGroup: Hashable, Sendable {
    package struct Limits: Hashable, Sendable {
        package var memoryBytes: Int
        package var processes: Int

        package init(memoryBytes: Int, processes: Int) {
            self.memoryBytes = memoryBytes
            self.processes = processes
        }
    }

    /// Which limit something ran into.
    package enum Excess: Hashable, Sendable {
        /// The system killed a process for want of memory.
        case memory
        /// A process could not be started.
        case processes
    }

    /// For `SpawnRequest.cgroups`.
    package let directories: [String]
    private let memory: ProcessCgroup
    private let processes: ProcessCgroup

    /// `nil` where groups with limits cannot be had.
    package static func make(name: String, _ limits: Limits) -> LimitGroup? {
        let mounts = smallFile("/proc/self/mountinfo")
        let membership = smallFile("/proc/self/cgroup")
        for version in [1, 2] {
            func place(_ controller: String) -> ProcessCgroup? {
                ProcessCgroup.discover(mounts: mounts, membership: membership, controller: controller)
                    .first { $0.version == version }
            }
            guard let memory = place("memory"), let processes = place("pids") else { continue }
            if let group = make(name, memory, processes, limits) { return group }
        }
        return nil
    }

    private static func make(
        _ name: String, _ memoryPlace: ProcessCgroup, _ processPlace: ProcessCgroup, _ limits: Limits
    ) -> LimitGroup? {
        let memory = ProcessCgroup(directory: "\(memoryPlace.directory)/\(name)", version: memoryPlace.version)
        let processes = ProcessCgroup(directory: "\(processPlace.directory)/\(name)", version: processPlace.version)
        let group = LimitGroup(memory: memory, processes: processes)
        // One of that name that a crash left behind, empty.
        group.remove()
        for directory in group.directories where pc_make_directory(directory, 0o755) != 0 {
            group.remove()
            return nil
        }
        let isVersion1 = memory.version == 1
        let memoryFile = isVersion1 ? "/memory.limit_in_bytes" : "/memory.max"
        guard pc_cgroup_set(memory.directory, memoryFile, "\(limits.memoryBytes)") == 0,
            pc_cgroup_set(processes.directory, "/pids.max", "\(limits.processes)") == 0
        else {
            group.remove()
            return nil
        }
        // Memory that is swapped out counts too, where the system can count it.
        let swapFile = isVersion1 ? "/memory.memsw.limit_in_bytes" : "/memory.swap.max"
        _ = pc_cgroup_set(memory.directory, swapFile, isVersion1 ? "\(limits.memoryBytes)" : "0")
        return group
    }

    private init(memory: ProcessCgroup, processes: ProcessCgroup) {
        self.memory = memory
        self.processes = processes
        directories = Array(Set([memory.directory, processes.directory])).sorted()
    }

    /// What happened in the group so far; `nil`: all stayed within the limits.
    package var excess: Excess? {
        let memoryEvents = memory.version == 1 ? "memory.oom_control" : "memory.events"
        if Self.count("oom_kill", in: "\(memory.directory)/\(memoryEvents)") > 0 { return .memory }
        return Self.count("max", in: "\(processes.directory)/pids.events") > 0 ? .processes : nil
    }

    /// - Returns: `false` while something lives in it.
    @discardableResult
    package func remove() -> Bool {
        var isGone = true
        for directory in directories {
            let error = pc_remove_directory(directory)
            if error != 0, SystemError(number: error).name != "ENOENT" { isGone = false }
        }
        return isGone
    }

    private static func count(_ name: String, in path: String) -> Int {
        for line in smallFile(path).split(separator: "\n") {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == name { return Int(parts[1]) ?? 0 }
        }
        return 0
    }
}
