// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import PipelineModel
import RunEngine
import StructuredData
import Testing

/// Events live for ever: their names and fields are what the golden files say.
@Suite struct EventFormatTests {
    private static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let isBlessing = ProcessInfo.processInfo.environment["BLESS"] == "1"

    @Test func everyEventHasASample() {
        #expect(EventSamples.run.map(\.typeName).sorted() == RunEvent.typeNames)
        #expect(EventSamples.job.map(\.typeName).sorted() == JobEvent.typeNames)
    }

    @Test(arguments: EventSamples.run)
    func runEventsAreWrittenAsTheyEverWere(event: RunEvent) throws { try check(event, folder: "run") }

    @Test(arguments: EventSamples.job)
    func jobEventsAreWrittenAsTheyEverWere(event: JobEvent) throws { try check(event, folder: "job") }

    private func check<Event: MachineEvent>(_ event: Event, folder: String) throws {
        let name = "\(event.typeName).\(event.version).json"
        let file = Self.root.appendingPathComponent("Fixtures/events/\(folder)/\(name)")
        let written = event.payload.jsonText() + "\n"
        if Self.isBlessing {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try written.write(to: file, atomically: true, encoding: .utf8)
        }
        let golden = try String(contentsOf: file, encoding: .utf8)
        #expect(written == golden)
        var payload = try DataValue(json: golden)
        #expect(try Event(typeName: event.typeName, version: event.version, payload: payload) == event)
        // A field of a later version is passed over.
        if case .object(var object) = payload {
            object["fieldOfTomorrow"] = "x"
            payload = .object(object)
        }
        #expect(try Event(typeName: event.typeName, version: event.version, payload: payload) == event)
    }

    @Test func anUnknownEventStopsTheStreamWithACode() {
        let error = #expect(throws: DiagnosticError.self) {
            try RunEvent(typeName: "jobTeleported", version: 1, payload: [:])
        }
        #expect(error?.diagnostic.code == .unknownEvent)
        let newer = #expect(throws: DiagnosticError.self) {
            try JobEvent(typeName: "jobBegan", version: 2, payload: [:])
        }
        #expect(newer?.diagnostic.code == .unknownEvent)
    }

    @Test func aDamagedEventSaysWhichOneItIs() {
        let error = #expect(throws: DiagnosticError.self) {
            try JobEvent(typeName: "stepFinished", version: 1, payload: ["attempt": "x"])
        }
        #expect(error?.diagnostic.code == .malformedEvent)
        #expect(error?.diagnostic.message.contains("stepFinished") == true)
    }

    @Test func noEventOutgrowsItsLimit() {
        let long = String(repeating: "가", count: 50_000)
        let reason = Reason(
            .condition, long, expression: long, values: Array(repeating: long, count: 1_000))
        let outcome = JobOutcome(.failure, reason: reason, outputNames: Array(repeating: long, count: 5_000))
        let finished = RunEvent.legFinished(
            LegFinished(leg: JobID("a"), attempt: 1, outcome: outcome, conclusion: .failure))
        #expect(finished.payload.jsonText().utf8.count <= EngineLimits.eventBytes)
        var run = Scenario(["test": .init(legs: 256, group: String(long.prefix(5_000)))])
        run.start()
        for event in run.events { #expect(event.payload.jsonText().utf8.count <= EngineLimits.eventBytes) }
        #expect(run.state.legs.count == 256)
    }

    @Test(arguments: Self.histories)
    func recordedHistoriesAreReadForEver(name: String) throws {
        let text = try String(
            contentsOf: Self.root.appendingPathComponent("Fixtures/histories/\(name)"), encoding: .utf8)
        var run = RunMachine.initialState
        var jobs: [String: JobState] = [:]
        for line in text.split(separator: "\n") {
            let record = try DataValue(json: String(line))
            let stream = try record.string("stream")
            let type = try record.string("type")
            let version = try record.int("version")
            let payload = record["payload"] ?? .null
            if stream == "run" {
                RunMachine.apply(try RunEvent(typeName: type, version: version, payload: payload), to: &run)
            } else {
                let event = try JobEvent(typeName: type, version: version, payload: payload)
                JobMachine.apply(event, to: &jobs[stream, default: JobMachine.initialState])
            }
        }
        #expect(run.phase == .finished)
        #expect(RunMachine.effects(of: run).isEmpty)
        #expect(run.conclusion?.rawValue == String(name.split(separator: "-")[0]))
        #expect(jobs.values.allSatisfy { $0.phase == .finished })
        for leg in run.legs where jobs["\(leg.id).\(leg.attempt)"] != nil {
            #expect(leg.outcome == jobs["\(leg.id).\(leg.attempt)"]?.outcome?.conclusion)
        }
    }

    private static let histories: [String] = {
        let folder = root.appendingPathComponent("Fixtures/histories").path
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".ndjson") }.sorted()
    }()

    @Test func thereAreHistories() { #expect(Self.histories.count >= 5) }
}
