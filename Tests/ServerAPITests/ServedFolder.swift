// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import FileAccess
import HTTPMessages
import HTTPServing
import StructuredData
import TestFolders
import Testing
import Timekeeping
import TriggerIntake

@testable import ServerAPI
@testable import ServerOperation

/// A server on a folder of its own, asked without a socket.
final class ServedFolder: Sendable {
    let server: Server
    let door: ServerDoor
    let folder: String

    convenience init(_ change: (inout ServerSettings) -> Void = { _ in }) async throws {
        try await self.init(folder: OwnFolders.path(), change)
    }

    init(folder: String, _ change: (inout ServerSettings) -> Void = { _ in }) async throws {
        self.folder = folder
        var settings = ServerSettings(folder: folder, host: "127.0.0.1", port: 0, capacity: 0, environment: [:])
        settings.passwordCost = PasswordHash.Parameters(logRounds: 4, blockSize: 8, parallelism: 1)
        change(&settings)
        server = try Server(
            settings, program: "/nowhere", transport: Self.noTransport
        ) { _ in }
        door = ServerDoor(server: server)
        try await server.start(url: "http://127.0.0.1:8480")
        // Whoever looks at a project makes its folder.
        OwnFolders.atEnd { [triggers = server.triggers] in
            await triggers.stop()
            await triggers.idle()
        }
    }

    /// A network with nobody in it.
    static let noTransport: HTTPTransport = { (call) throws(DiagnosticError) in
        throw DiagnosticError(.webUnreachable, "Nobody is at \(call.url).")
    }

    // MARK: people

    static let password = "four words that differ"

    @discardableResult
    func account(_ name: String, isAdmin: Bool = false) async throws -> EntryID {
        let reference = try await server.people.keep(Self.password, names: [name])
        _ = try await server.directory.perform(
            .addAccount(
                NewAccount(
                    name: name, email: "\(name)@example.org", passwordReference: reference, isServerAdmin: isAdmin)),
            by: .system("test"))
        return try #require(server.directory.current.account(named: name)?.id)
    }

    func token(
        _ owner: EntryID, _ scopes: Set<TokenScope>, projects: Set<EntryID>? = nil
    ) async throws -> String {
        let token = AccessToken.mint(owner.kind == .project ? .project : .personal)
        _ = try await server.directory.perform(
            .issueToken(
                TokenRequest(
                    owner: owner.kind == .project ? .project(owner) : .account(owner), name: "test \(token.prefix)",
                    prefix: token.prefix, sha256: token.sha256, grant: TokenGrant(scopes, projects: projects))),
            by: .system("test"))
        return token.text
    }

    /// An administrator of the server, and a token with all that one may.
    @discardableResult
    func admin() async throws -> String {
        let id =
            if let known = server.directory.current.account(named: "root") { known.id } else {
                try await account("root", isAdmin: true)
            }
        return try await token(id, [.admin])
    }

    @discardableResult
    func project(_ name: String = "web", roles: [EntryID: Role] = [:]) async throws -> EntryID {
        _ = try await server.directory.perform(
            .addProject(
                ProjectSettings(name: name, forge: .github, cloneURL: "https://example.org/\(name).git"), admin: nil),
            by: .system("test"))
        let id = try #require(server.directory.current.project(named: name)?.id)
        for (account, role) in roles {
            _ = try await server.directory.perform(
                .grantRole(project: id, account: account, role), by: .system("test"))
        }
        return id
    }

    // MARK: asking

    func ask(
        _ method: String, _ target: String, token: String? = nil, json: DataValue? = nil, headers: HTTPHeaders = [],
        body: String? = nil, peer: String = "192.0.2.1"
    ) async -> Reply {
        var headers = headers
        if let token { headers.add("Authorization", "Bearer \(token)") }
        var bytes = Array((body ?? "").utf8)
        if let json {
            bytes = Array(json.jsonText().utf8)
            headers.add("Content-Type", "application/json")
        }
        let inbound = InboundRequest(method, target, headers: headers, body: bytes, peer: peer)
        return await Reply(door.answer(inbound))
    }
}

/// What was answered.
struct Reply: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let text: String

    init(_ answer: OutboundAnswer) async {
        status = answer.status
        headers = answer.headers
        switch answer.content {
        case .none: text = ""
        case .bytes(let bytes): text = String(decoding: bytes, as: UTF8.self)
        case .stream(let make):
            let sink = Sink()
            let writer = AnswerWriter { sink.bytes += $0 }
            try? await make(writer)
            text = String(decoding: sink.bytes, as: UTF8.self)
        case .events(let tell):
            let sink = Sink()
            try? await tell(EventWriter(text: AnswerWriter { sink.bytes += $0 }))
            text = String(decoding: sink.bytes, as: UTF8.self)
        }
    }

    private final class Sink { var bytes: [UInt8] = [] }

    var json: DataValue { (try? DataValue(json: Array(text.utf8))) ?? .null }
    var code: String? { json["code"]?.string }
    var items: [DataValue] { json["items"]?.array ?? [] }

    /// A cookie that was set.
    func cookie(_ name: String) -> String? {
        for line in headers.all("Set-Cookie") where line.hasPrefix(name + "=") {
            return String(line.dropFirst(name.count + 1).prefix { $0 != ";" })
        }
        return nil
    }

    /// What the page says of a refusal.
    var alert: String? {
        text.firstRange(of: "role=\"alert\">").map { String(text[$0.upperBound...].prefix { $0 != "<" }) }
    }

    /// What a form of the page has to carry.
    var formToken: String? { field("csrf") }

    /// The value of a hidden field of a form.
    func field(_ name: String) -> String? {
        guard let start = text.firstRange(of: "name=\"\(name)\" value=\"") else { return nil }
        return String(text[start.upperBound...].prefix { $0 != "\"" })
    }
}
