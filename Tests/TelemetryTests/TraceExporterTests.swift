// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import StructuredData
import Synchronization
import Telemetry
import Testing
import Timekeeping

/// A collector that answers as told, and a clock that only pauses move.
private final class Collector: Sendable {
    struct State {
        var answers: [HTTPAnswer?]
        var calls: [HTTPCall] = []
        var pauses: [Int64] = []
        var troubles: [DiagnosticCode] = []
    }

    let state: Mutex<State>
    let exporter = Mutex<TraceExporter?>(nil)

    /// - Parameter answers: in order; `nil` is a connection that fails. After the last one the exporter is ended.
    init(_ answers: [HTTPAnswer?]) { state = Mutex(State(answers: answers)) }

    func make(limits: TraceLimits = TraceLimits()) throws -> TraceExporter {
        let made = TraceExporter(
            try TraceDestination(address: "https://collector.example.org:4318/", headers: [("Authorization", "token")]),
            service: TraceService(version: "1.2.3", instance: "a"), limits: limits,
            transport: { call throws(DiagnosticError) in try self.answer(call) },
            pause: { span in self.state.withLock { $0.pauses.append(span.milliseconds) } },
            onTrouble: { diagnostic in self.state.withLock { $0.troubles.append(diagnostic.code) } })
        exporter.withLock { $0 = made }
        return made
    }

    private func answer(_ call: HTTPCall) throws(DiagnosticError) -> HTTPAnswer {
        let (answer, isLast) = state.withLock { state in
            state.calls.append(call)
            return (state.answers.isEmpty ? nil : state.answers.removeFirst(), state.answers.isEmpty)
        }
        if isLast { exporter.withLock { $0?.finish() } }
        guard let answer else { throw DiagnosticError(DiagnosticCode(9999), "no connection") }
        return answer
    }

    var calls: [HTTPCall] { state.withLock(\.calls) }
    var pauses: [Int64] { state.withLock(\.pauses) }
    var troubles: [DiagnosticCode] { state.withLock(\.troubles) }
}

private func answer(_ status: Int, _ headers: HTTPHeaders = [], _ body: String = "{}") -> HTTPAnswer {
    HTTPAnswer(status: status, headers: headers, body: Array(body.utf8))
}

private func span(_ number: Int) -> TraceSpan {
    TracedRequest(
        id: "\(number)", method: "GET", route: "/r\(number)", status: 200,
        start: Timestamp(milliseconds: 1_700_000_000_123),
        end: Timestamp(milliseconds: 1_700_000_000_456)
    ).span
}

private func spans(_ call: HTTPCall) throws -> [DataValue] {
    let body = try DataValue(json: call.body)
    return body["resourceSpans"]?.array?.first?["scopeSpans"]?.array?.first?["spans"]?.array ?? []
}

