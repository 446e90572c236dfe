// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import Foundation
import Glibc
import Testing

/// What an engine may say that it should not.
@Suite struct OddAnswerTests {
    private func code(of body: () throws -> Void) -> DiagnosticCode? {
        #expect(throws: DiagnosticError.self, performing: body)?.diagnostic.code
    }

    private func message(of body: () throws -> Void) -> String {
        #expect(throws: DiagnosticError.self, performing: body)?.diagnostic.message ?? ""
    }

    private static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let upgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"

    private static func frame(_ stream: UInt8, _ text: String, length: Int? = nil) -> [UInt8] {
        let length = length ?? text.utf8.count
        return [stream, 0, 0, 0, 0, UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255)] + text.utf8
    }

    @Test(arguments: ["{\"Id\": ", "", "[]", "{\"Id\": 7}"])
    func anAnswerThatIsNotOfItsShapeIsUnreadable(text: String) throws {
        let fake = try FakeEngine(FakeEngine.json(text))
        #expect(code { _ = try fake.engine.inspectContainer("a") } == .engineAnswerUnreadable)
    }

    @Test func whatIsNotHTTPIsUnreadable() throws {
        let fake = try FakeEngine(.send("SSH-2.0-OpenSSH_9.2\r\n\r\n"))
        #expect(code { try fake.engine.ping() } == .engineAnswerUnreadable)
    }

    @Test func aBodyThatBreaksOffIsLost() throws {
        let fake = try FakeEngine(.send(Self.chunked + "5\r\n{\"Id\"\r\n"))
        #expect(code { _ = try fake.engine.inspectContainer("a") } == .engineLost)
        let short = try FakeEngine(.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"))
        #expect(code { _ = try short.engine.inspectContainer("a") } == .engineLost)
    }

    @Test func aConnectionThatClosesWithoutAnAnswerIsLost() throws {
        let fake = try FakeEngine()
        #expect(code { try fake.engine.ping() } == .engineLost)
        #expect(code { _ = try fake.engine.startExec("a") } == .engineLost)
    }

    @Test func theEnginesOwnWordsAreGiven() throws {
        let fake = try FakeEngine(
            FakeEngine.json(#"{"message":"the disk is full"}"#, status: "500 Internal Server Error"))
        let said = message { try fake.engine.startContainer("a") }
        #expect(said.contains("the disk is full") && said.contains("POST /containers/a/start") && said.contains("500"))
        #expect(code { try fake.engine.startContainer("a") } == .engineRefused)
        let plain = try FakeEngine(.send("HTTP/1.1 503 Busy\r\nContent-Length: 10\r\n\r\nnot\r\nnow\r\n"))
        #expect(message { try plain.engine.startContainer("a") }.hasSuffix("not now"))
    }

    @Test func anEngineThatDoesNotAnswerIsGivenUpByName() throws {
        var timeouts = EngineTimeouts()
        timeouts.change = .milliseconds(150)
        let fake = try FakeEngine(.hold, timeouts: timeouts)
        let clock = ContinuousClock()
        let time = clock.measure {
            let said = message { try fake.engine.startContainer("a") }
            #expect(said.contains("timeout 'change'"), "\(said)")
        }
        #expect(time >= .milliseconds(150) && time < .seconds(10))
    }

    @Test func anEngineThatGoesSilentInAPullIsGivenUp() throws {
        var timeouts = EngineTimeouts()
        timeouts.silence = .milliseconds(150)
        let fake = try FakeEngine(.send(Self.chunked + "14\r\n{\"status\":\"Waiting\"}\r\n"), .hold, timeouts: timeouts)
        var steps: [String] = []
        let said = message { try fake.engine.pullImage(ImageReference("a")) { steps.append($0.text) } }
        #expect(said.contains("timeout 'silence'"))
        // The line has no end yet.
        #expect(steps.isEmpty)
    }

    @Test func aPullThatFailsOnTheWaySaysWhy() throws {
        let fake = try FakeEngine(
            .send("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"Pulling\",\"id\":\"a1\"}\r\n{\"sta"),
            .send(
                "tus\":\"Downloading\",\"progressDetail\":{\"current\":5,\"total\":9}}\r\n{\"errorDetail\":{\"message\":\"denied\"}}"
            ))
        var steps: [ImageProgress] = []
        let said = message { try fake.engine.pullImage(ImageReference("a")) { steps.append($0) } }
        #expect(said == "The image 'a:latest' could not be pulled: denied")
        #expect(steps.map(\.text) == ["Pulling", "Downloading"] && steps[0].layer == "a1" && steps[1].totalBytes == 9)
    }

    @Test func anEngineThatIsTooOldIsRefused() throws {
        let fake = try FakeEngine(version: #"{"Version":"19.03","ApiVersion":"1.40"}"#)
        #expect(code { _ = try fake.engine.info() } == .engineVersionUnsupported)
    }

    @Test(arguments: [
        ("1.41", "1.12", "1.41"), ("1.52", "1.44", "1.44"), ("1.60", "1.50", "1.50"), ("1.43", "1.24", "1.43"),
    ])
    func theVersionIsTheNewestThatBothSpeak(offered: String, lowest: String, spoken: String) throws {
        let fake = try FakeEngine(version: #"{"ApiVersion":"\#(offered)","MinAPIVersion":"\#(lowest)"}"#)
        #expect(try fake.engine.negotiated().spoken.description == spoken)
    }

    @Test func outputThatFollowsTheHeadAtOnceIsNotLost() throws {
        let fake = try FakeEngine(
            .bytes(Array(Self.upgraded.utf8) + Self.frame(1, "one") + Self.frame(2, "two").prefix(5)),
            .bytes(Array(Self.frame(2, "two").dropFirst(5)) + Self.frame(1, "")))
        var texts: [String] = []
        let session = try fake.engine.startExec("a")
        try session.read { stream, bytes in texts.append("\(stream.rawValue)" + String(decoding: bytes, as: UTF8.self))
        }
        #expect(texts == ["1one", "2two"])
    }

    @Test func aFrameThatBreaksOffIsLost() throws {
        for bytes in [Self.frame(1, "short", length: 10), [1, 0, 0]] {
            let fake = try FakeEngine(.bytes(Array(Self.upgraded.utf8) + bytes))
            let session = try fake.engine.startExec("a")
            #expect(code { try session.read { _, _ in } } == .engineLost)
        }
    }

    @Test func outputWithoutProperFramesIsUnreadable() throws {
        let fake = try FakeEngine(.bytes(Array((Self.upgraded + "plain text").utf8)), .hold)
        let session = try fake.engine.startExec("a")
        #expect(code { try session.read { _, _ in } } == .engineAnswerUnreadable)
    }

    @Test func anAnswerPastItsLimitIsNotRead() throws {
        let large = [UInt8](repeating: UInt8(ascii: " "), count: 17 << 20)
        let fake = try FakeEngine(.send("HTTP/1.1 200 OK\r\nContent-Length: \(large.count)\r\n\r\n"), .bytes(large))
        #expect(code { _ = try fake.engine.info() } == .engineAnswerTooLarge)
    }

    @Test func anAnswerBeforeTheEndOfAnUploadEndsTheUpload() throws {
        let fake = try FakeEngine(FakeEngine.json(#"{"message":"no such path"}"#, status: "404 Not Found"), .hold)
        var pieces = 0
        let said = code {
            try fake.engine.putArchive(into: "a", at: "/nowhere") { () throws(DiagnosticError) in
                pieces += 1
                return pieces < 100_000 ? [UInt8](repeating: 0, count: 1 << 16) : nil
            }
        }
        #expect(said == .engineObjectMissing && pieces < 100_000)
    }

    @Test func anEngineThatAcceptsNobodyIsGivenUp() throws {
        let silent = SilentSocket()
        let engine = EngineClient(address: EngineAddress(path: silent.path))
        defer { engine.close() }
        #expect(code { try engine.ping(EngineCall(timeout: .milliseconds(100))) } == .engineTimedOut)
    }

    @Test func anUploadThatNobodyReadsIsGivenUp() throws {
        let fake = try FakeEngine(.pause)
        let said = code {
            try fake.engine.importImage(as: ImageReference("a"), EngineCall(timeout: .milliseconds(200))) {
                [UInt8](repeating: 0, count: 1 << 16)
            }
        }
        #expect(said == .engineTimedOut)
    }

    @Test func aCallWaitsForNothingOnceItIsCancelled() throws {
        let fake = try FakeEngine(.hold)
        let cancellation = CallCancellation()
        Thread.detachNewThread {
            // The engine holds the call, so this comes while it waits, or before: both end it.
            cancellation.cancel()
        }
        #expect(code { try fake.engine.ping(EngineCall(cancellation: cancellation)) } == .engineCallCancelled)
    }

    @Test func aClientThatIsClosedEndsItsCalls() throws {
        let fake = try FakeEngine(.send(Self.chunked + "14\r\n{\"status\":\"Waiting\"}\r\n2\r\n\r\n\r\n"), .hold)
        let said = code { try fake.engine.pullImage(ImageReference("a")) { _ in fake.engine.close() } }
        #expect(said == .engineLost)
    }
}

/// Listens, and accepts nobody.
final class SilentSocket {
    let path: String
    private let listener: Int32

    init() {
        path = "/tmp/mce-silent-\(UUID().uuidString.prefix(8)).sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(bound == 0 && listen(listener, 16) == 0)
    }

    deinit {
        close(listener)
        unlink(path)
    }
}
