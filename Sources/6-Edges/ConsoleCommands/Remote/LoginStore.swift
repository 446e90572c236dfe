// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ServerClient
internal import StructuredData

/// Where this user has signed in: a file that nobody else can read.
struct LoginStore {
    private let folder: String
    private var path: String { folder + "/servers.json" }

    private static let limitBytes = 1 << 20

    init(_ environment: [String: String]) {
        if let config = environment["XDG_CONFIG_HOME"], config.hasPrefix("/") {
            folder = config + "/martlet"
        } else {
            folder = (environment["HOME"] ?? "/tmp") + "/.config/martlet"
        }
    }

    private func logins() throws(DiagnosticError) -> DataObject {
        guard let text = try Files.readIfPresent(path, limit: Self.limitBytes) else { return [:] }
        guard let servers = (try? DataValue(json: text))?["servers"]?.object else {
            throw DiagnosticError(
                .loginMissing, "The file '\(path)' cannot be read: it is not what 'martlet auth login' writes.",
                remedy: "Remove it, and sign in again.")
        }
        return servers
    }

    /// In the order in which they were made.
    var addresses: [String] { get throws(DiagnosticError) { try logins().keys } }

    func token(for address: ServerAddress) throws(DiagnosticError) -> String? {
        try logins()[address.text]?["token"]?.string
    }

    /// - Throws: ``DiagnosticCode/loginMissing`` where nobody has signed in at that host, or at several ports of it.
    func address(ofHost host: String) throws(DiagnosticError) -> ServerAddress {
        var found: [ServerAddress] = []
        for text in try addresses {
            let address = try ServerAddress(text)
            if address.host == host.lowercased() || address.text.hasSuffix("://" + host) { found.append(address) }
        }
        guard let first = found.first, found.count == 1 else {
            throw DiagnosticError(
                .loginMissing,
                found.isEmpty
                    ? "You have signed in at no server '\(host)'." : "You have signed in at several '\(host)'.",
                remedy: "Give the whole address: --server https://\(host)")
        }
        return first
    }

    func keep(_ token: String, for address: ServerAddress) throws(DiagnosticError) {
        var servers = try logins()
        servers[address.text] = ["token": .string(token)]
        try write(servers)
    }

    /// - Returns: whether there was one.
    func forget(_ address: ServerAddress) throws(DiagnosticError) -> Bool {
        var servers = try logins()
        guard servers[address.text] != nil else { return false }
        servers[address.text] = nil
        try write(servers)
        return true
    }

    private func write(_ servers: DataObject) throws(DiagnosticError) {
        try Trees.make(folder, mode: 0o700)
        let data: DataValue = ["servers": .object(servers)]
        try Files.replace(path, with: (data.jsonText() + "\n").utf8, mode: 0o600)
    }
}
