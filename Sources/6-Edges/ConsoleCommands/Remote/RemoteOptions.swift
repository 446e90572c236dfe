// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import HTTPCalling
internal import ServerClient

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

    /// The server that is meant; `nil`: this machine.
    ///
    /// - Throws: where it is no address, where its token cannot be read, and where an option for a server stands alone.
    func target(_ console: Console) throws(DiagnosticError) -> RemoteTarget? {
        if let place = try ServerPlace.named(server, tokenFile: tokenFile, console.environment) {
            return try target(at: place, console)
        }
        for (name, value) in [("--token-file", tokenFile), ("--project", project)] where value != nil {
            throw DiagnosticError(
                .serverNotNamed, "\(name) is for a server, and none was named.",
                remedy: "Name one with --server URL, or in MARTLET_SERVER.")
        }
        return nil
    }

    /// ``target(_:)`` of a verb that works nowhere else.
    func requiredTarget(_ console: Console) throws(DiagnosticError) -> RemoteTarget {
        try target(at: try ServerPlace.required(server, tokenFile: tokenFile, console.environment), console)
    }

    static func refuseDetached(_ isDetached: Bool) throws(DiagnosticError) {
        guard isDetached else { return }
        throw DiagnosticError(
            .serverNotNamed, "--detach is for a server, and none was named.",
            remedy: "Name one with --server URL, or in MARTLET_SERVER.")
    }

    private func target(at place: ServerPlace, _ console: Console) throws(DiagnosticError) -> RemoteTarget {
        let web = try WebClient(trusting: console.environment["MARTLET_TRUST"].map(ProcessEnvironment.absolute))
        let remote = RemoteServer(address: place.address, token: place.token, surroundings: .real(web))
        let isByFlag = server != nil && server != console.environment["MARTLET_SERVER"]
        let project = project ?? console.environment["MARTLET_PROJECT"].flatMap { $0.isEmpty ? nil : $0 }
        return RemoteTarget(
            server: remote, project: project, suffix: isByFlag ? " --server \(server ?? place.address.text)" : "")
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
