// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import Foundation
import Glibc
import Synchronization
import TestPrograms
import Testing

/// Debian's `dockerd` with its own socket, data and addresses, for one suite: it leaves no rules and no bridge behind, and
/// ends when the process of the tests does, for a shell waits at the other end of a pipe.
final class PrivateEngine: Sendable {
    /// Busybox alone.
    static let plain = "martlet-e2e/plain:1"
    /// The same with this machine's bash and node, and their libraries.
    static let full = "martlet-e2e/full:1"

    let folder: String
    let client: EngineClient
    private let pids: [String]
    private let lifeline: Pipe
    private let shell: Mutex<ChildProcess>

    var environment: [String: String] { ["DOCKER_HOST": "unix://\(folder)/engine.sock"] }

    /// `nil` where it does not start; says so aloud.
    static let shared: PrivateEngine? = {
        do { return try PrivateEngine() } catch {
            FileHandle.standardError.write(
                Data("NOT RUN: jobs in containers, for dockerd does not start here: \(error)\n".utf8))
            return nil
        }
    }()

    struct NotStarted: Error, CustomStringConvertible { let description: String }

    init() throws {
        let programs = ["/usr/bin", "/usr/sbin", "/usr/local/bin"]
        guard let dockerd = programs.map({ $0 + "/dockerd" }).first(where: FileManager.default.isExecutableFile) else {
            throw NotStarted(description: "there is no dockerd (docker.io)")
        }
        guard let busybox = Program.find("busybox") else {
            throw NotStarted(description: "there is no busybox (busybox-static)")
        }
        // Short: a socket's path has room for 107 bytes.
        let folder = "/tmp/mcj-\(UUID().uuidString.prefix(8))"
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        pids = ["\(folder)/pid", "\(folder)/exec/containerd/containerd.pid"]
        let shell = ChildProcess()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let number = Int.random(in: 64..<192)
        shell.arguments = [
            "-c", "\"$@\" </dev/null >\(folder)/log 2>&1 & read end; kill $!", folder, dockerd,
            "--host=unix://\(folder)/engine.sock", "--data-root=\(folder)/data", "--exec-root=\(folder)/exec",
            "--pidfile=\(folder)/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false",
            "--ip-forward=false", "--shutdown-timeout=3", "--default-address-pool=base=10.\(number).0.0/16,size=24",
        ]
        lifeline = Pipe()
        for handle in [lifeline.fileHandleForReading, lifeline.fileHandleForWriting] {
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        shell.standardInput = lifeline
        try shell.run()
        self.shell = Mutex(shell)
        client = EngineClient(address: EngineAddress(path: folder + "/engine.sock"))
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while (try? client.ping()) == nil {
            guard ContinuousClock.now < deadline, self.shell.withLock({ $0.isRunning }) else {
                stop()
                let log = (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? ""
                throw NotStarted(description: log.split(separator: "\n").suffix(3).joined(separator: "\n"))
            }
            sched_yield()
        }
        do { try importImages(busybox) } catch {
            stop()
            throw error
        }
    }

    /// Two trees, packed by `tar`.
    private func importImages(_ busybox: String) throws {
        let script = """
            set -e; cd "$1"; mkdir -p plain/bin plain/tmp plain/etc plain/usr
            for n in sh cat echo ls sleep head env wget httpd true false tail grep yes id printf pwd test touch sync kill mkdir
            do ln -s busybox plain/bin/$n; done
            cp "$2" plain/bin/busybox; echo 'root:x:0:0:root:/root:/bin/sh' >plain/etc/passwd
            cp -a plain full; mkdir -p full/usr/bin
            for p in $(command -v node) $(command -v bash); do
            cp -L $p full/usr/bin/
            for l in $(ldd $p | grep -o '/[^ ]*'); do mkdir -p full$(dirname $l); cp -L $l full$l; done
            done
            for t in plain full; do tar -C $t -cf $t.tar .; rm -rf $t; done
            """
        let made = ChildProcess()
        made.executableURL = URL(fileURLWithPath: "/bin/sh")
        made.arguments = ["-c", script, "sh", folder, busybox]
        try made.run()
        made.waitUntilExit()
        guard made.terminationStatus == 0 else { throw NotStarted(description: "an image could not be packed") }
        for (name, image) in [("plain", Self.plain), ("full", Self.full)] {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(folder)/\(name).tar"))
            try client.importImage(as: ImageReference(image)) { () throws(DiagnosticError) in
                let piece = try? file.read(upToCount: 1 << 20)
                return piece.flatMap { $0.isEmpty ? nil : Array($0) }
            }
        }
    }

    /// As a crash would; its own containerd goes too, and what runs in containers: nobody else would end them.
    func kill() {
        var doomed = pids.compactMap(Self.processID)
        for shim in Processes.all where Processes.command(shim).contains("\(folder)/exec/containerd") {
            doomed += [shim] + Processes.below(shim)
        }
        for id in doomed { Glibc.kill(id, SIGKILL) }
    }

    private static func processID(_ file: String) -> pid_t? {
        let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
        return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { $0 > 1 ? $0 : nil }
    }

    func stop() {
        client.close()
        let daemons = pids.compactMap(Self.processID)
        try? lifeline.fileHandleForWriting.close()
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while daemons.contains(where: Processes.isAlive), ContinuousClock.now < deadline { sched_yield() }
        shell.withLock { $0.waitUntilExit() }
        // A daemon that was killed leaves its data mounted on itself, and the networks of its containers.
        umount2(folder + "/data", Int32(MNT_DETACH))
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder + "/exec/netns")) ?? [] {
            umount2("\(folder)/exec/netns/\(name)", Int32(MNT_DETACH))
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What Martlet has made here and not removed.
    func leftovers(of sandbox: Sandbox) throws -> Int {
        let labels = ["dev.martlet.store"]
        let workspace = sandbox.root
        let containers = try client.listContainers(labels: labels).filter { summary in
            try client.inspectContainer(summary.id).mounts.contains { $0.source.hasPrefix(workspace) }
        }
        return containers.count
    }
}

/// Stops the daemon when the suite is over.
struct PrivateEngineTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        defer { PrivateEngine.shared?.stop() }
        try await function()
    }
}
