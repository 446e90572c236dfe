// SPDX-License-Identifier: Apache-2.0

import Crypto
import Diagnostics
import FileAccess
import Foundation
import TestFolders
import Testing

@testable import SealedStorage

@Suite(.ownFolders) struct SealedLogTests {
    private let folder: String
    private let key = SymmetricKey(size: .bits256)

    init() throws { folder = try OwnFolders.make() }

    private func log(_ name: String = "a") -> SealedLog {
        SealedLog(path: folder + "/log", key: key, name: name)
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func entriesComeBackInOrder() throws {
        let writer = log()
        for text in ["one", "", "three"] { try writer.append(bytes(text)) }
        #expect(try log().entries() == [bytes("one"), [], bytes("three")])
    }

    @Test func anEntryOfAnotherLogIsRefused() throws {
        let other = log("b")
        for text in ["one", "two"] { try other.append(bytes(text)) }
        #expect(throws: DiagnosticError.self) { try log("a").entries() }
        #expect(try log("b").entries().count == 2)
    }

    @Test func theKeyIsMadeOnceAndReadByItsOwnerOnly() throws {
        let path = folder + "/key"
        let first = try SealingKey.load(at: path)
        #expect(try SealingKey.load(at: path) == first)
        #expect(Files.facts(path)?.mode == 0o600)
        try Files.write([], to: path)
        let second = try SealingKey.load(at: path)
        #expect(second != first)
        #expect(try SealingKey.load(at: path) == second)
        try Files.write(bytes("short"), to: path)
        #expect(throws: DiagnosticError.self) { try SealingKey.load(at: path) }
    }

    /// A full disk, made with a limit on this process's file sizes: what was written in part is taken back.
    @Test func anAppendThatFailsLeavesNothingOfItself() throws {
        let file = try AppendingFile(path: folder + "/file")
        try file.append(bytes("whole"))
        let full = try AppendingFile(path: "/dev/full")
        #expect(throws: DiagnosticError.self) { try full.append(bytes("x")) }
        #expect(file.sizeBytes == 5)
        try file.cut(to: 2)
        try file.append(bytes("ole"))
        #expect(try Files.read(folder + "/file", limit: 100) == bytes("whole"))
    }
}
