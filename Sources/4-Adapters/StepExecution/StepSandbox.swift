// SPDX-License-Identifier: Apache-2.0

import FileAccess
package import ProcessControl

/// What a step of code that is not the user's own may reach: the system read-only, its own workspace, nothing of the
/// user's home, and no network unless it is asked for. Made by bubblewrap.
package struct StepSandbox: Hashable, Sendable {
    /// The program, as an absolute path.
    package var bubblewrap: String
    package var allowsNetwork = false
    package var limits = StepSandbox.standardLimits
    /// Folders that hold the user's own things: inside they are empty.
    package var hidden: [String]

    package static let standardLimits = LimitGroup.Limits(memoryBytes: 4 << 30, processes: 1024)

    /// - Parameter hidden: absolute paths; those that are not there do no harm.
    package init(bubblewrap: String, hidden: [String]) {
        self.bubblewrap = bubblewrap
        self.hidden = hidden
    }

    /// Files of the system that hold what nobody else should read; with user ids as they are, root could.
    private static let secretFiles = ["/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers"]
    /// Sockets of services live here: the container engine's, D-Bus, agents.
    private static let runtimeFolders = ["/run", "/var/run", "/var/tmp", "/dev/shm"]

    /// What stands before a step's program and its arguments.
    ///
    /// - Parameters:
    ///   - writable: folders that the step works in, those around others first.
    ///   - readable: folders below a hidden one that the step needs.
    func prefix(writable: [String], readable: [String], folder: String) -> [String] {
        var arguments = [
            "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
            "--die-with-parent", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
            "--tmpfs", "/tmp",
        ]
        if !allowsNetwork { arguments.append("--unshare-net") }
        for path in Self.runtimeFolders where Files.facts(path, followingLinks: false)?.kind == .directory {
            arguments += ["--tmpfs", path]
        }
        for path in hidden where Files.isDirectory(path) && path != "/" { arguments += ["--tmpfs", path] }
        for path in Self.secretFiles where Files.facts(path) != nil { arguments += ["--ro-bind", "/dev/null", path] }
        for path in readable { arguments += ["--ro-bind-try", path, path] }
        for path in writable { arguments += ["--bind", path, path] }
        return arguments + ["--chdir", folder, "--"]
    }
}
