// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import EventJournal
import HTTPMessages
import HTTPServing
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("The API as its description says", .ownFolders)
struct WholeAPITests {
    private struct Operation {
        var method: String
        var path: String
        var isOpen: Bool
        var description: DataValue
    }

    private func operations(_ served: ServedFolder) async -> [Operation] {
        let document = await served.ask("GET", "/api/v1/openapi.json").json
        return (document["paths"]?.object ?? [:]).flatMap { path, methods in
            (methods.object ?? [:]).map { method, operation in
                Operation(
                    method: method.uppercased(), path: path, isOpen: operation["security"]?.array?.isEmpty ?? false,
                    description: operation)
            }
        }
    }

    /// The path with names of what is there, or of what is not.
    private func filled(_ path: String) -> String {
        let names = ["{project}": "web", "{environment}": "prod", "{account}": "ada", "{name}": "X"]
        return path.split(separator: "/").map { part in
            part.hasPrefix("{") ? names[String(part)] ?? "1" : String(part)
        }.reduce("") { $0 + "/" + $1 }
    }

    @Test("Without a credential each operation but the open ones answers 401")
    func withoutCredential() async throws {
        let served = try await ServedFolder()
        try await served.admin()
        try await served.project("web")
        let all = await operations(served)
        #expect(all.count > 80)
        for operation in all where !operation.isOpen {
            let answer = await served.ask(operation.method, filled(operation.path))
            #expect(answer.status == 401, "\(operation.method) \(operation.path): \(answer.status)")
            #expect(answer.headers["WWW-Authenticate"] != nil)
        }
    }

    /// What everybody who is known may ask; what it shows goes by what they may see.
    private let ofEverybody: Set<String> = [
        "GET /api/v1/me", "GET /api/v1/can-i", "GET /api/v1/projects", "GET /api/v1/runs", "GET /api/v1/events",
        "GET /api/v1/approvals",
        // What the token is for.
        "GET /metrics",
    ]

    @Test("With a token of too little scope each operation answers 403 or 404")
    func tooLittle() async throws {
        let served = try await ServedFolder()
        try await served.admin()
        let ada = try await served.account("ada", isAdmin: true)
        try await served.project("web")
        _ = try await served.server.directory.perform(
            .setEnvironment(
                try #require(served.server.directory.current.project(named: "web")?.id), EnvironmentRules(name: "prod")),
            by: .system("test"))
        let metrics = try await served.token(ada, [.metrics])
        for operation in await operations(served) where !operation.isOpen {
            let name = "\(operation.method) \(operation.path)"
            guard !ofEverybody.contains(name), name != "GET /metrics" else { continue }
            let isShaped = operation.description["requestBody"] != nil
            let answer = await served.ask(operation.method, filled(operation.path), token: metrics)
            #expect(
                [403, 404].contains(answer.status) || isShaped && answer.status == 422, "\(name): \(answer.status)")
            if isShaped, answer.status == 422 { continue }
            #expect(answer.json["status"]?.int == answer.status)
        }
        #expect(await served.ask("GET", "/metrics", token: metrics).status == 200)
    }

