// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import EventJournal
import HTTPMessages
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Upkeep of credentials, and of who asks without one", .ownFolders)
struct CredentialUpkeepTests {
    @Test(
        "Whoever shows no credential, or a wrong one, is bounded by address; others, probes and whoever is known are not"
    )
    func strangers() async throws {
        let served = try await ServedFolder()
        let token = try await served.admin()
        for number in 0..<RequestLimits.ofStranger {
            let answer =
                number % 2 == 0
                ? await served.ask("GET", "/api/v1/runs")
                : await served.ask("GET", "/api/v1/runs", token: "mrt_pat_wrong")
            guard answer.status == 401 else {
                Issue.record("request \(number) was answered \(answer.status)")
                return
            }
        }
        for path in ["/login", "/api/v1/runs", "/nothing", "/public/none/badge.svg"] {
            let refused = await served.ask("GET", path)
            #expect(refused.status == 429 && refused.headers["Retry-After"] != nil, "\(path): \(refused.status)")
        }
        #expect(await served.ask("GET", "/healthz").status == 200)
        #expect(await served.ask("GET", "/api/v1/runs", token: token).status == 200)
        #expect(await served.ask("GET", "/login", peer: "192.0.2.2").status == 200)
    }

    @Test("A password's hash of cheaper parameters is made anew when its owner signs in, and the password still holds")
    func rehashed() async throws {
        let dear = PasswordHash.Parameters(logRounds: 5, blockSize: 8, parallelism: 1)
        let served = try await ServedFolder { $0.passwordCost = dear }
        let cheap = try PasswordHash(
            of: ServedFolder.password, parameters: PasswordHash.Parameters(logRounds: 4, blockSize: 8, parallelism: 1))
        let reference = try served.server.references.keep(cheap.text)
        _ = try await served.server.directory.perform(
            .addAccount(NewAccount(name: "ada", passwordReference: reference)), by: .system("test"))
        func parameters() throws -> PasswordHash.Parameters {
            try PasswordHash(text: try served.server.references.text(reference)).parameters
        }
        let signIn = served.server.people.signIn
        for password in ["another one entirely", ServedFolder.password, ServedFolder.password] {
            let before = try parameters()
            let account = try? await signIn.check(
                name: "ada", password: password, network: "192.0.2.1", actor: .system("test"), now: .now())
            #expect((account != nil) == (password == ServedFolder.password))
            #expect(try parameters() == (account == nil ? before : dear))
        }
    }

    @Test("When a token was last used is known after a restart")
    func lastUse() async throws {
        let first = try await ServedFolder()
        let token = try await first.admin()
        _ = await first.ask("GET", "/api/v1/runs", token: token)
        let id = try #require(first.server.directory.current.tokens.keys.first)
        let used = try #require(first.server.identification.lastUse(of: id))
        await first.server.stop()
        let ledger = TokenUses(store: first.server.store)
        #expect(try ledger.load() == [id: used])
        // Said again it takes the place of what was said before.
        try ledger.keep([id: used + .minutes(1)], now: .now())
        #expect(try ledger.load() == [id: used + .minutes(1)])
        let streams = try first.server.store.journal.streams(prefix: "used/", after: nil, limit: 9)
        #expect(streams.map(\.version) == [1])
        let anew = Identification(keeper: first.server.directory)
        try anew.recall(ledger)
        #expect(anew.lastUse(of: id) == used + .minutes(1))
    }

    @Test("A hook's old secret signs beside the new one for a day, and not longer")
    func hookSecrets() async throws {
        let served = try await ServedFolder()
        let token = try await served.admin()
        let made = await served.ask(
            "POST", "/api/v1/hooks", token: token,
            json: ["url": "https://example.org/hook", "events": ["run.finished"]])
        #expect(made.status == 201, "\(made.text)")
        let old = try #require(made.json["secret"]?.string)
        let id = try #require(made.json["hook"]?["id"]?.string)
        let rotated = await served.ask("POST", "/api/v1/hooks/\(id)/secret", token: token)
        let new = try #require(rotated.json["secret"]?.string)
        func secrets() throws -> [String] {
            let hook = try #require(served.server.directory.current.hooks.values.first)
            return try served.server.references.text(hook.settings.secretReference).split(separator: "\n").map(
                String.init)
        }
        #expect(try secrets() == [new, old])
        _ = await served.server.housekeeping.round(.now() + .minutes(23 * 60))
        #expect(try secrets() == [new, old])
        let third = await served.ask("POST", "/api/v1/hooks/\(id)/secret", token: token)
        #expect(try secrets() == [try #require(third.json["secret"]?.string), new])
        _ = await served.server.housekeeping.round(.now() + .minutes(25 * 60))
        #expect(try secrets().count == 1)
    }
}
