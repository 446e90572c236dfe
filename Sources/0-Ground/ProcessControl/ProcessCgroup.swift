// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// A control group of our own: what is put into it cannot leave it by any fork or `setsid`.
///
/// Version 2 (killed whole by `cgroup.kill`) or the freezer of version 1 (stopped whole, then killed).
/// Not to be had everywhere; the supervisor's sweep does without.
package struct ProcessCgroup: Hashable, Sendable {
    /// For `SpawnRequest.cgroups`.
    package let directory: String
    package let version: Int

    /// Makes a group below the one this process is in, of any version or of this one; `nil` where that is not allowed,
    /// or where there is one of that name.
    package static func make(name: String, version: Int? = nil) -> ProcessCgroup? {
        for place in places(version) {
            let group = place.below(name)
            guard pc_make_directory(group.directory, 0o755) == 0 else { continue }
            if group.isUsable { return group }
            _ = pc_remove_directory(group.directory)
        }
        return nil
    }

    /// A group that another process made under this name.
    package static func existing(name: String) -> ProcessCgroup? {
        places(nil).map { $0.below(name) }.first(where: \.isUsable)
    }

    private static func places(_ version: Int?) -> [ProcessCgroup] {
        discover(mounts: smallFile("/proc/self/mountinfo"), membership: smallFile("/proc/self/cgroup"))
            .filter { version == nil || $0.version == version }
    }

    private func below(_ name: String) -> ProcessCgroup {
        ProcessCgroup(directory: "\(directory)/\(name)", version: version)
    }

    private var isUsable: Bool {
        pc_writable_file(version == 2 ? "\(directory)/cgroup.kill" : "\(directory)/freezer.state") == 0
    }

    /// Puts a process, and all that it will start, into the group. Where that fails the sweep still finds them.
    package func add(_ processID: Int32) { _ = pc_cgroup_add(directory, processID) }

    /// Kills all that is in it, and removes it. A group that was killed must not be used again: Linux 6.18 kills at once
    /// whatever is born into it.
    ///
    /// - Returns: whether it is gone.
    package func end(patience: Duration = .seconds(1)) -> Bool {
        let deadline = BootInstant.now() + patience
        repeat {
            pc_cgroup_kill(directory)
            if remove() { return true }
            pc_nap(Self.napNanoseconds)
        } while BootInstant.now() < deadline
        return false
    }

    private static let napNanoseconds: UInt64 = 1_000_000

    /// Fails quietly while something lives in it.
    package func remove() -> Bool { pc_remove_directory(directory) == 0 }

    /// The groups this process is in: version 2 first, then the controller's of version 1.
    static func discover(mounts: String, membership: String, controller: String = "freezer") -> [ProcessCgroup] {
        var places: [ProcessCgroup] = []
        for line in mounts.split(separator: "\n") {
            // 30 23 0:26 /root /mount/point rw,… shared:1 - cgroup2 cgroup2 rw,options
            guard let dash = line.firstRange(of: " - ") else { continue }
            let before = line[..<dash.lowerBound].split(separator: " ")
            let after = line[dash.upperBound...].split(separator: " ")
            guard before.count >= 5, after.count >= 3 else { continue }
            let version = after[0] == "cgroup2" ? 2 : after[0] == "cgroup" ? 1 : 0
            if version == 1, !after[2].split(separator: ",").contains(Substring(controller)) { continue }
            guard version > 0, let own = path(in: membership, version: version, controller) else { continue }
            // What is mounted may be a part of the tree only, as in a container.
            let root = before[3] == "/" ? "" : String(before[3])
            guard own == root || own.hasPrefix(root + "/") || own == "/" else { continue }
            let below = own == "/" ? "" : String(own.dropFirst(root.count))
            let directory = unescaped(before[4]) + (below == "/" ? "" : below)
            places.append(ProcessCgroup(directory: directory, version: version))
        }
        return places.sorted { $0.version > $1.version }
    }

    /// `0::/path` for version 2, `6:freezer:/path` for version 1.
    private static func path(in membership: String, version: Int, _ controller: String) -> String? {
        for line in membership.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let matches =
                version == 2
                ? fields[0] == "0" && fields[1].isEmpty
                : fields[1].split(separator: ",").contains(Substring(controller))
            if matches { return String(fields[2]) }
        }
        return nil
    }

    /// mountinfo writes a blank as `\040`.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let first = rest.popFirst() {
            let digits = String(decoding: rest.prefix(3), as: UTF8.self)
            if first == UInt8(ascii: "\\"), rest.count >= 3, let code = UInt8(digits, radix: 8) {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(first)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
