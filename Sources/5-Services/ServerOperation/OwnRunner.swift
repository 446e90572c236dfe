// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import StructuredData

/// The server's own runner: a process of its own, so that what befalls the server befalls no step. It outlives the server;
/// the next one finds its lock held, and starts no second.
struct OwnRunner: Sendable {
    let folder: String
    private let shared: String
    /// This program.
    let program: String
    let environment: [String: String]
    /// Beside its folder.
    let arguments: [String]

    /// Variables of the server that a job must not see.
    private static let hidden =
        [
            "MARTLET_KEY", "MARTLET_TOKEN", "MARTLET_SERVER", "MARTLET_OIDC_CLIENT_SECRET", "MARTLET_DATABASE",
            "PGPASSWORD",
        ]
        + TellingSettings.secretVariables

    /// Keys that open the object storage are not for jobs.
    private static let storageKeys = [
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ]

    /// - Parameters:
    ///   - ownFolder: of the server.
    ///   - shared: where the server keeps caches and artifacts.
    ///   - program: this program.
    init(_ settings: ServerSettings, ownFolder: String, shared: String, program: String) {
        folder = ownFolder + "/runner"
        self.shared = shared
        self.program = program
        arguments = settings.executorArguments
        let hidden = settings.blobs == nil ? [] : Self.storageKeys
        environment = settings.environment.filter { !hidden.contains($0.key) }
    }

    var lockPath: String { folder + "/runner.lock" }
    private var configurationPath: String { folder + "/runner.json" }

    /// What the runner reads whenever it looks for its server.
    func configure(url: String, id: String, credential: String, capacity: Int) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        let data: DataValue = [
            "url": .string(url), "id": .string(id), "credential": .string(credential),
            "capacity": .number(Double(capacity)), "own": true, "shared": .string(shared),
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
