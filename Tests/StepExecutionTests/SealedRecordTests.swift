// SPDX-License-Identifier: Apache-2.0

import Crypto
import Diagnostics
import FileAccess
import Glibc
import PipelineModel
import SealedStorage
import Testing

@testable import StepExecution

@Suite("The sealed record") struct SealedRecordTests {
    private let folder = TestFolder()

    private var frames: [RecordFrame] {
        var step = StepRecord(
            attempt: StepAttempt(step: StepPath([3, 1]), number: 2),
            result: StepResult(
                outcome: .failure, conclusion: .success, exitCode: 4, reason: Reason(.exitCode, "It said no.")))
        step.outputs = [.init("a", "1\n2"), .init("b", "ü")]
        step.environment = [.init("A", "x"), .init("A", "y")]
        step.paths = ["/p"]
        step.state = [.init("s", "")]
        step.isDeferred = true
        step.result.outputNames = ["a", "b"]
        step.result.logLines = 12
        step.result.logDigest = "abc"
        let scope = ScopeRecord(
            attempt: StepAttempt(step: StepPath(3)), inputs: [.init("i", "v")], environment: [.init("E", "1")])
        return [.masks(["hush\nhush"]), .scope(scope), .step(step), .absorbed([StepPath(2), StepPath([3, 1])])]
    }

    private func record(_ key: SymmetricKey, job: String = "1/1/build") -> SealedRecord {
        SealedRecord(path: folder.path + "/record", key: key, job: job)
    }

    @Test("frames come back as they were, over several processes' appends")
    func roundTrips() throws {
        let key = try SealingKey.load(at: folder.path + "/key")
        let first = record(key)
        for frame in frames.dropLast() { try first.append(frame) }
        let second = record(try SealingKey.load(at: folder.path + "/key"))
        #expect(try second.frames() == Array(frames.dropLast()))
        try second.append(frames[3])
        #expect(try record(key).frames() == frames)
    }

    @Test("nothing of it can be read without the key")
    func isEncrypted() throws {
        let first = record(SymmetricKey(size: .bits256))
        try first.append(.masks(["correct horse battery"]))
        let bytes = try #require(try Files.readIfPresent(folder.path + "/record", limit: 4096))
        #expect(!String(decoding: bytes, as: UTF8.self).contains("horse"))
    }

    @Test("a torn last frame is dropped, wherever it is torn, and the next one takes its place")
    func toleratesTornTail() throws {
        let key = SymmetricKey(size: .bits256)
        let writer = record(key)
        try writer.append(frames[0])
        let whole = Int(try #require(Files.facts(folder.path + "/record")).sizeBytes)
        try writer.append(frames[1])
        let bytes = try #require(try Files.readIfPresent(folder.path + "/record", limit: 4096))
        for length in whole..<bytes.count {
            try Files.write(bytes[..<length], to: folder.path + "/record")
            let reader = record(key)
            #expect(try reader.frames() == [frames[0]])
            try reader.append(frames[2])
            #expect(try record(key).frames() == [frames[0], frames[2]])
        }
    }

    @Test("a changed frame, another key or another job's record is refused")
    func refusesForgery() throws {
        let key = SymmetricKey(size: .bits256)
        let writer = record(key)
        try writer.append(frames[0])
        try writer.append(frames[1])
        var bytes = try #require(try Files.readIfPresent(folder.path + "/record", limit: 4096))
        #expect(throws: DiagnosticError.self) { try record(SymmetricKey(size: .bits256)).frames() }
        #expect(throws: DiagnosticError.self) { try record(key, job: "1/1/other").frames() }
        bytes[20] ^= 1
        try Files.write(bytes, to: folder.path + "/record")
        #expect(throws: DiagnosticError.self) { try record(key).frames() }
    }
}
