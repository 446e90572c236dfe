// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Foundation
import HTTPMessages
import HTTPServing
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerAPI
import ServerOperation
import StructuredData
import Telemetry
import TestFolders
import TestPrograms
import Testing
import Timekeeping

@Suite("The numbers of a server", .ownFolders)
struct MetricsTests {
    private static let workflow = """
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            steps: [{run: echo hello}]
          test:
            needs: build
            runs-on: gpu
            steps: [{run: echo never}]
        """

    /// All lines that are no comments, by what stands before the value.
    private static func series(_ harness: ServerHarness) async throws -> [String: Double] {
        let answer = await harness.door.answer(
            InboundRequest("GET", "/metrics", headers: [("Authorization", "Bearer \(harness.token)")]))
        #expect(answer.status == 200)
        var found: [String: Double] = [:]
        for line in String(decoding: await ServerHarness.bytes(answer), as: UTF8.self).split(separator: "\n") {
            guard !line.hasPrefix("#"), let blank = line.lastIndex(of: " ") else { continue }
            found[String(line[..<blank])] = Double(line[line.index(after: blank)...])
        }
        return found
    }

    @Test("Count what runs, jobs, runners, requests, logs and the journal did, each at its place")
    func everything() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let (agent, _) = try await harness.runner("one")
        let work = Task { try await agent.run() }
        let run = try await harness.begin("ci.yml", labels: ["gpu", "ubuntu-latest"])
        while try harness.report(run).jobs.first?.state != .finished { try await Task.sleep(for: .milliseconds(5)) }
        let before = try await Self.series(harness)
        #expect(before[#"martlet_runs_started_total{trigger="push"}"#] == 1)
        #expect(before[#"martlet_jobs{state="queued",label="gpu"}"#] == 1)
        #expect(before[#"martlet_runners{group="default",state="online"}"#] == 1)
        #expect(before[#"martlet_runner_capacity_jobs{group="default"}"#] == 4)
        #expect(before[#"martlet_job_queue_wait_seconds_count{label="ubuntu-latest"}"#] == 1)
        #expect(before[#"martlet_jobs_finished_total{conclusion="success"}"#] == 1)
        #expect(before[#"martlet_job_duration_seconds_count{conclusion="success"}"#] == 1)
        #expect((before["martlet_log_received_bytes_total"] ?? 0) >= 6)
        #expect((before[#"martlet_journal_appends_total{outcome="stored"}"#] ?? 0) > 3)
        #expect((before["martlet_journal_commit_duration_seconds_count"] ?? 0) > 3)
        #expect((before["process_resident_memory_bytes"] ?? 0) > 0)
        #expect(await harness.send("POST", "/api/v1/runs/\(run)/cancel").status == 202)
        _ = try await harness.end(of: run)
        _ = await harness.send("GET", "/api/v1/runs/4711")
        _ = await harness.send("GET", "/somewhere/else")
        let after = try await Self.series(harness)
        #expect(after[#"martlet_runs_finished_total{trigger="push",conclusion="cancelled"}"#] == 1)
        #expect(after[#"martlet_run_duration_seconds_count{conclusion="cancelled"}"#] == 1)
        #expect(after[#"martlet_jobs{state="queued",label="gpu"}"#] == nil)
        let requests = "martlet_http_requests_total"
        #expect(after[requests + #"{route="/api/v1/runs/{run}",method="GET",status="4xx"}"#] == 1)
        #expect(after[requests + #"{route="/api/v1/runs/{run}/cancel",method="POST",status="2xx"}"#] == 1)
        #expect(after[requests + #"{route="none",method="GET",status="4xx"}"#] == 1)
        #expect(after[requests + #"{route="/metrics",method="GET",status="2xx"}"#] == 1)
        await agent.leave()
        try await work.value
    }

    @Test("A runner that goes silent is counted, and what becomes of its job")
    func lost() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        let (_, ghost) = try await harness.runner("ghost")
        _ = try await harness.begin("ci.yml", labels: ["gpu", "ubuntu-latest"])
        _ = await harness.server.runs.poll(ghost, PollRequest(instance: "x", free: 1, holds: [], waitMs: 0))
        await harness.passALease()
        let series = try await Self.series(harness)
        #expect(series[#"martlet_leases_lost_total{outcome="queued_again"}"#] == 1)
        #expect(series[#"martlet_runners_lost_total{group="default"}"#] == 1)
        #expect(series[#"martlet_runners{group="default",state="offline"}"#] == 1)
        #expect(series[#"martlet_runners{group="default",state="online"}"#] == 0)
    }

    @Test("Are for who may read them; at an address of their own for anybody, and nothing else is there")
    func access() async throws {
        let harness = try await ServerHarness()
        #expect(await harness.door.answer(InboundRequest("GET", "/metrics")).status == 401)
        let token = try await harness.server.directory.makeToken(
            TokenGrant([.metrics]), name: "scrape", account: nil, now: .now())
        let headers: HTTPHeaders = [
            ("Authorization", "Bearer \(token.text)"), ("Accept", "application/openmetrics-text;version=1.0.0"),
        ]
        let answer = await harness.door.answer(InboundRequest("GET", "/metrics", headers: headers))
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Type"]?.hasPrefix("application/openmetrics-text") == true)
        #expect(String(decoding: await ServerHarness.bytes(answer), as: UTF8.self).hasSuffix("# EOF\n"))
        let open = MetricsDoor(server: harness.server)
        #expect(await open.answer(InboundRequest("GET", "/metrics")).status == 200)
        #expect(await open.answer(InboundRequest("GET", "/api/v1/runs")).status == 404)
        #expect(await open.answer(InboundRequest("POST", "/metrics")).status == 405)
    }

    @Test("promtool finds nothing wrong with them", .enabled(if: Prometheus.isThere, Prometheus.absence))
    func promtool() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try await harness.begin("ci.yml", labels: ["gpu", "ubuntu-latest"])
        let text = await harness.server.metricsText(.prometheus)
        let said = try Prometheus.check(text)
        #expect(said.status == 0, "\(said.text)")
    }

    @Test("A Prometheus reads them by token", .enabled(if: Prometheus.isThere, Prometheus.absence))
    func scraped() async throws {
        let harness = try await ServerHarness(workflows: ["ci.yml": Self.workflow])
        _ = try await harness.begin("ci.yml", labels: ["gpu", "ubuntu-latest"])
        let door = harness.door
        let listener = HTTPListener(.init(host: "127.0.0.1", port: 0)) { await door.answer($0) }
        let (ports, told) = AsyncStream<Int>.makeStream()
        let serving = Task { try await listener.run { told.yield($0) } }
        let port = try #require(await ports.first { _ in true })
        let prometheus = try Prometheus(folder: harness.folder, port: port, token: harness.token)
        defer { prometheus.stop() }
        #expect(try await prometheus.value(#"martlet_runs_started_total{trigger="push"}"#) == "1")
        #expect(try await prometheus.value(#"martlet_jobs{state="queued",label="ubuntu-latest"}"#) == "1")
        await listener.stop()
        serving.cancel()
    }
}

