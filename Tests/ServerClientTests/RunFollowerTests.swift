// SPDX-License-Identifier: Apache-2.0

import HTTPMessages
import ServerClient
import StructuredData
import Synchronization
import Testing

@Suite("A run on a server is told as a local one is, each thing once")
struct RunFollowerTests {
    private static let run = "/runs/7/attempts/1"

    private static let queued = #"""
        {"run":7,"attempt":1,"workflow":"CI","title":"Fix","state":"running","digest":"abc","jobs":[
          {"id":"build","name":"Build","state":"queued","queuedAt":1000,"steps":[]}]}
        """#

    private static func report(step: String, job: String = #""state":"running""#, run: String = #""state":"running""#)
        -> String
    {
        #"""
        {"run":7,"attempt":1,"workflow":"CI","digest":"abc",\#(run),"startedAt":500,"jobs":[
          {"id":"build","name":"Build",\#(job),"queuedAt":1000,"startedAt":2000,"steps":[
            {"step":"1","attempt":1,"title":"Compile","startedAt":2100,\#(step)}]}]}
        """#
    }

    private static let stepDone =
        #""state":"finished","conclusion":"success","outcome":"success","finishedAt":3000,"logLines":2"#
    private static let jobDone = #""state":"finished","conclusion":"success","finishedAt":4000"#
    private static let runDone = #""state":"finished","conclusion":"success","finishedAt":5000"#

    private func events(_ updates: String...) -> String {
        updates.enumerated().map { "event: update\nid: \($0.offset + 1)\ndata: \($0.element)\n\n" }.joined()
    }

    private let log =
        "id: 1\ndata: {\"n\":1,\"text\":\"one\"}\n\nid: 2\ndata: {\"n\":2,\"text\":\"two\"}\n\nevent: end\ndata: {}\n\n"

    private func follow(_ script: PathServer) async throws -> [String] {
        let told = Mutex<[String]>([])
        try await RunFollower(try script.server(), run: 7, attempt: 1).follow { item in
            let text =
                switch item {
                case .line(let place, let line): "\(place.job)/\(place.step): \(String(decoding: line, as: UTF8.self))"
                case .update(let update):
                    ["type", "job", "step", "name", "conclusion", "reason"].compactMap { key in
                        update[key]?.string ?? update[key]?["text"]?.string
                    }.joined(separator: " ")
                }
            told.withLock { $0.append(text) }
        }
        return told.withLock { $0 }
    }

    private static let story = [
        "runStarted", "jobWaiting build Build It waits for a runner.", "jobStarted build Build",
        "stepStarted build 1 Compile", "build/1: one", "build/1: two", "stepFinished build 1 Compile success",
        "jobFinished build Build success", "runFinished success",
    ]

    @Test("Events that say everything are told as they are, a step's end behind its log's last line")
    func plain() async throws {
        let script = PathServer([
            Self.run: [.answer(200, Self.queued)],
            Self.run + "/events": [
                .stream([
                    events(
                        #"{"type":"state","state":"running"}"#, #"{"type":"runStarted","run":7,"digest":"abc"}"#,
                        #"{"type":"jobStarted","job":"build","name":"Build"}"#,
                        #"{"type":"stepStarted","job":"build","step":"1","attempt":1,"name":"Compile"}"#,
                        #"{"type":"stepFinished","job":"build","step":"1","attempt":1,"name":"Compile","outcome":"success","conclusion":"success"}"#,
                        #"{"type":"jobFinished","job":"build","name":"Build","conclusion":"success"}"#,
                        #"{"type":"runFinished","run":7,"conclusion":"success"}"#)
                ])
            ],
            Self.run + "/logs/build/1/1": [.stream([log])],
        ])
        #expect(try await follow(script) == Self.story)
        #expect(script.calls(Self.run + "/events").first?.headers["Last-Event-ID"] == "0")
    }

    @Test("What an event leaves out is looked up")
    func sparse() async throws {
        let script = PathServer([
            Self.run: [
                .answer(200, Self.queued), .answer(200, Self.report(step: #""state":"running""#)),
                .answer(200, Self.report(step: Self.stepDone)),
            ],
            Self.run + "/events": [
                .stream([
                    events(
                        #"{"type":"jobStarted","job":"build","name":"Build"}"#,
                        #"{"type":"stepStarted","job":"build","step":"1","attempt":1}"#,
                        #"{"type":"stepFinished","job":"build","step":"1","attempt":1,"conclusion":"success"}"#,
                        #"{"type":"jobFinished","job":"build","name":"Build","conclusion":"success"}"#,
                        #"{"type":"runFinished","run":7,"conclusion":"success"}"#)
                ])
            ],
            Self.run + "/logs/build/1/1": [.stream([log])],
        ])
        #expect(try await follow(script) == Self.story)
    }

    @Test("A run that is over when one comes is told from its report")
    func late() async throws {
        let over = Self.report(step: Self.stepDone, job: Self.jobDone, run: Self.runDone)
        let script = PathServer([
            Self.run: [.answer(200, over), .answer(200, over)],
            Self.run + "/events": [
                .stream([events(#"{"type":"state","state":"finished"}"#) + "event: end\ndata: {}\n\n"])
            ],
            Self.run + "/logs/build/1/1": [.stream([log])],
        ])
        #expect(try await follow(script) == Self.story.filter { !$0.hasPrefix("jobWaiting") })
    }

    @Test("A broken connection, a log that breaks and news that were missed leave no gap and no echo")
    func broken() async throws {
        let over = Self.report(step: Self.stepDone, job: Self.jobDone, run: Self.runDone)
        let script = PathServer([
            Self.run: [
                .answer(200, Self.queued), .answer(200, Self.report(step: #""state":"running""#)), .answer(200, over),
            ],
            Self.run + "/events": [
                .stream([events(#"{"type":"jobStarted","job":"build","name":"Build"}"#)], breaks: true),
                .stream(["event: reset\ndata: {}\n\n"], breaks: true), .unreachable,
                .stream([events(#"{"type":"state","state":"finished"}"#) + "event: end\ndata: {}\n\n"]),
            ],
            Self.run + "/logs/build/1/1": [
                .stream(["id: 1\ndata: {\"n\":1,\"text\":\"one\"}\n\nid: 2\nda"], breaks: true),
                .stream([log]),
            ],
        ])
        #expect(try await follow(script) == Self.story)
        #expect(script.calls(Self.run + "/logs/build/1/1").last?.headers["Last-Event-ID"] == "1")
    }

    @Test("A step that was passed over is told without a beginning, a job that was taken over without its steps")
    func skipped() throws {
        var telling = RunTelling()
        let report = try #require(
            try DataValue(
                json: Array(
                    #"""
                    {"run":7,"attempt":2,"state":"finished","conclusion":"skipped","jobs":[
                      {"id":"a","name":"A","state":"finished","conclusion":"success","takenFrom":1,"startedAt":1,"finishedAt":2,
                       "steps":[{"step":"1","attempt":1,"title":"x","state":"finished","conclusion":"success","startedAt":1,"finishedAt":2}]},
                      {"id":"b","name":"B","state":"finished","conclusion":"success","startedAt":1,"finishedAt":9,
                       "steps":[{"step":"1","attempt":1,"title":"x","state":"finished","conclusion":"skipped","outcome":"skipped"}]},
                      {"id":"call","name":"call","state":"finished","conclusion":"success","steps":[]},
                      {"id":"call/in","name":"In","state":"finished","conclusion":"skipped","reason":{"kind":"unavailable","text":"No."},"steps":[]}]}
                    """#.utf8)
            ).object)
        let told = telling.take(report: report)
        #expect(
            told.map { ($0["type"]?.string ?? "") + " " + ($0["job"]?.string ?? "") } == [
                "runStarted ", "jobFinished a", "jobStarted b", "stepFinished b", "jobFinished b",
                "jobFinished call/in",
                "runFinished ",
            ])
        #expect(told.last?["conclusion"] == "success" && told.last?["unavailable"] == true)
        #expect(telling.take(report: report).isEmpty)
    }

    @Test("A job whose runner was lost goes back to the queue, and starts again")
    func lostJob() {
        var telling = RunTelling()
        let started: DataObject = ["type": "jobStarted", "job": "a", "name": "A"]
        let waiting: DataObject = [
            "type": "jobWaiting", "job": "a", "name": "A", "reason": ["kind": "capacity", "text": "It waits."],
        ]
        let told = [waiting, waiting, started, started, waiting, started].flatMap { telling.take(event: $0) }
        #expect(told.map { $0["type"]?.string } == ["jobWaiting", "jobStarted", "jobWaiting", "jobStarted"])
    }

    @Test("A report that is ahead of the news is not taken back by them")
    func ahead() throws {
        var telling = RunTelling()
        let report = try DataValue(json: Array(Self.report(step: #""state":"running""#).utf8)).object
        #expect(telling.take(report: try #require(report)).map { $0["type"]?.string }.count == 3)
        let waiting: DataObject = [
            "type": "jobWaiting", "job": "build", "name": "Build", "reason": ["kind": "capacity", "text": "It waits."],
        ]
        let started: DataObject = ["type": "jobStarted", "job": "build", "name": "Build"]
        #expect([waiting, started].flatMap { telling.take(event: $0) }.isEmpty)
        // Its runner was lost.
        #expect([waiting, started].flatMap { telling.take(event: $0) }.count == 2)
    }

    @Test("What a job found out is told once, with the step's attempt where it is left out")
    func findings() {
        var telling = RunTelling()
        _ = telling.take(event: ["type": "stepStarted", "job": "a", "step": "2", "attempt": 3, "name": "x"])
        let found: DataObject = ["type": "annotation", "job": "a", "step": "2", "level": "error", "message": "m"]
        #expect(telling.take(event: found).map { $0["attempt"]?.int } == [3])
        #expect(telling.take(event: found).isEmpty)
    }

    @Test("A log that never comes holds the step's end up for a while only")
    func lostLog() async throws {
        let script = PathServer([
            Self.run: [.answer(200, Self.queued)],
            Self.run + "/events": [
                .stream([
                    events(
                        #"{"type":"jobStarted","job":"build","name":"Build"}"#,
                        #"{"type":"stepStarted","job":"build","step":"1","attempt":1,"name":"Compile"}"#,
                        #"{"type":"stepFinished","job":"build","step":"1","attempt":1,"name":"Compile","outcome":"success","conclusion":"success"}"#,
                        #"{"type":"jobFinished","job":"build","name":"Build","conclusion":"success"}"#,
                        #"{"type":"runFinished","run":7,"conclusion":"success"}"#)
                ])
            ],
            Self.run + "/logs/build/1/1": [.silence],
        ])
        #expect(try await follow(script) == Self.story.filter { !$0.hasPrefix("build/1:") })
    }

    @Test("A server that refuses ends it")
    func refused() async throws {
        let script = PathServer([Self.run + "/events": [.answer(401, "{}")]])
        let error = await #expect(throws: ServerError.self) { _ = try await follow(script) }
        #expect(error?.kind == .notAllowed)
    }

    @Test("A log is read line by line, however its bytes come; one that is not there has none")
    func text() async throws {
        let script = PathServer([
            Self.run + "/logs/build/1/1": [
                .stream(["on", "e\ntwo\n", "\nfour"]), .answer(200, "{\"n\":9,\"text\":\"x\"}\n"),
            ],
            Self.run + "/logs/build/2/1": [.answer(404, "{}"), .answer(404, "{}")],
        ])
        let server = try script.server()
        let log = RemoteLog(server, run: 7, attempt: 1, place: .init(job: "build", step: "1", attempt: 1))
        var lines: [String] = []
        try await log.lines { lines.append(String(decoding: $0, as: UTF8.self)) }
        #expect(lines == ["one", "two", "", "four"])
        #expect(try await log.tail(3) == [Array("x".utf8)])
        let none = RemoteLog(server, run: 7, attempt: 1, place: .init(job: "build", step: "2", attempt: 1))
        try await none.lines { lines.append(String(decoding: $0, as: UTF8.self)) }
        #expect(lines.count == 4)
        #expect(try await none.tail(3).isEmpty)
    }
}
