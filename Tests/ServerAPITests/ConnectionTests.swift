// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Announcements
import Diagnostics
import FileAccess
import Foundation
import HTTPMessages
import NotificationRules
import RunCoordination
import SourceControl
import StructuredData
import TestFolders
import Testing
import ThreadExecution
import TriggerIntake

@testable import ServerAPI
@testable import ServerOperation

@Suite("What opens a project's remote and its forge", .ownFolders)
struct ConnectionTests {
    private static let path = "/api/v1/projects/web"

    private struct Parts {
        var served: ServedFolder
        /// Of the server.
        var admin: String
        /// Who administers the project only.
        var owner: String
        var project: EntryID
    }

    private func parts(_ change: (inout ServerSettings) -> Void = { _ in }) async throws -> Parts {
        let served = try await ServedFolder(change)
        let admin = try await served.admin()
        let ada = try await served.account("ada")
        let project = try await served.project("web", roles: [ada: .admin])
        return Parts(
            served: served, admin: admin, owner: try await served.token(ada, [.admin]), project: project)
    }

    private func change(_ parts: Parts, _ json: DataValue, by token: String? = nil) async -> Reply {
        await parts.served.ask("PATCH", Self.path, token: token ?? parts.owner, json: json)
    }

    private func settings(_ parts: Parts) throws -> ProjectSettings {
        try #require(parts.served.server.directory.current.projects[parts.project]).settings
    }

    private func opened(_ parts: Parts) throws -> GitCredential? {
        let server = parts.served.server
        let project = try #require(server.directory.current.projects[parts.project])
        return try Server.credential(project, server.references, server.store.root)
    }

