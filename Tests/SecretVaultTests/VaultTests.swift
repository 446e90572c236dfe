// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import SecretVault
import TestFolders
import Testing
import Timekeeping

func temporaryFolder() -> String { OwnFolders.path() }

func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

private let web = SecretPlace.project("acme/web")
private let production = SecretPlace.environment(project: "acme/web", name: "production")

/// The code of what `body` throws.
func code(_ body: () throws -> Void) -> DiagnosticCode? {
    do {
        try body()
        return nil
    } catch {
        return (error as? DiagnosticError)?.diagnostic.code
    }
}

@Suite("Secrets at rest", .ownFolders)
struct VaultTests {
    @Test("A job sees its environment's secrets over its project's over the server's")
    func nearestWins() throws {
        let vault = try Vault(folder: temporaryFolder(), master: MasterKey())
        try vault.put("s", name: "TOKEN", in: .server, at: at(1))
        try vault.put("s", name: "ONLY_SERVER", in: .server, at: at(1))
        try vault.put("p", name: "token", in: web, at: at(2))
        try vault.put("p", name: "URL", in: web, at: at(2))
        try vault.put("e", name: "Token", in: production, at: at(3))
        try vault.put("other", name: "TOKEN", in: .project("acme/api"), at: at(4))
        let plain = try vault.secrets(project: "acme/web")
        #expect(plain.mapValues(\.value) == ["TOKEN": "p", "ONLY_SERVER": "s", "URL": "p"])
        #expect(plain["TOKEN"]?.place == web)
        let deployed = try vault.secrets(project: "acme/web", environment: "Production")
        #expect(deployed.mapValues(\.value) == ["TOKEN": "e", "ONLY_SERVER": "s", "URL": "p"])
        let one = try vault.secrets(project: "acme/web", environment: "production", names: ["url", "ABSENT"])
        #expect(one.mapValues(\.value) == ["URL": "p"])
        #expect(try vault.secrets(project: "acme/none").mapValues(\.value) == ["TOKEN": "s", "ONLY_SERVER": "s"])
    }

    @Test("Names, versions and times are listed in order; a version is never given twice, not even after a deletion")
    func listing() throws {
        let vault = try Vault(folder: temporaryFolder(), master: MasterKey())
        try vault.put("1", name: "B", in: web, at: at(10))
        try vault.put("2", name: "A", in: web, at: at(20))
        try vault.put("3", name: "B", in: web, at: at(30))
        let before = try vault.list(web)
        #expect(before.map(\.name) == ["A", "B"])
        #expect(before.map(\.version) == [2, 3])
        #expect(before.map(\.updated) == [at(20), at(30)])
        try vault.delete("b", in: web)
        #expect(code { try vault.delete("B", in: web) } == .secretMissing)
        try vault.put("4", name: "B", in: web, at: at(40))
        #expect(try vault.list(web).map(\.version) == [2, 5])
        try vault.forget(web)
        try vault.forget(web)
        #expect(try vault.list(web).isEmpty)
    }

    @Test("What was put is there for the next process; neither names nor values stand in the files")
    func survives() throws {
        let folder = temporaryFolder()
        let key = MasterKey()
        let value = "correct horse battery staple 한글\n" + String(repeating: "x", count: 4000)
        try Vault(folder: folder, master: key).put(value, name: "UNUSUAL_NAME", in: production, at: at(5))
        let vault = try Vault(folder: folder, master: key)
        #expect(try vault.secrets(project: "acme/web", environment: "production")["UNUSUAL_NAME"]?.value == value)
        for entry in try Trees.list(folder) {
            let bytes = try Files.read("\(folder)/\(entry.name)", limit: 1 << 20)
            for text in ["horse", "UNUSUAL", "acme", "production"] {
                #expect(Data(bytes).range(of: Data(text.utf8)) == nil, "\(entry.name) shows \(text)")
            }
            #expect(Files.facts("\(folder)/\(entry.name)")?.mode == 0o600)
        }
        #expect(Files.facts(folder)?.mode == 0o700)
    }

    @Test("The wrong master key is refused, and the message names the one that is needed")
    func wrongKey() throws {
        let folder = temporaryFolder()
        let (right, wrong) = (MasterKey(), MasterKey())
        try Vault(folder: folder, master: right).put("v", name: "N", in: .server, at: at(1))
        do {
            _ = try Vault(folder: folder, master: wrong)
            Issue.record("opened")
        } catch {
            #expect(error.diagnostic.code == .masterKeyOther)
            #expect(error.diagnostic.message.contains(right.id))
            #expect(error.diagnostic.message.contains(wrong.id))
        }
        let vault = try Vault(folder: folder, master: wrong, previous: [right])
        #expect(try vault.secrets(project: "p")["N"]?.value == "v")
    }

    @Test(
        "Names are those that workflows can use",
        arguments: ["", "1A", "A-B", "A B", "GITHUB_TOKEN", "github_x", "Ä", String(repeating: "A", count: 256), "A\n"])
    func names(name: String) throws {
        let vault = try Vault(folder: temporaryFolder(), master: MasterKey())
        #expect(code { try vault.put("v", name: name, in: .server, at: at(1)) } == .secretNameInvalid)
    }

