// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import Foundation
import Testing

extension AgainstDocker {
    @Suite struct Engine {
        @Test func anEngineIsFoundWhereDockerHostSays() throws {
            let daemon = try #require(DockerDaemon.shared)
            let search = try EngineSearch(environment: ["DOCKER_HOST": "unix://" + daemon.address.path])
            let engine = try search.find()
            defer { engine.close() }
            let version = try engine.negotiated()
            #expect(version.spoken >= EngineVersion.oldest && version.spoken <= EngineVersion.newest)
            #expect(!version.isPodman && version.operatingSystem == "linux")
            let info = try engine.info()
            #expect(info.cpuCount > 0 && info.memoryBytes > 0 && !info.storageDriver.isEmpty)
        }

        @Test func aClientThatWasClosedConnectsAgain() throws {
            let engine = EngineClient(address: try #require(DockerDaemon.shared).address)
            try engine.ping()
            engine.close()
            try engine.ping()
            engine.close()
        }
    }

    @Suite struct Containers {
        @Test func aContainerIsMadeAsItsConfigurationSays() throws {
            try Bench.with { bench in
                var configuration = bench.configuration("sleep", "1000")
                configuration.name = "made-\(UUID().uuidString)"
                configuration.environment = ["COLOUR=blue", "COLOUR=green"]
                configuration.user = "user"
                configuration.hostname = "burrow"
                configuration.workingDirectory = "/tmp"
                configuration.tmpfs = ["/scratch": "size=1m"]
                configuration.limits.memoryBytes = 64 << 20
                configuration.limits.nanoCPUs = 500_000_000
                configuration.limits.sharedMemoryBytes = 2 << 20
                configuration.limits.ulimits = [Ulimit(name: "nofile", soft: 100, hard: 200)]
                configuration.privileges.addedCapabilities = ["NET_ADMIN"]
                configuration.privileges.devices = [DeviceMapping(source: "/dev/null", target: "/dev/nothing")]
                configuration.network.extraHosts = ["elsewhere:10.1.2.3"]
                configuration.usesInit = true
                let folder = bench.daemon.folder + "/bound-\(UUID().uuidString)"
                configuration.volumes = [
                    VolumeMount(source: folder, target: "/bound", modes: ["ro"]),
                    VolumeMount(source: nil, target: "/own"),
                ]
                let id = try bench.start(configuration)
                let report = try bench.engine.inspectContainer(id)
                #expect(report.name == configuration.name && report.status == .running && report.isRunning)
                #expect(report.labels["test"] == bench.labels["test"] && report.processID > 0)
                #expect(report.environment.contains("COLOUR=green") && report.environment.contains("ORIGIN=image"))
                #expect(!report.environment.contains("COLOUR=blue"))
                #expect(report.mounts.contains { $0.target == "/bound" && $0.kind == "bind" && !$0.isWritable })
                #expect(report.mounts.contains { $0.target == "/own" && $0.kind == "volume" && $0.isWritable })
                // The hard limit: runc is a Go program, which raises its own soft one, and what it executes now and then keeps that.
                let script =
                    "id -u; hostname; pwd; ulimit -Hn; df -k /scratch | grep -c 1024; df -k /dev/shm | grep -c 2048"
                    + "; grep -c elsewhere /etc/hosts; ls /dev/nothing; readlink /proc/1/exe || cat /proc/1/comm"
                let output = try bench.output(id, "sh", "-c", script)
                #expect(output.hasPrefix("1000\nburrow\n/tmp\n200\n1\n1\n1\n/dev/nothing\n"), "\(output)")
                #expect(output.contains("init"))
            }
        }

        @Test func aContainersEndIsWaitedForWithItsExitCode() throws {
            try Bench.with { bench in
                let id = try bench.start(bench.configuration("sh", "-c", "echo out; echo err >&2; exit 7"))
                #expect(try bench.engine.waitForContainer(id) == 7)
                let report = try bench.engine.inspectContainer(id)
                #expect(report.status == .exited && report.exitCode == 7 && !report.isOOMKilled && !report.isRunning)
                #expect(try bench.logs(id) == ("out\n", "err\n"))
                var request = LogRequest()
                request.hasOutput = false
                #expect(try bench.logs(id, request) == ("", "err\n"))
            }
        }

        @Test func logsAreFollowedToTheEnd() throws {
            try Bench.with { bench in
                let id = try bench.start(bench.configuration("sh", "-c", "echo one; read line </proc/1/fd/9; exit 1"))
                #expect(try bench.engine.waitForContainer(id) != 0)
                let following = try bench.start(
                    bench.configuration("sh", "-c", "echo one; while [ ! -e /tmp/go ]; do :; done; echo two"))
                var request = LogRequest()
                request.isFollowed = true
                var text = ""
                try bench.engine.logs(of: following, request) { _, bytes throws(DiagnosticError) in
                    text += String(decoding: bytes, as: UTF8.self)
                    if text == "one\n" {
                        _ = try bench.engine.exec(in: following, ExecConfiguration(["touch", "/tmp/go"])) { _, _ in }
                    }
                }
                #expect(text == "one\ntwo\n")
            }
        }

