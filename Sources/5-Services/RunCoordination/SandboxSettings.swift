// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import StepExecution
internal import StructuredData

/// What the steps of a run may reach that runs in a sandbox.
package struct SandboxSettings: Hashable, Sendable {
    package var allowsNetwork = false
    package var memoryBytes = StepSandbox.standardLimits.memoryBytes
    package var processes = StepSandbox.standardLimits.processes

    package init() {}

    var data: DataValue {
        [
            "network": .bool(allowsNetwork), "memory": .number(Double(memoryBytes)),
            "processes": .number(Double(processes)),
        ]
    }

    init?(data: DataValue) {
        guard let memory = data["memory"]?.int, let processes = data["processes"]?.int else { return nil }
        allowsNetwork = data.bool("network")
        memoryBytes = memory
        self.processes = processes
    }

    /// What of the user's own environment a step gets: nothing that could be a secret.
    static func environment(_ entries: [String]) -> [String] {
        entries.filter { entry in
            let name = String(entry.prefix { $0 != "=" })
            return plainVariables.contains(name) || name.hasPrefix("LC_")
        }
    }

    private static let plainVariables: Set = [
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ",
    ]

    /// Whether this machine can make a sandbox.
    ///
    /// - Throws: ``DiagnosticCode/sandboxMissing``.
    package static func require(searchPath: String) throws(DiagnosticError) {
        _ = try bubblewrap(searchPath)
    }

    /// - Parameter hidden: folders of the user's own things.
    func sandbox(searchPath: String, hidden: [String]) throws(DiagnosticError) -> StepSandbox {
        var sandbox = StepSandbox(bubblewrap: try Self.bubblewrap(searchPath), hidden: hidden)
        sandbox.allowsNetwork = allowsNetwork
        sandbox.limits = LimitGroup.Limits(memoryBytes: memoryBytes, processes: processes)
        return sandbox
    }

    private static func bubblewrap(_ searchPath: String) throws(DiagnosticError) -> String {
        let places = searchPath.split(separator: ":").map { "\($0)/bwrap" }
        if let path = places.first(where: { Files.facts($0)?.isExecutable == true }) { return path }
        throw DiagnosticError(
            .sandboxMissing, "The sandbox is made by bubblewrap, and there is no bwrap on the PATH.",
            remedy: "Install it (apt install bubblewrap), or run code that you trust with --executor host.")
    }
}
