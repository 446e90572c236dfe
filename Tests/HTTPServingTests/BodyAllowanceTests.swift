// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPServing
import Testing

@Suite("Bodies of senders who have proven nothing")
struct BodyAllowanceTests {
    @Test("Together they are bounded, and what is not held any more makes room")
    func bounded() async throws {
        let allowance = BodyAllowance(limitBytes: 10, seconds: 60)
        func read(_ count: Int, limit: Int = 100) async throws -> Int {
            let inbound = InboundRequest("POST", "/", body: [UInt8](repeating: 1, count: count))
            return try await inbound.body(limit: limit, within: allowance).count
        }
        #expect(try await read(6) == 6)
        let error = await #expect(throws: DiagnosticError.self) { try await read(5) }
        #expect(error?.diagnostic.code == .bodiesPastLimit && allowance.heldBytes == 6)
        await #expect(throws: DiagnosticError.self) { try await read(4, limit: 3) }
        #expect(try await read(4) == 4)
        allowance.giveBack(6)
        #expect(allowance.heldBytes == 4)
    }

    @Test("One that comes over a socket is counted piece by piece, and one that is too late is given up")
    func slow() async throws {
        let (allowance, late) = (BodyAllowance(limitBytes: 10, seconds: 60), BodyAllowance(limitBytes: 10, seconds: 0))
        let served = try await Served { inbound in
            do throws(DiagnosticError) {
                let bytes = try await inbound.body(limit: 100, within: inbound.path == "/late" ? late : allowance)
                return OutboundAnswer(status: 200, content: .bytes(bytes))
            } catch {
                return OutboundAnswer(status: 400, content: .bytes(Array("\(error.diagnostic.code)".utf8)))
            }
        }
        try await Wire.talk(served.port) { wire in
            func ask(_ path: String, _ body: String) async throws {
                try await wire.write("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
                try await wire.write(body)
            }
            try await ask("/", "eightxxx")
            _ = try await wire.readPast("eightxxx")
            try await ask("/", "three")
            _ = try await wire.readPast("MRT1173")
            try await ask("/late", "x")
            _ = try await wire.readPast("MRT1174")
        }
        #expect(allowance.heldBytes == 8 && late.heldBytes == 0)
        await served.stop()
    }
}
