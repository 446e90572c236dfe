// SPDX-License-Identifier: Apache-2.0

package import Credentials
package import Diagnostics
internal import FileAccess
internal import NotificationRules
package import ObjectStorage
internal import RunnerProtocol

/// What a server is started with.
package struct ServerSettings: Sendable {
    /// Where everything is kept.
    package var folder: String
    /// Where the journal is; `nil`: in the folder.
    package var database: String?
    /// What tells this server from others on the same database.
    package var name = "server"
    /// Where other servers on the same database reach this one; `nil`: where it listens.
    package var peerURL: String?
    /// Told what is worth a line in the log and is no fault.
    package var say: @Sendable (String) -> Void = { _ in }
    /// A server that was not heard of for so long is gone, by the database's clock.
    package var silenceMs = standardSilenceMs
    package var host: String
    /// 0: any that is free.
    package var port: Int
    /// Where `/metrics` is open; `nil`: only at the main address, by token.
    package var metricsAddress: (host: String, port: Int)?
    /// As people reach it, without a slash at the end; `nil`: where it listens.
    package var publicURL: String?
    package var certificatePath: String?
    package var certificateKeyPath: String?
    /// Jobs that the server's own runner carries at once; 0: it has none.
    package var capacity: Int
    /// What the own runner's process is started with beside its folder, where its jobs are not carried out on this machine.
    package var executorArguments: [String] = []
    /// What the own runner answers to then; `nil`: to what its machine does.
    package var executorLabels: [String]?
    /// Labels of the own runner beside those of its machine.
    package var labels: [String] = []
    /// The file with the key that seals secrets; `nil`: one in the folder, made at the first start.
    package var keyPath: String?
    package var environment: [String: String]
    /// Of this program, for the pages' foot and its metrics.
    package var version = ""
    /// Where people can sign in beside passwords.
    package var identityProvider: IdentitySettings?
    /// Proxies whose word on where a request comes from is taken.
    package var trustedProxies: Set<String> = []
    /// Of one token or account.
    package var requestsPerMinute = standardRequestsPerMinute
    /// How long a runner that says nothing keeps its jobs.
    package var leaseSeconds = longestLeaseSeconds
    package var passwordCost = PasswordHash.Parameters.standard
    package var telling: TellingSettings
    package var retention = RetentionSettings()
    /// Where what is over is kept beside the folder; `nil`: nowhere.
    package var blobs: (any ObjectStore)?

    /// Where the own runner reaches a server whose certificate is for the name that people use, and not for this machine's
    /// own address: a socket in the folder, which nobody else may open. `nil`: where everybody does.
    package var runnerSocketPath: String? {
        certificatePath != nil && capacity > 0 ? folder + "/runner.sock" : nil
    }

    package init(folder: String, host: String, port: Int, capacity: Int, environment: [String: String]) {
        self.folder = folder
        self.host = host
        self.port = port
        self.capacity = capacity
        self.environment = environment
        telling = TellingSettings(environment: environment)
    }

    package static let standardSilenceMs: Int64 = 5_000
    private static let silencesMs: ClosedRange<Int64> = 1_000...60_000
    package static let maximumCapacity = 1_000
    package static let standardRequestsPerMinute = 1_200
    package static let maximumRequestsPerMinute = 1_000_000
    package static let shortestLeaseSeconds = Int(RunnerLimits.shortestLeaseMs / 1_000)
    package static let longestLeaseSeconds = Int(RunnerLimits.leaseMs / 1_000)

    /// As Linux has it.
    private static let socketPathBytes = 107

    private static let nameBytes = 63

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45 || byte == 46
            || byte == 95
    }

    /// Everything that is wrong with it.
    package var faults: [DiagnosticError] {
        var faults: [DiagnosticError] = []
        func add(_ text: String, _ remedy: String) {
            faults.append(DiagnosticError(.serverSettings, text, remedy: remedy))
        }
        if (certificatePath == nil) != (certificateKeyPath == nil) {
            add("A certificate and its key come together.", "Give both --tls-certificate and --tls-key.")
        }
        for path in [certificatePath, certificateKeyPath, keyPath].compactMap({ $0 }) where !Files.isFile(path) {
            add("The file '\(path)' is not there.", "Correct the path, or make the file.")
        }
        if let path = runnerSocketPath, path.utf8.count > Self.socketPathBytes {
            add(
                "The folder's path is too long for the socket that the server's own runner needs beside TLS: "
                    + "'\(path)' is longer than \(Self.socketPathBytes) bytes.",
                "Choose a shorter --data, or --capacity 0 and runners of their own.")
        }
        let isName = !name.isEmpty && name.utf8.count <= Self.nameBytes && name.first != "."
        if !isName || !name.utf8.allSatisfy(Self.isNameByte) {
            add("'\(name.prefix(80))' is no name of a server.", "Give --name letters, digits, dots and hyphens.")
        }
        if !(0...65_535).contains(port) { add("The port \(port) is none.", "Choose one from 1 to 65535.") }
        if !(0...Self.maximumCapacity).contains(capacity) {
            add("The capacity \(capacity) is none.", "Choose 0 to \(Self.maximumCapacity) jobs.")
        }
        if !(1...Self.maximumRequestsPerMinute).contains(requestsPerMinute) {
            add(
                "\(requestsPerMinute) requests a minute are no limit.",
                "Choose 1 to \(Self.maximumRequestsPerMinute) with MARTLET_REQUESTS_PER_MINUTE.")
        }
        if !(Self.shortestLeaseSeconds...Self.longestLeaseSeconds).contains(leaseSeconds) {
            add(
                "\(leaseSeconds) s are no time after which a silent runner is lost.",
                "Choose \(Self.shortestLeaseSeconds) to \(Self.longestLeaseSeconds) with MARTLET_LEASE_SECONDS.")
        }
        if !Self.silencesMs.contains(silenceMs) {
            add(
                "\(silenceMs / 1_000) s are no time after which a silent server is gone.",
                "Choose 1 to 60 with MARTLET_SILENCE_SECONDS, less than a runner's lease.")
        }
        if let publicURL {
            let isWeb = publicURL.hasPrefix("https://") || publicURL.hasPrefix("http://")
            if !isWeb || publicURL.hasSuffix("/") {
                add("'\(publicURL)' is no address of a server.", "Write it as https://ci.example.org, without a slash.")
            }
        }
        for proxy in trustedProxies.sorted() where AddressRange(proxy) == nil {
            add(
                "'\(proxy.prefix(80))' is no address of a proxy.",
                "Give --trusted-proxy an address, as 10.0.0.5, or a network, as 10.0.0.0/24.")
        }
        if let fault = identityProvider?.fault(address: publicURL) { faults.append(fault) }
        return faults + telling.faults + retention.faults
    }
}

extension DiagnosticCode {
    static let serverSettings = DiagnosticCode(1180)
    /// Another server has the folder.
    package static let serverFolderTaken = DiagnosticCode(1181)
    /// What was asked for is not there.
    package static let entryMissing = DiagnosticCode(1182)
    /// What was to be done to a run comes too late.
    package static let runOver = DiagnosticCode(1185)
    static let referencedSecretMissing = DiagnosticCode(1184)
}