    @Test("Values and their number have limits; a value of exactly the limit is kept")
    func limits() throws {
        let vault = try Vault(folder: temporaryFolder(), master: MasterKey())
        let longest = String(repeating: "v", count: VaultLimits.valueBytes)
        try vault.put(longest, name: "LONG", in: .server, at: at(1))
        #expect(try vault.secrets(project: "p")["LONG"]?.value == longest)
        #expect(code { try vault.put(longest + "v", name: "LONG", in: .server, at: at(1)) } == .secretTooLarge)
        for number in 0..<100 { try vault.put("v", name: "N\(number)", in: production, at: at(1)) }
        #expect(code { try vault.put("v", name: "ONE_MORE", in: production, at: at(1)) } == .tooManySecrets)
        try vault.put("w", name: "N7", in: production, at: at(1))
        #expect(try vault.list(production).count == 100)
        let bad = SecretPlace.environment(project: "p", name: "a\nb")
        #expect(code { _ = try vault.list(bad) } == .secretPlaceInvalid)
        #expect(code { _ = try vault.list(.project("")) } == .secretPlaceInvalid)
    }

    @Test("A file that was changed, cut, or put in another's place is noticed")
    func tampering() throws {
        let folder = temporaryFolder()
        let key = MasterKey()
        let vault = try Vault(folder: folder, master: key)
        try vault.put("one", name: "N", in: .project("one"), at: at(1))
        let names = try Trees.list(folder).map(\.name).filter { $0.hasSuffix(".secrets") }
        let one = "\(folder)/\(try #require(names.first))"
        try vault.put("two", name: "N", in: .project("two"), at: at(1))
        let other = try #require(
            try Trees.list(folder).map(\.name).first { $0.hasSuffix(".secrets") && !one.hasSuffix($0) })
        let two = "\(folder)/\(other)"
        let bytes = try Files.read(one, limit: 1 << 20)
        try Files.write(bytes, to: two)
        #expect(code { _ = try vault.secrets(project: "two") } == .vaultDamaged)
        for place in stride(from: 0, to: bytes.count, by: 7) {
            var changed = bytes
            changed[place] ^= 1
            try Files.write(changed, to: one)
            let found = code { _ = try vault.secrets(project: "one") }
            #expect(found == .vaultDamaged || (place == 4 && found == .vaultFormatUnknown), "\(place)")
        }
        for length in [0, 4, 20, 30, bytes.count - 1] {
            try Files.write(bytes.prefix(length), to: one)
            #expect(code { _ = try vault.secrets(project: "one") } == .vaultDamaged)
        }
        try Files.write(bytes, to: one)
        #expect(try vault.secrets(project: "one")["N"]?.value == "one")
        try Files.remove("\(folder)/keys.ring")
        #expect(code { _ = try Vault(folder: folder, master: key) } == .vaultDamaged)
    }

    @Test("Many threads put and read at once, and nothing is lost")
    func threads() async throws {
        let vault = try Vault(folder: temporaryFolder(), master: MasterKey())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<20 {
                        try vault.put("\(writer).\(number)", name: "W\(writer)_\(number)", in: web, at: at(1))
                        let seen = try vault.secrets(project: "acme/web")
                        #expect(seen["W\(writer)_\(number)"]?.value == "\(writer).\(number)")
                    }
                }
            }
            group.addTask { for _ in 0..<5 { try vault.rotate(to: MasterKey()) } }
            try await group.waitForAll()
        }
        #expect(try vault.list(web).count == 80)
        #expect(try vault.masterKeyIDs().count == 1)
    }
}

@Suite("Master keys", .ownFolders)
struct MasterKeyTests {
    private static let digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

    @Test(
        "A key may be written in hexadecimal digits or in Base64",
        arguments: [
            digits, digits.uppercased() + "\n", " ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=\r\n",
            "ABEiM0RVZneImaq7zN3u_wARIjNEVWZ3iJmqu8zd7v8",
        ])
    func forms(text: String) throws {
        #expect(try MasterKey(text: text, source: "x").id == MasterKey(text: Self.digits, source: "x").id)
    }

    @Test(
        "What is no key of 32 bytes is refused",
        arguments: [
            "", "secret", digits + "00", String(digits.dropLast(1)) + "g",
            "ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v9=",
        ])
    func refused(text: String) {
        #expect(code { _ = try MasterKey(text: text, source: "the variable X") } == .masterKeyInvalid)
    }

    @Test("A key file is made once, for its owner only, and may hold bytes or text")
    func files() throws {
        let folder = temporaryFolder()
        try Trees.make(folder)
        let made = try MasterKey.loadOrMake(folder + "/master.key")
        #expect(try MasterKey.loadOrMake(folder + "/master.key").id == made.id)
        #expect(try MasterKey(file: folder + "/master.key").id == made.id)
        #expect(Files.facts(folder + "/master.key")?.mode == 0o600)
        try Files.write((0..<32).map { UInt8($0 % 16 * 17) }, to: folder + "/raw.key")
        #expect(try MasterKey(file: folder + "/raw.key").id == MasterKey(text: Self.digits, source: "x").id)
        try Files.write(Array("no key".utf8), to: folder + "/bad.key")
        #expect(code { _ = try MasterKey.loadOrMake(folder + "/bad.key") } == .masterKeyInvalid)
    }
}
