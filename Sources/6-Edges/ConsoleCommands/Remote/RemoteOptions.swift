// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import FileAccess
internal import ServerClient
internal import WebClient

/// Which server a verb works on; none: this machine.
struct RemoteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A server, by its address or the host of one where you have signed in; else MARTLET_SERVER. 'none': this machine.",
            valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "A file with the token for the server; else MARTLET_TOKEN, else what 'martlet auth login' keeps.",
            valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "The server's project; else MARTLET_PROJECT, else the one of this repository's remotes.",
            valueName: "name"))
    var project: String?

    /// As the user named it, by flag or variable; `nil`: this machine. Nothing is looked up for the answer.
    func named(_ environment: [String: String]) -> String? {
        let text = server ?? environment["MARTLET_SERVER"] ?? ""
        return text.isEmpty || text == "none" ? nil : text
    }

    /// The server that is meant; `nil`: this machine.
    ///
    /// - Throws: where it is no address, where its token cannot be read, and where an option for a server stands alone.
    func target(_ console: Console) throws(DiagnosticError) -> RemoteTarget? {
        guard let named = named(console.environment) else {
            for (name, value) in [("--token-file", tokenFile), ("--project", project)] where value != nil {
                throw DiagnosticError(
                    .serverNotNamed, "\(name) is for a server, and none was named.",
                    remedy: "Name one with --server URL, or in MARTLET_SERVER.")
            }
            return nil
        }
        return try target(at: named, console)
    }

    /// ``target(_:)`` of a verb that works nowhere else.
    func requiredTarget(_ console: Console) throws(DiagnosticError) -> RemoteTarget {
        if let named = named(console.environment) { return try target(at: named, console) }
        let logins = try LoginStore(console.environment).addresses
        // Who has signed in at one place means that one.
        if logins.count == 1 { return try target(at: logins[0], console) }
        throw DiagnosticError(
            .serverNotNamed, "No server was named.",
            remedy: "Name one with --server URL, or in MARTLET_SERVER, or sign in: martlet auth login URL")
    }

    static func refuseDetached(_ isDetached: Bool) throws(DiagnosticError) {
        guard isDetached else { return }
        throw DiagnosticError(
            .serverNotNamed, "--detach is for a server, and none was named.",
            remedy: "Name one with --server URL, or in MARTLET_SERVER.")
    }

    private func target(at named: String, _ console: Console) throws(DiagnosticError) -> RemoteTarget {
        let logins = LoginStore(console.environment)
        let address = try named.contains("://") ? ServerAddress(named) : logins.address(ofHost: named)
        let token = try token(address, logins, console)
        let web = try WebClient(trusting: console.environment["MARTLET_TRUST"].map(ProcessEnvironment.absolute))
        let remote = RemoteServer(address: address, token: token, surroundings: .real(web))
        let isByFlag = server != nil && server != console.environment["MARTLET_SERVER"]
        return RemoteTarget(
            server: remote,
            project: project ?? console.environment["MARTLET_PROJECT"].flatMap { $0.isEmpty ? nil : $0 },
            suffix: isByFlag ? " --server \(server ?? address.text)" : "")
    }

    private func token(
        _ address: ServerAddress, _ logins: LoginStore, _ console: Console
    ) throws(DiagnosticError) -> String? {
        if let tokenFile {
            return try TokenText.read(
                try Files.read(ProcessEnvironment.absolute(tokenFile), limit: TokenText.limitBytes))
        }
        // The token of the environment is that of its server, and nothing for another one.
        let own = console.environment["MARTLET_SERVER"].flatMap { try? ServerAddress($0) }
        if own == nil || own == address, let token = console.environment["MARTLET_TOKEN"], !token.isEmpty {
            return try TokenText.read(Array(token.utf8))
        }
        return try logins.token(for: address)
    }
}

/// A server that a verb works on.
struct RemoteTarget: Sendable {
    let server: RemoteServer
    /// As it was named; `nil`: the repository's.
    let project: String?
    /// What is written behind commands, so that they mean the same server.
    let suffix: String

    func ask<Value: Sendable>(_ body: @escaping @Sendable (RemoteServer) async throws -> Value) throws -> Value {
        let server = server
        return try AsyncWork.run { try await body(server) }
    }
}

extension RemoteServer.Surroundings {
    static func real(_ web: WebClient) -> RemoteServer.Surroundings {
        RemoteServer.Surroundings(
            send: web.transport, open: web.streaming,
            // One that is cancelled has waited long enough.
            pause: { try? await Task.sleep(for: .milliseconds($0)) },
            newKey: {
                let parts = (0..<2).map { _ in String(UInt64.random(in: .min ... .max), radix: 36) }
                return "cli-" + parts.joined()
            })
    }
}

/// A token as it stands in a file, a variable or on a line.
enum TokenText {
    static let limitBytes = 1 << 14

    /// - Throws: ``DiagnosticCode/tokenUnusable`` where it is empty, or holds what no header may.
    static func read(_ bytes: [UInt8]) throws(DiagnosticError) -> String {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D]
        let text = bytes.drop { blanks.contains($0) }.reversed().drop { blanks.contains($0) }.reversed()
        guard !text.isEmpty, text.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw DiagnosticError(
                .tokenUnusable, text.isEmpty ? "The token is empty." : "The token holds blanks or other characters.",
                remedy: "Give the token as the server showed it, on one line.")
        }
        return String(decoding: text, as: UTF8.self)
    }
}
