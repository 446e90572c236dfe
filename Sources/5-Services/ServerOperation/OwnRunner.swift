// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import StructuredData

/// The server's own runner: a process of its own, so that what befalls the server befalls no step. It outlives the server;
/// the next one finds its lock held, and starts no second.
struct OwnRunner: Sendable {
    let folder: String
    /// This program.
    let program: String
    let environment: [String: String]
    /// Beside its folder.
    var arguments: [String] = []

    /// Variables of the server that a job must not see.
    private static let hidden =
        ["MARTLET_KEY", "MARTLET_TOKEN", "MARTLET_SERVER", "MARTLET_OIDC_CLIENT_SECRET"]
        + TellingSettings.secretVariables

    var lockPath: String { folder + "/runner.lock" }
    private var configurationPath: String { folder + "/runner.json" }

    /// What the runner reads whenever it looks for its server.
    func configure(url: String, id: String, credential: String, capacity: Int) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        let data: DataValue = [
            "url": .string(url), "id": .string(id), "credential": .string(credential),
            "capacity": .number(Double(capacity)), "own": true,
        ]
        try Files.replace(configurationPath, with: data.jsonText().utf8, mode: 0o600)
    }

    /// The credential of an earlier start.
    func credential() -> (id: String, credential: String)? {
        guard let text = try? Files.readIfPresent(configurationPath, limit: 1 << 16),
            let data = try? DataValue(json: text), let id = data["id"]?.string,
            let credential = data["credential"]?.string
        else { return nil }
        return (id, credential)
    }

    /// Whether a process carries the runner's jobs.
    var isAlive: Bool {
        guard Files.facts(lockPath) != nil else { return false }
        return (try? FileLock(path: lockPath)) == nil
    }

    var logPath: String { folder + "/runner.log" }
    private static let logBytes: UInt64 = 8 << 20

    /// What the runner said goes aside once it is long, and what was aside goes.
    private func turnLog() {
        guard let facts = Files.facts(logPath), facts.sizeBytes > Self.logBytes else { return }
        try? Files.rename(logPath, to: logPath + ".1")
    }

    /// Starts it, unless one is there.
    ///
    /// - Returns: what was started.
    func start() throws(DiagnosticError) -> DetachedProcess? {
        guard !isAlive else { return nil }
        turnLog()
        let variables = environment.filter { !Self.hidden.contains($0.key) }.map { "\($0.key)=\($0.value)" }
        return try DetachedProcess.start(
            [program, "runner", "run", "--data", folder] + arguments, environment: variables, log: logPath)
    }
}
