// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProcessControl
import TestFolders
import Testing

/// A real supervisor with its event loop, in a directory of its own.
final class SupervisedJob {
    let directory: String
    let runID: String
    let poller: Poller
    let supervisor: JobSupervisor
    let buffer: ReadBuffer
    private(set) var messages: [SupervisorMessage] = []
    private var pipes: [(token: Poller.Token, key: String, pipe: OutputPipe)] = []
    private(set) var output: [String: [UInt8]] = [:]
    private let token: Poller.Token

    var receiptsPath: String { directory + "/receipts" }

    init(in directory: String? = nil) throws {
        self.directory = try directory ?? Self.makeDirectory()
        runID = "test-" + UUID().uuidString
        poller = try Poller()
        buffer = try ReadBuffer()
        supervisor = try JobSupervisor(
            .init(receiptsPath: self.directory + "/receipts", runID: runID, bootID: "test-boot"))
        token = poller.watch(supervisor.descriptor)
    }

    static func makeDirectory() throws -> String { try OwnFolders.make() }

    /// A test that fails must not leave a fork bomb behind, whatever else is broken.
    var sweepsAtEnd = true

    deinit {
        if sweepsAtEnd, !RealProcesses.marked(run: runID).isEmpty { _ = try? LeftoverSweep(runID: runID).run() }
    }

    func request(_ key: String, _ arguments: [String]) -> SpawnRequest {
        SpawnRequest(
            key: key, program: arguments[0], arguments: arguments,
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"], workingDirectory: directory)
    }

    /// Spawns with its output captured.
    func spawn(_ request: SpawnRequest, pipe: OutputPipe? = nil) throws {
        let pipe = try pipe ?? OutputPipe()
        var request = request
        request.streams = pipe.streams
        try supervisor.spawn(request)
        pipe.closeWriteEnd()
        pipes.append((poller.watch(pipe.descriptor), request.key, pipe))
    }

    func shell(_ key: String, _ script: String) throws {
        try spawn(request(key, ["sh", "-c", script]))
    }

    /// Turns the loop until `condition` holds of all that has come, at most `seconds`.
    func turn(seconds: Int = 20, until condition: (SupervisedJob) -> Bool) throws {
        let deadline = BootInstant.now() + .seconds(seconds)
        while !condition(self) {
            try #require(BootInstant.now() < deadline, "nothing came within \(seconds) s; so far: \(messages)")
            // Conditions may look at the world outside too, so the loop turns though nothing comes.
            turnOnce(until: BootInstant.now() + .milliseconds(10))
        }
    }

    private func turnOnce(until deadline: BootInstant) {
        for event in poller.wait(until: deadline) {
            guard case .ready(let ready, _) = event else { continue }
            if ready == token {
                supervisor.receive { message in
                    messages.append(message)
                    if message == .ended { poller.remove(token) }
                    if case .exited(let exit) = message { drain(exit.key) }
                }
            } else if let index = pipes.firstIndex(where: { $0.token == ready }) {
                let item = pipes[index]
                if item.pipe.read(into: buffer, { output[item.key, default: []] += $0 }) == .ended {
                    poller.remove(ready)
                    pipes.remove(at: index)
                }
            }
        }
    }

    private func drain(_ key: String) {
        guard let item = pipes.first(where: { $0.key == key }) else { return }
        _ = item.pipe.drain(into: buffer) { output[key, default: []] += $0 }
    }

    func isOpen(_ key: String) -> Bool { pipes.contains { $0.key == key } }

    func text(_ key: String) -> String { String(decoding: output[key] ?? [], as: UTF8.self) }

    func exit(_ key: String) -> SupervisorMessage.Exit? {
        for case .exited(let exit) in messages where exit.key == key { return exit }
        return nil
    }

    func failure(_ key: String) -> SupervisorMessage.LaunchFailure? {
        for case .launchFailed(let failure) in messages where failure.key == key { return failure }
        return nil
    }

    func refusal(_ key: String) -> SupervisorMessage.Refusal? {
        for case .refused(let refusal) in messages where refusal.key == key { return refusal }
        return nil
    }

    func treeReport(_ key: String) -> KillReport? {
        for case .treeGone(key, let report) in messages { return report }
        return nil
    }

    var finalReport: KillReport? {
        for case .allGone(let report) in messages { return report }
        return nil
    }

    func waitForExit(_ key: String, seconds: Int = 20) throws -> SupervisorMessage.Exit {
        try turn(seconds: seconds) { $0.exit(key) != nil }
        return try #require(exit(key))
    }

    /// Runs a script to its end.
    func run(_ key: String, _ script: String) throws -> SupervisorMessage.Exit {
        try shell(key, script)
        return try waitForExit(key)
    }

    /// Ends the supervisor and waits for it.
    func shutdown() throws -> KillReport {
        try supervisor.shutdown()
        try turn { $0.messages.contains(.ended) }
        return try #require(finalReport)
    }

    var receipts: [String] {
        let text = (try? String(contentsOfFile: receiptsPath, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("B ") }
    }
}

/// Counts what is really alive, by reading /proc.
enum RealProcesses {
    /// Processes that are not zombies and whose environment says so.
    static func marked(run: String) -> [Int32] {
        let marker = Array("MARTLET_RUN=\(run)".utf8)
        return all().filter { pid in
            guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/environ"), isAlive(pid) else {
                return false
            }
            return data.split(separator: 0).contains { $0.elementsEqual(marker) }
        }
    }

    static func all() -> [Int32] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
    }

    static func name(_ pid: Int32) -> String {
        ((try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) ?? "").filter { $0 != "\n" }
    }

    /// There, and not a zombie.
    static func isAlive(_ pid: Int32) -> Bool {
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = stat.lastIndex(of: ")")
        else { return false }
        let state = stat[stat.index(end, offsetBy: 2)]
        return state != "Z" && state != "X"
    }
}
