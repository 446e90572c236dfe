// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPServing
import NIOCore
import NIOSSL
import NIOWebSocket
import TestPrograms
import Testing

/// A certificate of the test's own, for one hour of this machine.
private struct OwnCertificate {
    static let program = "/usr/bin/openssl"
    static var canBeMade: Bool { FileManager.default.isExecutableFile(atPath: program) }

    let folder: URL
    var paths: (chainPath: String, keyPath: String) {
        (folder.appending(path: "chain.pem").path, folder.appending(path: "key.pem").path)
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "martlet-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let process = ChildProcess()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
            "-subj", "/CN=localhost", "-keyout", paths.keyPath, "-out", paths.chainPath,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }
}

@Suite("A WebSocket over TLS", .enabled(if: OwnCertificate.canBeMade, "There is no openssl to make a certificate."))
struct SecureSocketTests {
    @Test("It tells, answers and closes as one without")
    func secure() async throws {
        let certificate = try OwnCertificate()
        defer { certificate.remove() }
        let ended = Happening()
        let served = try await Served(certificate: certificate.paths) { request in
            #expect(request.isSecure)
            return .live { writer in
                defer { ended.happen() }
                try await writer.send(LiveEvent(.update, id: 1))
                if request.path == "/short" { return try await writer.send(LiveEvent(.end)) }
                await waitForever()
            }
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        try await SocketClient.talk(served.port, "/short", tls: tls) { client in
            try await client.hear(.text(#"{"id":1,"event":"update","data":{}}"#))
            try await client.hear(.text(#"{"event":"end","data":{}}"#))
            try await client.hear(.close(1_000, ""))
        }
        await ended.wait()
        try await SocketClient.talk(served.port, tls: tls) { client in
            try await client.hear(.text(#"{"id":1,"event":"update","data":{}}"#))
            try await client.send(.ping, ByteBuffer(string: "x"))
            try await client.hear(.pong("x"))
            try await client.send(.text, ByteBuffer(repeating: 120, count: 5_000))
            try await client.hear(.close(1_009, ""))
            await ended.wait()
        }
        await served.stop()
    }
}
