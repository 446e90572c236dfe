// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import Glibc
import Testing

/// A directory that goes with its test.
final class Place {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/martlet-files-" + UUID().uuidString
        try Trees.make(path)
    }

    deinit { try? Trees.remove(path) }

    func put(_ name: String, _ text: String = "") throws {
        try Trees.make(Files.directory(of: path + "/" + name))
        try Files.write(text.utf8, to: path + "/" + name)
    }

    func text(_ name: String) throws -> String {
        String(decoding: try Files.read(path + "/" + name, limit: 1 << 20), as: UTF8.self)
    }
}

@Suite struct FilesTests {
    @Test(arguments: [0, 1, 65535, 65536, 65537, 3_000_000])
    func whatIsWrittenIsRead(size: Int) throws {
        let place = try Place()
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try Files.replace(place.path + "/file", with: bytes, durably: true)
        #expect(try Files.read(place.path + "/file", limit: size) == bytes)
        #expect(try Trees.list(place.path).map(\.name) == ["file"])
    }

    @Test func aFilePastItsLimitIsACodedError() throws {
        let place = try Place()
        try place.put("file", "12345")
        let error = #expect(throws: DiagnosticError.self) { try Files.read(place.path + "/file", limit: 4) }
        #expect(error?.diagnostic.code == .fileTooLarge)
        let endless = #expect(throws: DiagnosticError.self) { try Files.read("/dev/zero", limit: 100_000) }
        #expect(endless?.diagnostic.code == .fileTooLarge)
    }

    @Test func filesOfTheSystemThatTellNoSizeAreReadWhole() throws {
        #expect(try Files.read("/proc/self/status", limit: 1 << 20).count > 100)
    }

    @Test func aNamedPipeDoesNotHang() throws {
        let place = try Place()
        mkfifo(place.path + "/pipe", 0o600)
        #expect(try Files.read(place.path + "/pipe", limit: 100) == [])
    }

    @Test func aMissingFileIsNilOrACodedError() throws {
        #expect(try Files.readIfPresent("/nonexistent/file", limit: 10) == nil)
        #expect(try Files.readIfPresent("/etc/passwd/file", limit: 10) == nil)
        let error = #expect(throws: DiagnosticError.self) { try Files.read("/nonexistent/file", limit: 10) }
        #expect(error?.diagnostic.code == .fileUnreadable)
        let directory = #expect(throws: DiagnosticError.self) { try Files.read("/etc", limit: 10) }
        #expect(directory?.diagnostic.code == .fileUnreadable)
    }

    @Test func aReplacementKeepsNothingOfAFailure() throws {
        let place = try Place()
        try Trees.make(place.path + "/taken/inside")
        let error = #expect(throws: DiagnosticError.self) {
            try Files.replace(place.path + "/taken", with: Array("x".utf8))
        }
        #expect(error?.diagnostic.code == .fileUnwritable)
        #expect(try Trees.list(place.path).map(\.name) == ["taken"])
    }

    @Test func linesAreAdded() throws {
        let place = try Place()
        try Files.append("a\n".utf8, to: place.path + "/log")
        try Files.append("b\n".utf8, to: place.path + "/log")
        #expect(try place.text("log") == "a\nb\n")
    }

    @Test func factsTellKindModeAndSize() throws {
        let place = try Place()
        try place.put("file", "123")
        try Files.setMode(0o751, of: place.path + "/file")
        try Trees.makeLink(place.path + "/link", to: "file")
        let facts = try #require(Files.facts(place.path + "/link"))
        #expect(facts.kind == .file)
        #expect(facts.mode == 0o751)
        #expect(facts.sizeBytes == 3)
        #expect(facts.isExecutable)
        #expect(abs(Double(facts.modifiedNanoseconds) / 1e9 - Date().timeIntervalSince1970) < 60)
        #expect(Files.facts(place.path + "/link", followingLinks: false)?.kind == .link)
        #expect(Files.linkTarget(place.path + "/link") == "file")
        #expect(Files.linkTarget(place.path + "/file") == nil)
        #expect(Files.facts(place.path + "/none") == nil)
        #expect(Files.realPath(place.path + "/link") == Files.realPath(place.path + "/file"))
        #expect(Files.realPath(place.path + "/none") == nil)
    }

    @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/c", "a/b"), ("/", "/")])
    func theDirectoryOfAPath(path: String, directory: String) {
        #expect(Files.directory(of: path) == directory)
    }
}