@Suite("Sending traces")
struct TraceExporterTests {
    @Test("A batch is what OTLP over HTTP wants, in JSON")
    func format() async throws {
        let collector = Collector([answer(200)])
        let exporter = try collector.make()
        var job = TracedJob(
            trace: RunTrace(installation: "i", run: "1", attempt: 1), place: JobPlace(job: "b", attempt: 1),
            name: String(repeating: "ü", count: 300), url: "u")
        job.needs = (0..<200).map { JobPlace(job: "n\($0)", attempt: 1) }
        job.result = .failure
        exporter.record(span(1))
        exporter.record(job.span)
        await exporter.run()
        let call = try #require(collector.calls.first)
        #expect(call.method == "POST")
        #expect(call.url == "https://collector.example.org:4318/v1/traces")
        #expect(call.headers["content-type"] == "application/json")
        #expect(call.headers["authorization"] == "token")
        let body = try DataValue(json: call.body)
        let resource = body["resourceSpans"]?.array?.first?["resource"]?["attributes"]?.array ?? []
        #expect(resource.first == ["key": "service.name", "value": ["stringValue": "martlet"]])
        let sent = try spans(call)
        #expect(sent.count == 2)
        #expect(sent[0]["startTimeUnixNano"] == "1700000000123000000")
        #expect(sent[0]["endTimeUnixNano"] == "1700000000456000000")
        #expect(sent[0]["traceId"]?.string?.count == 32)
        #expect(sent[0]["kind"] == 2)
        #expect(
            sent[0]["attributes"]?.array?.contains(["key": "http.response.status_code", "value": ["intValue": "200"]])
                == true)
        #expect(sent[1]["name"]?.string == String(repeating: "ü", count: 128))
        #expect(sent[1]["links"]?.array?.count == 128)
        #expect(sent[1]["droppedLinksCount"] == 72)
        #expect(sent[1]["status"]?["code"] == 2)
        #expect(sent[1]["parentSpanId"]?.string?.count == 16)
        #expect(exporter.counts.sent == 2)
        #expect(collector.pauses == [2000])
    }

    @Test("Spans go in batches of their limits, each one once, in order")
    func batches() async throws {
        var limits = TraceLimits()
        limits.batchSpans = 10
        let collector = Collector([answer(200), answer(200), answer(202)])
        let exporter = try collector.make(limits: limits)
        for number in 0..<25 { exporter.record(span(number)) }
        await exporter.run()
        #expect(try collector.calls.map { try spans($0).count } == [10, 10, 5])
        let names = try collector.calls.flatMap { try spans($0).compactMap { $0["name"]?.string } }
        #expect(names == (0..<25).map { "GET /r\($0)" })
        limits.batchBytes = 1
        let small = Collector([answer(200), answer(200)])
        let other = try small.make(limits: limits)
        other.record(span(1))
        other.record(span(2))
        await other.run()
        #expect(try small.calls.map { try spans($0).count } == [1, 1])
    }

    @Test("What may be tried again is, after doubling pauses or what the collector asks for")
    func retries() async throws {
        let collector = Collector([
            answer(503), nil, answer(429, [("Retry-After", "7")]), answer(502, [("retry-after", "99999")]), answer(200),
        ])
        let exporter = try collector.make()
        exporter.record(span(1))
        await exporter.run()
        #expect(collector.pauses == [2000, 1000, 2000, 7000, 60_000])
        #expect(Set(collector.calls.map(\.body)).count == 1)
        #expect(exporter.counts.sent == 1)
        #expect(collector.troubles.isEmpty)
    }

    @Test("After the last try spans are dropped, counted and told of once; what comes later is sent")
    func givingUp() async throws {
        var limits = TraceLimits()
        limits.attempts = 3
        limits.batchSpans = 2
        let collector = Collector([nil, nil, nil, nil, answer(504), answer(503), answer(200)])
        let exporter = try collector.make(limits: limits)
        for number in 0..<5 { exporter.record(span(number)) }
        await exporter.run()
        #expect(
            exporter.counts
                == counts {
                    $0.sent = 1; $0.notDelivered = 4
                })
        #expect(collector.troubles == [.tracesNotDelivered])
    }

    @Test(
        "A refusal is final, and spans that are rejected one by one are counted",
        arguments: [400, 401, 404, 413, 500, 301])
    func refusals(status: Int) async throws {
        var limits = TraceLimits()
        limits.batchSpans = 4
        let partial = answer(200, [], "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"too old\"}}")
        let collector = Collector([answer(status), partial, answer(200, [], "not JSON")])
        let exporter = try collector.make(limits: limits)
        for number in 0..<10 { exporter.record(span(number)) }
        await exporter.run()
        #expect(
            exporter.counts
                == counts {
                    $0.sent = 3; $0.refused = 7
                })
        #expect(collector.troubles == [.tracesRefused])
        #expect(exporter.counts.dropped.map(\.value) == [0, 7, 0])
    }

    @Test("Where too many wait, those that come are dropped and counted, and nobody waits")
    func fullQueue() async throws {
        var limits = TraceLimits()
        limits.waitingSpans = 3
        let collector = Collector([answer(200)])
        let exporter = try collector.make(limits: limits)
        for number in 0..<10 { exporter.record(span(number)) }
        #expect(exporter.counts.droppedFull == 7)
        #expect(collector.troubles == [.tracesDropped])
        await exporter.run()
        #expect(try spans(collector.calls[0]).compactMap { $0["name"]?.string } == ["GET /r0", "GET /r1", "GET /r2"])
        exporter.record(span(11))
        #expect(exporter.counts.droppedFull == 8)
    }

    @Test("At the end what waits is sent, and tried once only")
    func ending() async throws {
        let collector = Collector([nil])
        let exporter = try collector.make()
        exporter.record(span(1))
        exporter.finish()
        await exporter.run()
        #expect(collector.calls.count == 1)
        #expect(exporter.counts.notDelivered == 1)
    }

    @Test("An address is one of HTTP, with OTLP's path")
    func addresses() throws {
        for (address, url) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("https://otel.example.org/base/", "https://otel.example.org/base/v1/traces"),
            ("https://otel.example.org/v1/traces", "https://otel.example.org/v1/traces"),
        ] {
            #expect(try TraceDestination(address: address).url == url)
        }
        for address in [
            "", "localhost:4318", "http://", "http:///x", "grpc://x", "http://a b", "http://a?x=1", "http://a\n",
        ] {
            let error = #expect(throws: DiagnosticError.self) { try TraceDestination(address: address) }
            #expect(error?.diagnostic.code == .traceAddressInvalid, "\(address)")
        }
    }
}

private func counts(_ change: (inout TraceCounts) -> Void) -> TraceCounts {
    var counts = TraceCounts()
    change(&counts)
    return counts
}
