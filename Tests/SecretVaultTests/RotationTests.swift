// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import SecretVault
import Synchronization
import TestFolders
import Testing
import Timekeeping

/// Files that stop working at the n-th call that changes something, as where a process is killed: just before it, in
/// the middle of writing the draft, or just after it.
private final class CutFiles: Sendable {
    enum Moment: CaseIterable { case before, middle, after }

    private let left: Mutex<Int>
    private let moment: Moment

    init(after count: Int, _ moment: Moment) {
        left = Mutex(count)
        self.moment = moment
    }

    /// Whether the process is still alive after this call; `nil` where this call is the one that kills it.
    private func isAlive() -> Bool? {
        left.withLock { left in
            left -= 1
            return left > 0 ? true : left == 0 ? nil : false
        }
    }

    private var isDead: Bool { left.withLock { $0 <= 0 } }
    private static let killed = DiagnosticError(.fileUnwritable, "cut")

    var files: VaultFiles {
        VaultFiles(
            read: { path, limit throws(DiagnosticError) in
                guard !self.isDead else { throw Self.killed }
                return try VaultFiles.system.read(path, limit)
            },
            replace: { path, bytes throws(DiagnosticError) in
                switch self.isAlive() {
                case true?: try VaultFiles.system.replace(path, bytes)
                case false?: throw Self.killed
                case nil:
                    if self.moment == .middle { try Files.write(bytes.prefix(bytes.count / 2), to: path + ".x1.new") }
                    if self.moment == .after { try VaultFiles.system.replace(path, bytes) }
                    throw Self.killed
                }
            },
            remove: { path throws(DiagnosticError) in
                switch self.isAlive() {
                case true?: try VaultFiles.system.remove(path)
                case false?: throw Self.killed
                case nil:
                    if self.moment == .after { try VaultFiles.system.remove(path) }
                    throw Self.killed
                }
            },
            list: { folder throws(DiagnosticError) in
                guard !self.isDead else { throw Self.killed }
                return try VaultFiles.system.list(folder)
            })
    }
}

private let places: [SecretPlace] = [
    .server, .project("a"), .project("b"), .environment(project: "a", name: "production"),
]

private func filled(_ folder: String, _ key: MasterKey) throws {
    let vault = try Vault(folder: folder, master: key)
    for (index, place) in places.enumerated() {
        try vault.put("value \(index)", name: "N\(index)", in: place, at: Timestamp(milliseconds: 1))
        try vault.put("shared \(index)", name: "SHARED", in: place, at: Timestamp(milliseconds: 2))
    }
}

private func isWhole(_ vault: Vault) throws -> Bool {
    let first = try vault.secrets(project: "a", environment: "production").mapValues(\.value)
    let second = try vault.secrets(project: "b").mapValues(\.value)
    return first == ["N0": "value 0", "N1": "value 1", "N3": "value 3", "SHARED": "shared 3"]
        && second == ["N0": "value 0", "N2": "value 2", "SHARED": "shared 2"]
}

/// The data keys that the files of a folder say they are sealed with.
private func keyIDs(_ folder: String) throws -> Set<String> {
    let names = try Trees.list(folder).map(\.name).filter { $0.hasSuffix(".secrets") }
    return Set(
        try names.map { name in
            String(decoding: try Files.read("\(folder)/\(name)", limit: 1 << 20)[5..<21], as: UTF8.self)
        })
}

@Suite("A vault's master key is changed", .ownFolders)
struct RotationTests {
    @Test("Afterwards only the new key opens it, every file is sealed anew, and doing it again changes nothing")
    func rotation() throws {
        let folder = temporaryFolder()
        let (old, new) = (MasterKey(), MasterKey())
        try filled(folder, old)
        let before = try keyIDs(folder)
        let vault = try Vault(folder: folder, master: old)
        #expect(try vault.rotate(to: new) == places.count)
        #expect(try isWhole(vault))
        #expect(try vault.rotate(to: new) == 0)
        #expect(try vault.masterKeyIDs() == [new.id])
        let after = try keyIDs(folder)
        #expect(before.count == 1 && after.count == 1 && before != after)
        #expect(code { _ = try Vault(folder: folder, master: old) } == .masterKeyOther)
        #expect(try isWhole(Vault(folder: folder, master: new)))
    }

