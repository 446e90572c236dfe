// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import Testing
import ZipArchives

@Suite struct ZipTests {
    private let root: String

    init() throws {
        root = "/dev/shm/martlet-zip-" + UUID().uuidString
        try Trees.make(root + "/out")
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Files.write(bytes, to: "\(root)/\(name)")
        return "\(root)/\(name)"
    }

    private func unpack(_ limits: ZipLimits = ZipLimits()) throws -> Int {
        try ZipReading.unpack(root + "/a.zip", to: ConfinedFolder(path: root + "/out"), limits: limits)
    }

    @Test(arguments: [0, 1, 9]) func whatIsPackedIsUnpackedTheSame(level: Int) throws {
        defer { try? Trees.remove(root) }
        let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let items = [
            ZipItem(name: "größe/a b", path: try write("f", bytes)), ZipItem(name: "empty", path: try write("e", [])),
        ]
        try ZipWriting.write(items, to: root + "/a.zip", level: level)
        #expect(try unpack() == 2)
        #expect(try Files.read(root + "/out/größe/a b", limit: 1 << 20) == bytes)
        #expect(Files.facts(root + "/out/empty")?.sizeBytes == 0)
    }

    @Test(arguments: ["../x", "/etc/x", "a/../../x", "a\\..\\x", "", "a//b", "./x"])
    func namesThatLeadOutAreRefused(name: String) throws {
        defer { try? Trees.remove(root) }
        try ZipWriting.write([ZipItem(name: name, path: try write("f", [1]))], to: root + "/a.zip", level: 0)
        let error = #expect(throws: DiagnosticError.self) { try unpack() }
        #expect(error?.diagnostic.code == .zipUnsafe)
        #expect(Files.facts(root + "/x") == nil)
    }

    @Test func linksThatStandInTheFolderAreNotFollowed() throws {
        defer { try? Trees.remove(root) }
        try Trees.make(root + "/elsewhere")
        try Trees.makeLink(root + "/out/d", to: root + "/elsewhere")
        try Trees.makeLink(root + "/out/l", to: root + "/elsewhere/l")
        let file = try write("f", [1])
        try ZipWriting.write([ZipItem(name: "l", path: file)], to: root + "/a.zip", level: 0)
        #expect(try unpack() == 1)
        #expect(Files.facts(root + "/out/l", followingLinks: false)?.kind == .file)
        try ZipWriting.write([ZipItem(name: "d/x", path: file)], to: root + "/a.zip", level: 0)
        #expect(throws: DiagnosticError.self) { try unpack() }
        #expect(Trees.isEmpty(root + "/elsewhere"))
    }

    @Test func archivesPastALimitAreRefused() throws {
        defer { try? Trees.remove(root) }
        let file = try write("f", [UInt8](repeating: 0, count: 1 << 20))
        try ZipWriting.write(
            [ZipItem(name: "a", path: file), ZipItem(name: "b", path: file)], to: root + "/a.zip", level: 9)
        var limits = ZipLimits()
        limits.sizeBytes = 3 << 19
        #expect(throws: DiagnosticError.self) { try unpack(limits) }
        limits = ZipLimits()
        limits.entryCount = 1
        #expect(throws: DiagnosticError.self) { try unpack(limits) }
    }

    @Test func damagedArchivesAreErrors() throws {
        defer { try? Trees.remove(root) }
        let file = try write("f", Array("a line of text\n".utf8))
        try ZipWriting.write([ZipItem(name: "a", path: file)], to: root + "/a.zip", level: 0)
        let whole = try Files.read(root + "/a.zip", limit: 1 << 20)
        for length in stride(from: 0, to: whole.count, by: 7) {
            try Files.write(whole.prefix(length), to: root + "/a.zip")
            #expect(throws: DiagnosticError.self, "\(length) of \(whole.count)") { try unpack() }
        }
        var changed = whole
        let place = try #require(whole.firstRange(of: Array("line".utf8))?.lowerBound)
        changed[place] ^= 1
        try Files.write(changed, to: root + "/a.zip")
        #expect(throws: DiagnosticError.self) { try unpack() }
    }
}