    @Test("No answer holds a secret that was planted")
    func noSecrets() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let ada = try await served.account("ada")
        try await served.project("web", roles: [ada: .admin])
        let other = try await served.token(ada, [.read])
        var planted = [admin, other, ServedFolder.password, "scrypt"]
        func plant(_ method: String, _ path: String, _ json: DataValue = [:], key: String? = nil) async throws {
            let answer = await served.ask(method, "/api/v1" + path, token: admin, json: json)
            #expect((200...201).contains(answer.status), "\(path): \(answer.text)")
            if let key { planted.append(try #require(answer.json[key]?.string)) }
        }
        try await plant("PUT", "/projects/web/environments/prod")
        for (index, level) in ["", "/projects/web", "/projects/web/environments/prod"].enumerated() {
            planted.append("planted-secret-\(index)")
            try await plant("PUT", level + "/secrets/X", ["value": .string("planted-secret-\(index)")])
            try await plant("PUT", level + "/variables/X", ["value": "seen"])
        }
        for level in ["", "/projects/web"] {
            try await plant("POST", level + "/hooks", ["url": "https://example.org/h"], key: "secret")
            planted.append("planted-address")
            try await plant("POST", level + "/channels", ["name": "c", "kind": "mail", "address": "planted-address"])
        }
        try await plant("POST", "/projects/web/webhook-secret", key: "secret")
        try await plant("POST", "/tokens", ["name": "t", "scopes": ["admin"]], key: "secret")
        try await plant("POST", "/projects/web/tokens", ["name": "t", "scopes": ["read"]], key: "secret")
        try await plant("POST", "/registrations", key: "secret")
        try await plant("POST", "/accounts/ada/invitation", key: "link")
        let directory = served.server.directory.current
        planted += directory.tokens.values.map(\.sha256) + directory.registrations.values.map(\.sha256)
        var count = 0
        for operation in await operations(served) where operation.method == "GET" {
            guard !operation.path.contains("events") else { continue }
            var path = filled(operation.path)
            if operation.path.hasSuffix("{hook}") { path = path.replacing("/hooks/1", with: "/hooks/hok_2") }
            let answer = await served.ask("GET", path, token: admin)
            count += answer.status == 200 ? 1 : 0
            for secret in planted {
                #expect(!answer.text.contains(secret), "GET \(path) shows a secret")
            }
        }
        #expect(count > 25)
    }

    @Test("A body is what its schema says: types, what is missing, what is not known")
    func bodies() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        func said(_ json: DataValue) async -> (Int, String) {
            let answer = await served.ask("POST", "/api/v1/tokens", token: admin, json: json)
            return (answer.status, answer.json["detail"]?.string ?? "")
        }
        #expect(await said(["scopes": ["read"]]) == (422, "'name' is missing."))
        #expect(await said(["name": 1, "scopes": ["read"]]) == (422, "'name' is to be a text."))
        #expect(await said(["name": "x", "scopes": "read"]) == (422, "'scopes' is to be a list."))
        #expect(await said(["name": "x", "scopes": []]) == (422, "'scopes' has at least 1 entries."))
        #expect(await said(["name": "x", "scopes": ["read"], "days": 0.5]) == (422, "'days' is to be a whole number."))
        #expect(await said(["name": "x", "scopes": ["read"], "days": -1]) == (422, "'days' is at least 0."))
        #expect(
            await said(["name": "x", "scopes": ["reads"]])
                == (
                    422,
                    "'scopes[0]' is one of: read, run, approve, maintain, admin, runner, metrics. Did you mean 'read'?"
                ))
        #expect(
            await said(["name": "x", "scopes": ["read"], "scope": []])
                == (422, "'scope' is not known here. Did you mean 'scopes'?"))
        let broken = await served.ask("POST", "/api/v1/tokens", token: admin, body: "{\"name\":")
        #expect(broken.status == 400 && broken.code == "MRT1192")
        let large = await served.ask(
            "POST", "/api/v1/tokens", token: admin, body: String(repeating: " ", count: 1 << 20) + "{}")
        #expect(large.status == 413)
        let list = await served.ask("POST", "/api/v1/tokens", token: admin, json: ["a"])
        #expect(list.status == 422)
    }

    @Test("Operations have names of their own, and name schemas that are there")
    func document() async throws {
        let served = try await ServedFolder()
        let document = await served.ask("GET", "/api/v1/openapi.json")
        let schemas = Set(document.json["components"]?["schemas"]?.object?.keys ?? [])
        var rest = document.text[...]
        while let found = rest.firstRange(of: "#/components/schemas/") {
            rest = rest[found.upperBound...]
            #expect(schemas.contains(String(rest.prefix { $0 != "\"" })))
        }
        let names = await operations(served).compactMap { $0.description["operationId"]?.string }
        #expect(Set(names).count == names.count)
    }
}

