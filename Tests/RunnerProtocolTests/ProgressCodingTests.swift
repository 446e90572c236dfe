// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import RunnerProtocol
import StructuredData
import Testing

@Suite("Messages between a server and its runners")
struct ProgressCodingTests {
    static let lease = LeaseKey(JobTry(run: RunID(12), attempt: 2, job: JobID("a#1/b"), number: 1), fence: 7)
    static let progress = Progress(
        lease: lease,
        parts: [
            .events(
                first: 3, [.init(type: "stepStarted", version: 1, payload: Array(#"{"x":"ü\n"}"#.utf8), ageMs: 12)]),
            .log(StepAttempt(step: StepPath([3, 1]), number: 2), offset: 1 << 33, [0, 255, 10, 65]),
            .logEnded(StepAttempt(step: StepPath(3)), .init(lines: 4, bytes: 99, droppedBytes: 1, digest: "ab")),
            .outcomes(first: 0, [["type": "summary"]]),
            .finished(outcome: ["conclusion": "success"], outputs: ["v": "1"]),
        ])

    @Test("Progress that is written is read as it was")
    func roundTrip() throws {
        #expect(try ProgressCoding.decode(ProgressCoding.encode(Self.progress)) == Self.progress)
    }

    @Test("Progress that is cut off anywhere is refused or lacks whole parts, and never harms")
    func cutOff() {
        let bytes = ProgressCoding.encode(Self.progress)
        for count in 0..<bytes.count {
            guard let found = try? ProgressCoding.decode(Array(bytes.prefix(count))) else { continue }
            #expect(Self.progress.parts.starts(with: found.parts))
            #expect(found.parts.count < Self.progress.parts.count)
        }
    }

    @Test("Bytes that are changed anywhere are refused or read, and never harm")
    func mutilated() {
        let bytes = ProgressCoding.encode(Self.progress)
        for index in bytes.indices {
            for value: UInt8 in [0, 0x7F, 0xFF] {
                var changed = bytes
                changed[index] = value
                _ = try? ProgressCoding.decode(changed)
            }
        }
    }

    @Test("Past its limits progress is refused")
    func limits() {
        let large = Progress(
            lease: Self.lease,
            parts: [
                .log(
                    StepAttempt(step: StepPath(1)), offset: 0,
                    [UInt8](repeating: 65, count: RunnerLimits.progressBytes))
            ])
        #expect(throws: DataShapeError.self) { try ProgressCoding.decode(ProgressCoding.encode(large)) }
        let many = Progress(
            lease: Self.lease,
            parts: Array(
                repeating: .logEnded(StepAttempt(step: StepPath(1)), .init(lines: 0, bytes: 0, digest: "")),
                count: RunnerLimits.partsPerProgress + 1))
        #expect(throws: DataShapeError.self) { try ProgressCoding.decode(ProgressCoding.encode(many)) }
    }

    @Test("A poll and its answer are read as they were")
    func polls() throws {
        let poll = PollRequest(instance: "a1", free: 3, holds: [Self.lease])
        #expect(try PollRequest(data: DataValue(json: Array(poll.data.jsonText().utf8))) == poll)
        var answer = PollAnswer()
        answer.assignments = [JobAssignment(lease: Self.lease, content: ["plan": ["x": 1]])]
        answer.cancellations = [LeaseCancellation(lease: Self.lease, isForced: true, reason: "Somebody.")]
        answer.lost = [Self.lease]
        answer.isDismissed = true
        #expect(try PollAnswer(data: DataValue(json: Array(answer.data.jsonText().utf8))) == answer)
    }

    @Test("An offering says what is wrong with it")
    func faults() {
        #expect(RunnerOffering(name: "a-1", labels: ["Linux"], capacity: 4).fault == nil)
        #expect(RunnerOffering(name: "a-1", labels: ["Linux"]).labels == ["linux"])
        #expect(RunnerOffering(name: "", labels: []).fault != nil)
        #expect(RunnerOffering(name: "a b", labels: []).fault?.contains("'a b'") == true)
        #expect(RunnerOffering(name: "a", labels: [""]).fault != nil)
        #expect(RunnerOffering(name: "a", labels: [], capacity: 0).fault?.contains("0 is not") == true)
    }
}