        @Test func aContainerThatTakesTooMuchMemoryIsToldAsSuch() throws {
            try Bench.with { bench in
                var configuration = bench.configuration("sh", "-c", "dd if=/dev/zero of=/dev/null bs=200M count=3")
                configuration.limits.memoryBytes = 16 << 20
                configuration.limits.memorySwapBytes = 16 << 20
                // Docker hears of the end and of its cause in two ways, and on a busy machine it may miss the cause.
                var reports: [ContainerReport] = []
                while reports.count < 5, reports.last?.isOOMKilled != true {
                    let id = try bench.start(configuration)
                    _ = try bench.engine.waitForContainer(id)
                    reports.append(try bench.engine.inspectContainer(id))
                }
                #expect(reports.last?.isOOMKilled == true, "\(reports)")
                #expect(reports.allSatisfy { $0.exitCode != 0 })
            }
        }

        @Test func aContainerIsKilledStoppedAndRemoved() throws {
            try Bench.with { bench in
                let killed = try bench.idle()
                try bench.engine.killContainer(killed, signal: "KILL")
                #expect(try bench.engine.waitForContainer(killed) == 137)
                try bench.engine.removeContainer(killed)
                let missing = #expect(throws: DiagnosticError.self) { try bench.engine.inspectContainer(killed) }
                #expect(missing?.diagnostic.code == .engineObjectMissing)
                let stopped = try bench.start(
                    bench.configuration("sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"))
                _ = try bench.output(stopped, "true")
                try bench.engine.stopContainer(stopped, graceSeconds: 5)
                #expect(try bench.engine.inspectContainer(stopped).exitCode == 3)
                let running = try bench.idle()
                let conflict = #expect(throws: DiagnosticError.self) { try bench.engine.removeContainer(running) }
                #expect(conflict?.diagnostic.code == .engineConflict)
                try bench.engine.startContainer(running)
                try bench.engine.removeContainer(running, force: true)
            }
        }

        @Test func theHealthOfAContainerIsTold() throws {
            try Bench.with { bench in
                var configuration = bench.configuration("sleep", "1000")
                configuration.healthCheck = HealthCheck()
                configuration.healthCheck?.test = ["CMD-SHELL", "echo looked; test -e /tmp/well"]
                configuration.healthCheck?.interval = .milliseconds(50)
                configuration.healthCheck?.retries = 2
                let id = try bench.start(configuration)
                #expect(try bench.eventually { try bench.engine.inspectContainer(id).health == .unhealthy })
                #expect(try bench.engine.inspectContainer(id).healthOutput == "looked\n")
                _ = try bench.output(id, "touch", "/tmp/well")
                #expect(try bench.eventually { try bench.engine.inspectContainer(id).health == .healthy })
                #expect(try bench.engine.inspectContainer(try bench.idle()).health == .none)
            }
        }

        @Test func filesGoInAndComeOutAsArchives() throws {
            try Bench.with { bench in
                // Not started: files can be put before the first process runs.
                let id = try bench.engine.createContainer(bench.configuration("cat", "/work/greeting")).id
                var tar = TarArchive()
                tar.add(file: "greeting", "hello\n")
                tar.add(file: "large", [UInt8](repeating: 7, count: 5 << 20))
                try bench.engine.putArchive(into: id, at: "/work", from: Pieces(tar.finished).next)
                try bench.engine.startContainer(id)
                #expect(try bench.engine.waitForContainer(id) == 0)
                #expect(try bench.logs(id).output == "hello\n")
                var bytes: [UInt8] = []
                try bench.engine.getArchive(from: id, at: "/work/large") { bytes += $0 }
                #expect(bytes.count > 5 << 20 && bytes[600] == 7)
                let missing = #expect(throws: DiagnosticError.self) {
                    try bench.engine.putArchive(into: id, at: "/nowhere", from: Pieces(tar.finished).next)
                }
                #expect(missing?.diagnostic.code == .engineObjectMissing)
            }
        }

        @Test func aConfigurationThatCannotRunIsToldInTheEnginesWords() throws {
            try Bench.with { bench in
                let id = try bench.engine.createContainer(bench.configuration("/no/such/program")).id
                let error = #expect(throws: DiagnosticError.self) { try bench.engine.startContainer(id) }
                #expect(error?.diagnostic.message.contains("/no/such/program") == true)
                var missing = bench.configuration()
                missing.image = "martlet-test/none"
                let none = #expect(throws: DiagnosticError.self) { try bench.engine.createContainer(missing) }
                #expect(none?.diagnostic.code == .engineObjectMissing)
            }
        }
    }
}