/// A Prometheus of its own on this machine, for as long as a test takes.
private final class Prometheus {
    static let isThere = ["prometheus", "promtool"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/" + $0)
    }
    static let absence: Comment = "Debian's package 'prometheus' is not installed: nothing reads the metrics."

    private let process = ChildProcess()
    private let port: Int

    init(folder: String, port target: Int, token: String) throws {
        let configuration = """
            global: {scrape_interval: 200ms, scrape_timeout: 200ms}
            scrape_configs:
              - job_name: martlet
                authorization: {credentials: \(token)}
                static_configs: [{targets: ["127.0.0.1:\(target)"]}]
            """
        try configuration.write(toFile: folder + "/prometheus.yml", atomically: true, encoding: .utf8)
        process.executableURL = URL(filePath: "/usr/bin/prometheus")
        process.arguments = [
            "--config.file=\(folder)/prometheus.yml", "--storage.tsdb.path=\(folder)/prometheus",
            "--web.listen-address=127.0.0.1:0",
        ]
        let said = Pipe()
        process.standardOutput = FileHandle.nullDevice
        process.standardError = said
        try process.run()
        var text = ""
        while true {
            let more = said.fileHandleForReading.availableData
            text += String(decoding: more, as: UTF8.self)
            if let match = text.firstMatch(of: /Listening on.*address=127\.0\.0\.1:([0-9]+)/),
                let port = Int(match.output.1)
            {
                self.port = port
                break
            }
            if more.isEmpty { throw CocoaError(.fileReadUnknown, userInfo: ["said": text]) }
        }
        // Else it would wait for somebody to read what it says.
        said.fileHandleForReading.readabilityHandler = { _ = $0.availableData }
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    /// The value of a series, once there is one.
    func value(_ query: String) async throws -> String {
        let url = URL(string: "http://127.0.0.1:\(port)/api/v1/query?query=\(FormText.encoded(query))")
        while true {
            let curl = ChildProcess()
            curl.executableURL = URL(filePath: "/usr/bin/env")
            curl.arguments = ["curl", "-s", "-m", "10", url?.absoluteString ?? ""]
            let output = Pipe()
            curl.standardOutput = output
            try curl.run()
            let bytes = output.fileHandleForReading.readDataToEndOfFile()
            curl.waitUntilExit()
            let result = (try? DataValue(json: Array(bytes)))?["data"]?["result"]?.array ?? []
            if let value = result.first?["value"]?.array?.last?.string { return value }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    static func check(_ metrics: String) throws -> (status: Int32, text: String) {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/usr/bin/promtool")
        process.arguments = ["check", "metrics"]
        let (given, said) = (Pipe(), Pipe())
        process.standardInput = given
        process.standardOutput = said
        process.standardError = said
        try process.run()
        given.fileHandleForWriting.write(Data(metrics.utf8))
        try given.fileHandleForWriting.close()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