    @Test("Cut off at any change of a file, it leaves a vault that a key opens whole, and can be finished")
    func cuts() throws {
        let (old, new) = (MasterKey(), MasterKey())
        // One change for each file, and two for the ring.
        let changes = places.count + 2
        var openedByOld = 0
        var openedByNew = 0
        for moment in CutFiles.Moment.allCases {
            for count in 1...changes {
                let folder = temporaryFolder()
                try filled(folder, old)
                let cut = try Vault(folder: folder, master: old, files: CutFiles(after: count, moment).files)
                #expect(code { try cut.rotate(to: new) } == .fileUnwritable)
                let doers = [old, new].filter { key in (try? Vault(folder: folder, master: key).masterKeyIDs()) != nil }
                #expect(!doers.isEmpty)
                for key in doers { #expect(try isWhole(Vault(folder: folder, master: key)), "\(moment) \(count)") }
                openedByOld += doers.contains { $0.id == old.id } ? 1 : 0
                openedByNew += doers.contains { $0.id == new.id } ? 1 : 0
                let isBegun = count > 1 || moment == .after
                let isDone = count == changes && moment == .after
                #expect(doers.map(\.id) == (isDone ? [new.id] : isBegun ? [old.id, new.id] : [old.id]))
                // The next process: with the new key alone where it opens, and with both otherwise.
                let next = try Vault(folder: folder, master: new, previous: isBegun ? [] : [old])
                #expect(try next.rotationTarget() == (isBegun && !isDone ? new.id : nil))
                // What was sealed anew already is not sealed once more.
                let done = max(0, count - 2) + (moment == .after && count > 1 ? 1 : 0)
                #expect(try next.rotate(to: new) == max(0, places.count - done))
                #expect(try isWhole(next))
                #expect(try next.masterKeyIDs() == [new.id])
                #expect(try keyIDs(folder).count == 1)
                #expect(try !Trees.list(folder).contains { $0.name.hasSuffix(".new") })
                #expect(code { _ = try Vault(folder: folder, master: old) } == .masterKeyOther)
            }
        }
        #expect(openedByOld == changes * 3 - 1)
        #expect(openedByNew == changes * 3 - 2)
        let whole = temporaryFolder()
        try filled(whole, old)
        try Vault(folder: whole, master: old, files: CutFiles(after: changes + 1, .before).files).rotate(to: new)
        #expect(try isWhole(Vault(folder: whole, master: new)))
    }

    @Test("The same process goes on after a failed change, and what is put meanwhile stays")
    func goesOn() throws {
        let (old, new, newer) = (MasterKey(), MasterKey(), MasterKey())
        let folder = temporaryFolder()
        try filled(folder, old)
        #expect(
            code { try Vault(folder: folder, master: old, files: CutFiles(after: 3, .before).files).rotate(to: new) }
                != nil)
        let vault = try Vault(folder: folder, master: old)
        try vault.put("later", name: "LATER", in: .project("b"), at: Timestamp(milliseconds: 3))
        try vault.put("later", name: "LATER", in: .project("c"), at: Timestamp(milliseconds: 3))
        // Another key than the one that the rotation led to: that one is given up.
        try vault.rotate(to: newer)
        let next = try Vault(folder: folder, master: newer)
        #expect(try isWhole(next) == false)
        try next.delete("LATER", in: .project("b"))
        #expect(try isWhole(next))
        #expect(try next.secrets(project: "c")["LATER"]?.value == "later")
        #expect(code { _ = try Vault(folder: folder, master: new) } == .masterKeyOther)
    }

    @Test("A change that is cut off leaves the old secrets or the new ones", arguments: 0..<3)
    func cutChange(index: Int) throws {
        let moment = CutFiles.Moment.allCases[index]
        let key = MasterKey()
        let folder = temporaryFolder()
        try filled(folder, key)
        let cut = try Vault(folder: folder, master: key, files: CutFiles(after: 1, moment).files)
        let place = SecretPlace.project("b")
        #expect(code { try cut.put("new", name: "N2", in: place, at: Timestamp(milliseconds: 3)) } == .fileUnwritable)
        let value = try Vault(folder: folder, master: key).secrets(project: "b")["N2"]?.value
        #expect(value == (moment == .after ? "new" : "value 2"))
    }
}