@Suite("Requests that are sent again", .ownFolders)
struct KeyedRequestTests {
    private func make(
        _ served: ServedFolder, _ token: String, _ key: String, _ name: String = "ci"
    ) async -> Reply {
        await served.ask(
            "POST", "/api/v1/tokens", token: token, json: ["name": .string(name), "scopes": ["read"]],
            headers: [("Idempotency-Key", key)])
    }

    @Test("The same key gives the same answer, and does it once")
    func once() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let before = served.server.directory.current.tokens.count
        let first = await make(served, admin, "one")
        let second = await make(served, admin, "one")
        #expect(first.status == 201 && second.status == 201)
        #expect(first.text == second.text)
        #expect(second.headers["Idempotent-Replayed"] == "true" && second.headers["Cache-Control"] == "no-store")
        #expect(served.server.directory.current.tokens.count == before + 1)
        #expect(await make(served, admin, "one", "other").code == "MRT1207")
        #expect(await make(served, admin, "two", "other").status == 201)
        // Another caller's key is another key.
        let ada = try await served.token(try await served.account("ada", isAdmin: true), [.admin])
        #expect(await make(served, ada, "one", "of ada").status == 201)
    }

    @Test("What is kept is sealed, and outlives the server")
    func restart() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let first = await make(served, admin, "one")
        let secret = try #require(first.json["secret"]?.string)
        let names = try served.server.store.journal.streams(prefix: "idempotency/", after: nil, limit: 10)
        let events = try served.server.store.journal.events(of: try #require(names.first).stream)
        for event in events { #expect(!String(decoding: event.event.payload, as: UTF8.self).contains(secret)) }
        let content = [Array("a".utf8)]
        let another = KeptAnswers(store: served.server.store)
        let asked = KeptAnswers.Request(caller: "tok_9", key: "k", content: content)
        guard case .new(let claim) = try await served.server.keptAnswers.claim(asked, now: .now()) else {
            Issue.record("the key was new")
            return
        }
        await #expect(throws: DiagnosticError.self) { try await another.claim(asked, now: .now()) }
        // What does the same thing once may be carried out again by a process that did not begin it.
        let began = KeptAnswers.Request(caller: "tok_9", key: "again", content: content)
        guard case .new = try await served.server.keptAnswers.claim(began, isRepeatable: true, now: .now()) else {
            Issue.record("the key was new")
            return
        }
        await #expect(throws: DiagnosticError.self) {
            try await served.server.keptAnswers.claim(began, isRepeatable: true, now: .now())
        }
        guard case .new = try await another.claim(began, isRepeatable: true, now: .now()) else {
            Issue.record("a process that is gone answers nobody")
            return
        }
        try await served.server.keptAnswers.keep(
            .init(status: 201, headers: [("Location", "/x")], body: Array(repeating: 65, count: 100_000)), claim,
            now: .now())
        guard case .kept(let answer) = try await another.claim(asked, now: .now()) else {
            Issue.record("the answer is kept")
            return
        }
        #expect(answer.status == 201 && answer.body.count == 100_000 && answer.headers.first?.1 == "/x")
        guard case .new = try await another.claim(asked, now: .now() + .days(2)) else {
            Issue.record("after a day the key is new")
            return
        }
    }

    @Test("Of requests that come at once one is carried out")
    func together() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 1...8 { group.addTask { await make(served, admin, "one").status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.allSatisfy { $0 == 201 || $0 == 409 })
        #expect(served.server.directory.current.tokens.values.count { $0.name == "ci" } == 1)
    }

    @Test("A refusal is kept too; what the key cannot be is refused")
    func refusals() async throws {
        let served = try await ServedFolder()
        let admin = try await served.admin()
        _ = await make(served, admin, "one")
        #expect(await make(served, admin, "two").status == 409)
        _ = try await served.server.directory.perform(
            .revokeToken(
                try #require(served.server.directory.current.tokens.values.first { $0.name == "ci" }?.id), reason: nil),
            by: .system("test"))
        #expect(await make(served, admin, "two").status == 409)
        #expect(await make(served, admin, "three").status == 201)
        #expect(await make(served, admin, "").code == "MRT1209")
        #expect(await make(served, admin, String(repeating: "x", count: 256)).code == "MRT1209")
    }
}
