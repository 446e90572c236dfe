// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import ProcessControl
import Testing

/// A coordinator in a process of its own, to be killed the hard way.
///
/// Forked from the test process: it uses only what a supervised job needs.
struct ForkedCoordinator {
    let processID: Int32
    let runID: String
    let directory: String

    /// Starts a job whose steps are these scripts, and returns when each has printed a line, or before the first
    /// of them is asked for.
    init(scripts: [String], awaitsSteps: Bool = true) throws {
        directory = try SupervisedJob.makeDirectory()
        runID = "test-" + UUID().uuidString
        var ready: [Int32] = [-1, -1]
        try #require(pipe(&ready) == 0)
        let symbol = try #require(dlsym(nil, "fork"))
        let fork = unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)
        processID = fork()
        if processID == 0 {
            // The lifelines of other tests must not hang on this process.
            for descriptor in Int32(3)..<2048 where descriptor != ready[1] { close(descriptor) }
            if !awaitsSteps { write(ready[1], "r", 1) }
            Self.coordinate(scripts: scripts, directory: directory, runID: runID, ready: ready[1])
            _exit(1)
        }
        close(ready[1])
        var byte: UInt8 = 0
        let count = read(ready[0], &byte, 1)
        close(ready[0])
        try #require(count == 1, "the coordinator did not come up")
    }

    private static func coordinate(scripts: [String], directory: String, runID: String, ready: Int32) {
        guard let poller = try? Poller(), let buffer = try? ReadBuffer(),
            let supervisor = try? JobSupervisor(
                .init(receiptsPath: directory + "/receipts", runID: runID, bootID: "boot"))
        else { return }
        var pipes: [Poller.Token: OutputPipe] = [:]
        for (index, script) in scripts.enumerated() {
            guard let pipe = try? OutputPipe() else { return }
            var request = SpawnRequest(
                key: "step\(index)", program: "/bin/sh", arguments: ["sh", "-c", script],
                environment: ["PATH=/usr/bin:/bin"], workingDirectory: directory)
            request.streams = pipe.streams
            guard (try? supervisor.spawn(request)) != nil else { return }
            pipe.closeWriteEnd()
            pipes[poller.watch(pipe.descriptor)] = pipe
        }
        var open = pipes
        while !open.isEmpty {
            for case .ready(let token, _) in poller.wait() {
                _ = pipes[token]?.read(into: buffer) { _ in open[token] = nil }
            }
        }
        write(ready, "r", 1)
        while true { _ = poller.wait() }
    }

    func killHard() {
        kill(processID, SIGKILL)
        var status: Int32 = 0
        waitpid(processID, &status, 0)
    }
}
