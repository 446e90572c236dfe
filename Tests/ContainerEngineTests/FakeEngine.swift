// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Foundation
import Glibc

/// A socket that answers whatever it is told to, right or wrong.
final class FakeEngine: Sendable {
    enum Step: Sendable {
        case send(String)
        case bytes([UInt8])
        /// Reads until the other end goes.
        case hold
        /// Reads nothing more until the other end goes.
        case pause
    }

    let engine: EngineClient
    let path: String
    private let listener: Int32

    /// - Parameters:
    ///   - version: what `GET /version` is answered with.
    ///   - steps: how every other request is answered; then the connection is closed.
    init(
        _ steps: Step..., version: String = #"{"Version":"20.10","ApiVersion":"1.41","MinAPIVersion":"1.12"}"#,
        timeouts: EngineTimeouts = EngineTimeouts()
    ) throws {
        let path = "/tmp/mce-fake-\(UUID().uuidString.prefix(8)).sock"
        self.path = path
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        precondition(bound == 0 && listen(listener, 16) == 0)
        engine = EngineClient(address: EngineAddress(path: path), timeouts: timeouts)
        Thread.detachNewThread {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                Thread.detachNewThread { Self.serve(connection, steps, version) }
            }
            // Not before: its number would be another socket's by then.
            close(listener)
        }
    }

    deinit {
        engine.close()
        shutdown(listener, Int32(SHUT_RDWR))
        unlink(path)
    }

    private static func serve(_ connection: Int32, _ steps: [Step], _ version: String) {
        defer { close(connection) }
        var request = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !request.contains("\r\n\r\n") {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return }
            request += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        if request.hasPrefix("GET /version ") {
            write(
                Array("HTTP/1.1 200 OK\r\nContent-Length: \(version.utf8.count)\r\n\r\n\(version)".utf8), to: connection
            )
            return
        }
        for step in steps {
            switch step {
            case .send(let text): write(Array(text.utf8), to: connection)
            case .bytes(let bytes): write(bytes, to: connection)
            case .pause:
                // `POLLRDHUP` comes without what was sent being read.
                var waited = pollfd(fd: connection, events: 0x2000, revents: 0)
                poll(&waited, 1, -1)
            case .hold: while read(connection, &buffer, buffer.count) > 0 {}
            }
        }
    }

    private static func write(_ bytes: [UInt8], to connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    static func json(_ text: String, status: String = "200 OK") -> Step {
        .send(
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }
}