    @Test("A project's administrator gives them; no answer, page or log has them again, and what is replaced is gone")
    func writeOnly() async throws {
        let parts = try await parts()
        let given = await change(parts, ["credential": "planted-git", "statusToken": "planted-forge"])
        #expect(given.status == 200, "\(given.text)")
        #expect(given.json["hasCredential"] == true && given.json["hasStatusToken"] == true)
        #expect(try opened(parts) == .token("planted-git"))
        let first = try settings(parts).references
        let replies = [
            given, await parts.served.ask("GET", Self.path, token: parts.owner),
            await parts.served.ask("GET", "/api/v1/audit.ndjson", token: parts.admin),
            await parts.served.ask("GET", "/settings/projects/web", token: parts.owner),
        ]
        for reply in replies { #expect(reply.status == 200 && !reply.text.contains("planted"), "\(reply.text)") }
        for name in try Trees.list(parts.served.folder + "/references").map(\.name) {
            let bytes = try Files.read(parts.served.folder + "/references/" + name, limit: 1 << 16)
            #expect(!String(decoding: bytes, as: UTF8.self).contains("planted"))
        }
        _ = await change(parts, ["credential": "another", "options": ["credentialUser": "ci"]])
        #expect(try opened(parts) == .token("another", user: "ci"))
        #expect(throws: DiagnosticError.self) { try parts.served.server.references.text(first[0]) }
        let dropped = await change(parts, ["credential": .null, "statusToken": .null])
        #expect(dropped.json["hasCredential"] == false && dropped.json["hasStatusToken"] == false)
        #expect(try opened(parts) == nil)
        #expect(throws: DiagnosticError.self) { try parts.served.server.references.text(first[1]) }
    }

    @Test("A reference is nothing that can be given, and neither is what has blanks in it or opens nothing here")
    func refused() async throws {
        let parts = try await parts()
        let before = try Trees.list(parts.served.folder + "/references").count
        for name in ["credential", "statusToken"] {
            let reply = await change(parts, ["options": [name: "ref_abc"]])
            #expect(reply.code == "MRT1192", "\(reply.text)")
        }
        #expect(await change(parts, ["credential": "two words"]).code == "MRT1215")
        #expect(await change(parts, ["credential": "-----BEGIN OPENSSH PRIVATE KEY-----\nx"]).code == "MRT1215")
        #expect(await change(parts, ["statusToken": "-----BEGIN OPENSSH PRIVATE KEY-----\nx"]).code == "MRT1215")
        #expect(await change(parts, ["credential": ""]).code == "MRT1220")
        #expect(await change(parts, ["cloneURL": "git@example.org:o/web.git", "credential": "t"]).code == "MRT1215")
        // Nothing of it stays.
        #expect(try settings(parts).references.isEmpty)
        #expect(try Trees.list(parts.served.folder + "/references").count == before)
    }

    @Test("Over SSH it is a key, in a file that only the server reads, and that goes with it")
    func key() async throws {
        let parts = try await parts()
        let text = "-----BEGIN OPENSSH PRIVATE KEY-----\r\nabc\r\n-----END OPENSSH PRIVATE KEY-----"
        let given = await change(
            parts, ["cloneURL": "git@example.org:o/web.git", "credential": .string(text)])
        #expect(given.status == 200, "\(given.text)")
        guard case .key(let path, nil)? = try opened(parts)?.kind else {
            Issue.record("it is no key")
            return
        }
        let read = try Files.read(path, limit: 1_000)
        #expect(
            String(decoding: read, as: UTF8.self)
                == "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        // A key tells no statuses.
        #expect(Server.tokenReference(try settings(parts)) == nil)
        #expect(await change(parts, ["credential": .null]).status == 200)
        #expect(!Files.isFile(path))
    }

    @Test(
        "A change of the place does not take what is kept along",
        arguments: [
            (["cloneURL": "https://evil.example/web.git"], "credential"),
            (["cloneURL": "http://example.org/web.git"], "credential"),
            (["cloneURL": "https://example.org:8443/web.git"], "credential"),
            (["options": ["apiURL": "https://evil.example/api"]], "statusToken"),
            (["options": ["serverURL": "https://evil.example"]], "statusToken"),
            (["statusToken": .null, "options": ["apiURL": "https://evil.example/api"]], "credential"),
        ] as [(DataObject, String)])
    func moved(body: DataObject, name: String) async throws {
        let parts = try await parts { $0.telling.allowsPrivateHooks = true }
        #expect(await change(parts, ["credential": "git", "statusToken": "forge"]).status == 200)
        let before = try settings(parts)
        // Whoever administers the server does not do it by oversight either.
        for token in [parts.owner, parts.admin] {
            let reply = await change(parts, .object(body), by: token)
            #expect(reply.code == "MRT1214" && reply.text.contains("'\(name)'"), "\(reply.text)")
        }
        #expect(try settings(parts) == before)
        // With what opens the new place it is changed.
        var whole = body
        whole[name] = "for-the-new-place"
        let given = await change(parts, .object(whole))
        #expect(given.status == 200, "\(given.text)")
        // Another path of the same place is the same place.
        #expect(await change(parts, ["defaultBranch": "trunk"]).status == 200)
    }

    @Test("A token of its own does not open the way for the credential")
    func twoSteps() async throws {
        let parts = try await parts()
        #expect(await change(parts, ["credential": "git"]).status == 200)
        let led: DataValue = ["statusToken": "mine", "options": ["apiURL": "https://evil.example/api"]]
        #expect(await change(parts, led).status == 200)
        #expect(await change(parts, ["statusToken": .null]).code == "MRT1214")
    }

    @Test(
        "Who does not administer the server leads it to public places only",
        arguments: [
            ["cloneURL": "https://127.0.0.1/web.git"], ["cloneURL": "https://10.0.0.7/web.git"],
            ["cloneURL": "http://example.org/web.git"], ["cloneURL": "https://localhost/web.git"],
            ["cloneURL": "ssh://git@192.168.1.1/web.git"],
            ["cloneURL": "https://example.org:9000/web.git"],
            ["options": ["apiURL": "https://169.254.169.254/latest"]], ["options": ["apiURL": "http://[::1]:80/"]],
        ] as [DataObject])
    func guarded(body: DataObject) async throws {
        let parts = try await parts()
        let refused = await change(parts, .object(body))
        #expect(["MRT1112", "MRT1113"].contains(refused.code), "\(refused.text)")
        #expect((400..<500).contains(refused.status))
        #expect(await change(parts, .object(body), by: parts.admin).status == 200)
        #expect(try settings(parts).guardedPlaces.isEmpty)
        // What stands there may be said again by anybody.
        #expect(await change(parts, .object(body)).status == 200)
    }

    @Test(
        "What a name leads to is looked at before git goes there, for places that the server's administrator has not given"
    )
    func resolved() async throws {
        let parts = try await parts()
        let reach = Server.reach(telling(parts) { _ in })
        func trigger() throws -> TriggerProject {
            TriggerProject(try #require(parts.served.server.directory.current.projects[parts.project]))
        }
        try await reach(trigger())
        #expect(await change(parts, ["cloneURL": "https://git.example.net/web.git"]).status == 200)
        #expect(try trigger().isGuarded)
        let error = await #expect(throws: DiagnosticError.self) { try await reach(trigger()) }
        #expect(error?.diagnostic.code == .addressRefused)
        _ = await change(parts, ["cloneURL": "https://git.example.net/web.git"], by: parts.admin)
        try await reach(trigger())
    }

    /// A network in which every name leads into the server's own.
    private func telling(
        _ parts: Parts, _ report: @escaping @Sendable (DiagnosticError) -> Void
    ) -> Server.TellingParts {
        Server.TellingParts(
            settings: parts.served.server.settings, store: parts.served.server.store,
            index: parts.served.server.index, lists: parts.served.server.lists, homes: parts.served.server.homes,
            directory: parts.served.server.directory,
            references: parts.served.server.references, counts: parts.served.server.counts,
            address: OwnAddress(publicURL: nil),
            web: .init(
                transport: ServedFolder.noTransport, resolve: { (_) throws(DiagnosticError) in ["10.0.0.1"] },
                pinned: { (_, _, _) throws(DiagnosticError) in HTTPAnswer(status: 200) }), now: { 0 },
            report: report)
    }

    @Test("It is looked at, too, before all of a remote is fetched for a runner")
    func refreshed() async throws {
        let parts = try await parts()
        #expect(await change(parts, ["cloneURL": "https://git.example.net/web.git"]).status == 200)
        let (told, tell) = AsyncStream<DiagnosticCode>.makeStream()
        let refresh = Server.refreshing(telling(parts) { tell.yield($0.diagnostic.code) })
        let folder = parts.served.folder + "/mirror"
        let project = parts.project.description
        await BlockingWork.run { refresh(project, folder) }
        #expect(await told.first { _ in true } == .addressRefused)
        #expect(!Files.isDirectory(folder))
    }

    @Test(
        "An address that git could read in another way is not taken, and one that is stored gets no secret and no visit",
        arguments: ["ssh://git%4010.0.0.1%3A2222%2F@github.com/x.git", "ssh://git@github.com?x@10.0.0.5:2222/a.git"])
    func ambiguous(address: String) async throws {
        let parts = try await parts()
        #expect(await change(parts, ["cloneURL": .string(address)]).code == "MRT1046")
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx"
        let given = await change(parts, ["cloneURL": "ssh://git@github.com/x.git", "credential": .string(key)])
        #expect(given.status == 200, "\(given.text)")
        let server = parts.served.server
        var project = try #require(server.directory.current.projects[parts.project])
        project.settings.cloneURL = address
        #expect(ProjectPlaces(project.settings).remote == nil)
        #expect(try Server.credential(project, server.references, server.store.root) == nil)
    }

    @Test(
        "Who does not administer the server does not lead a secret to another repository of the same place",
        arguments: [
            (["cloneURL": "https://example.org/o/other.git"], "credential"),
            (["cloneURL": "https://example.org/o/web.git/../other"], "credential"),
            (["options": ["fullName": "o/other"]], "statusToken"),
            (["options": ["apiURL": "https://example.org/other"]], "statusToken"),
        ] as [(DataObject, String)])
    func otherRepository(body: DataObject, name: String) async throws {
        let parts = try await parts()
        let home: DataValue = [
            "cloneURL": "https://example.org/o/web.git", "credential": "git", "statusToken": "forge",
        ]
        let given = await change(parts, home, by: parts.admin)
        #expect(given.status == 200)
        let refused = await change(parts, .object(body))
        #expect(refused.code == "MRT1214", "\(refused.text)")
        #expect(await change(parts, ["cloneURL": "https://example.org/o/web/"]).status == 200)
        let done = await change(parts, .object(body), by: parts.admin)
        #expect(done.status == 200, "\(done.text)")
        _ = await change(
            parts, ["cloneURL": "https://example.org/o/web.git", "options": [:]], by: parts.admin)
        var whole = body
        for secret in ["credential", "statusToken"] { whole[secret] = "for-the-other" }
        #expect(await change(parts, .object(whole)).status == 200)
    }

    @Test("The page is for the project's administrators, and a form that leaves secrets empty keeps them")
    func page() async throws {
        let parts = try await parts()
        let path = "/settings/projects/web"
        let mallory = try await parts.served.account("mallory")
        _ = try await parts.served.server.directory.perform(
            .grantRole(project: parts.project, account: mallory, .maintain), by: .system("test"))
        let other = try await parts.served.token(mallory, [.maintain])
        #expect(await parts.served.ask("GET", path, token: other).status == 403)
        #expect(await post(parts, path, [("repository", "x")], token: other).status == 403)
        let fields = [
            ("repository", "https://example.org/web.git"), ("forge", "github"), ("branch", "trunk"), ("user", "ci"),
        ]
        let done = await post(parts, path, fields + [("credential", " planted-git \r\n"), ("statusToken", "planted")])
        #expect(done.status == 200 && done.text.contains("The connection of web was changed."), "\(done.text)")
        #expect(!done.text.contains("planted") && done.text.contains("name=\"forgetCredential\""))
        #expect(try opened(parts) == .token("planted-git", user: "ci"))
        #expect(await post(parts, path, fields).status == 200)
        #expect(try opened(parts) != nil && settings(parts).defaultBranch == "trunk")
        let moved = await post(parts, path, [("repository", "https://evil.example/web.git"), ("forge", "github")])
        #expect(moved.status == 422 && moved.text.contains("MRT1214"))
        #expect(await post(parts, path, fields + [("forgetCredential", "1")]).status == 200)
        #expect(try opened(parts) == nil && settings(parts).statusTokenReference != nil)
    }

    private func post(
        _ parts: Parts, _ target: String, _ fields: [(String, String)], token: String? = nil
    ) async -> Reply {
        let headers: HTTPHeaders = [
            ("Accept", "text/html"), ("Content-Type", "application/x-www-form-urlencoded"),
        ]
        let body = FormText.text(fields.map { FormText.Pair($0.0, $0.1) })
        return await parts.served.ask("POST", target, token: token ?? parts.owner, headers: headers, body: body)
    }
}
