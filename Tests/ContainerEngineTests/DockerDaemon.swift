// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Diagnostics
import FileAccess
import Foundation
import Glibc
import Synchronization
import TestPrograms
import Testing

/// Debian's real `dockerd` with its own socket, data and address pool, started for a test run and stopped with it: it ends
/// too when the process of the tests dies, for a shell waits at the other end of a pipe.
final class DockerDaemon: Sendable {
    static let image = "martlet-test/busybox:base"

    let folder: String
    let engine: EngineClient
    private let shell: Mutex<(process: ChildProcess, lifeline: Pipe)?>
    private let log: DaemonLog

    var address: EngineAddress { engine.address }
    /// Another engine that `MARTLET_TEST_ENGINE` names: there is less that is known of it.
    let isForeign: Bool

    /// `nil` where it does not start; says so aloud.
    static let shared: DockerDaemon? = {
        do {
            let socket = ProcessInfo.processInfo.environment["MARTLET_TEST_ENGINE"]
            let daemon = try socket.map { try DockerDaemon(socket: $0) } ?? DockerDaemon()
            do { try daemon.importBaseImage() } catch {
                daemon.stop()
                throw error
            }
            return daemon
        } catch {
            print("NOT RUN: the suites against a real container engine, for dockerd does not start here: \(error)")
            return nil
        }
    }()

    struct NotStarted: Error, CustomStringConvertible {
        let description: String
    }

    private init(socket: String) throws {
        folder = "/tmp/mce-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        isForeign = true
        shell = Mutex(nil)
        log = DaemonLog()
        engine = EngineClient(address: EngineAddress(path: socket))
        log.end()
    }

    init() throws {
        isForeign = false
        guard let program = Self.program("dockerd") else {
            throw NotStarted(description: "there is no dockerd (docker.io)")
        }
        // Short: a socket's path has room for 107 bytes.
        folder = "/tmp/mce-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let process = ChildProcess()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        let flags = [
            "--host=unix://\(folder)/engine.sock", "--data-root=\(folder)/data", "--exec-root=\(folder)/exec",
            "--pidfile=\(folder)/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false",
            "--ip-forward=false", "--shutdown-timeout=3", "--default-address-pool=base=10.213.0.0/16,size=24",
        ]
        process.arguments =
            [
                "-c", "\"$@\" </dev/null & read end; kill $!", folder, program,
            ] + flags
        let lifeline = Pipe()
        let log = Pipe()
        // A child that held an end of them would keep them from ever ending.
        for handle in [lifeline, log].flatMap({ [$0.fileHandleForReading, $0.fileHandleForWriting] }) {
            _ = fcntl(handle.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
        process.standardInput = lifeline
        process.standardOutput = FileHandle.nullDevice
        process.standardError = log
        try process.run()
        shell = Mutex((process, lifeline))
        engine = EngineClient(address: EngineAddress(path: folder + "/engine.sock"))
        try? log.fileHandleForWriting.close()
        self.log = Self.follow(log)
        guard self.log.until("API listen on") else {
            try? lifeline.fileHandleForWriting.close()
            throw NotStarted(description: self.log.tail)
        }
    }

    func stop() {
        engine.close()
        let running = shell.withLock { running in
            defer { running = nil }
            return running
        }
        try? running?.lifeline.fileHandleForWriting.close()
        running?.process.waitUntilExit()
        // The daemon and its containerd hold it until they have put everything away.
        log.untilEnd()
        // A daemon that was killed leaves its data mounted on itself.
        umount2(folder + "/data", Int32(MNT_DETACH))
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// As a crash would; the daemon's own containerd goes too, for nobody else would end it.
    func kill() {
        for file in ["\(folder)/pid", "\(folder)/exec/containerd/containerd.pid"] {
            let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            if let id = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), id > 1 { Glibc.kill(id, SIGKILL) }
        }
    }

    static func program(_ name: String) -> String? {
        ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"].map { "\($0)/\(name)" }
            .first { access($0, X_OK) == 0 }
    }

    private func importBaseImage() throws {
        guard let busybox = Self.program("busybox") else {
            throw NotStarted(description: "there is no busybox for a base image (busybox-static)")
        }
        let content = try Files.read(busybox, limit: 8 << 20)
        var tar = TarArchive()
        for folder in ["bin", "tmp", "etc", "root", "work"] { tar.add(folder: folder) }
        tar.add(file: "bin/busybox", content)
        for name in [
            "sh", "cat", "echo", "ls", "sleep", "dd", "id", "env", "nc", "httpd", "wget", "kill", "true", "false",
            "head",
            "yes", "test", "mkdir", "hostname", "stty", "tty", "grep", "touch", "wc", "pwd", "df", "mount", "ps",
            "printf",
            "nproc", "readlink", "sync", "tail",
        ] { tar.add(link: "bin/\(name)", to: "busybox") }
        tar.add(file: "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/work:/bin/sh\n")
        tar.add(file: "etc/group", "root:x:0:\nuser:x:1000:\n")
        let pieces = Pieces(tar.finished, size: 100_000)
        try engine.importImage(
            as: ImageReference(Self.image), changes: [#"CMD ["sh"]"#, "ENV ORIGIN=image", "WORKDIR /work"],
            from: pieces.next)
    }

    private static func follow(_ pipe: Pipe) -> DaemonLog {
        let log = DaemonLog()
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(pipe.fileHandleForReading.fileDescriptor, &buffer, buffer.count)
                if count > 0 { log.add(buffer.prefix(count)) }
                if count == 0 || (count < 0 && errno != EINTR) { break }
            }
            log.end()
        }
        return log
    }
}

/// What a daemon prints, waited for by other threads.
final class DaemonLog: Sendable {
    private let text = Mutex("")
    private let changes = DispatchSemaphore(value: 0)
    private let ended = Mutex(false)

    func add(_ data: some Collection<UInt8>) {
        text.withLock { $0 += String(decoding: data, as: UTF8.self) }
        changes.signal()
    }

    func end() {
        ended.withLock { $0 = true }
        changes.signal()
    }

    /// Whether the word came, within 30 seconds and before the end.
    func until(_ word: String) -> Bool {
        let deadline = DispatchTime.now() + 30
        while !text.withLock({ $0.contains(word) }) {
            if ended.withLock({ $0 }) || changes.wait(timeout: deadline) == .timedOut { return false }
        }
        return true
    }

    /// For 30 seconds at most.
    func untilEnd() {
        let deadline = DispatchTime.now() + 30
        while !ended.withLock({ $0 }), changes.wait(timeout: deadline) == .success {}
    }

    var tail: String { text.withLock { $0.split(separator: "\n").suffix(3).joined(separator: "\n") } }
}

/// An array as a source of pieces.
final class Pieces: Sendable {
    private let rest: Mutex<ArraySlice<UInt8>>
    private let size: Int

    init(_ bytes: [UInt8], size: Int = 1 << 16) {
        rest = Mutex(bytes[...])
        self.size = size
    }

    func next() throws(DiagnosticError) -> [UInt8]? {
        rest.withLock { rest in
            let piece = rest.prefix(size)
            rest = rest.dropFirst(size)
            return piece.isEmpty ? nil : Array(piece)
        }
    }
}

/// Stops the daemon when the suites that use it are over.
struct DockerDaemonTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        defer { DockerDaemon.shared?.stop() }
        try await function()
    }
}

extension Trait where Self == DockerDaemonTrait {
    static var dockerDaemon: Self { DockerDaemonTrait() }
}

/// The calls, made for real. What a test makes carries a label of its own and is swept at its end.
@Suite(.enabled(if: DockerDaemon.shared != nil, "dockerd does not start here"), .dockerDaemon)
struct AgainstDocker {}

/// What one test has at its hands.
struct Bench {
    let engine: EngineClient
    let label = "test=\(UUID().uuidString)"
    let daemon: DockerDaemon

    init() throws {
        daemon = try #require(DockerDaemon.shared)
        engine = daemon.engine
    }

    static func with(_ body: (Bench) throws -> Void) throws {
        let bench = try Bench()
        defer { _ = try? bench.engine.sweep(label: bench.label) }
        try body(bench)
    }

    var labels: [String: String] { ["test": String(label.dropFirst(5))] }

    func configuration(_ command: String...) -> ContainerConfiguration {
        var configuration = ContainerConfiguration(image: DockerDaemon.image)
        configuration.command = command
        configuration.labels = labels
        configuration.network.mode = "none"
        return configuration
    }

    /// A container that is running.
    func start(_ configuration: ContainerConfiguration) throws -> String {
        let id = try engine.createContainer(configuration).id
        try engine.startContainer(id)
        return id
    }

    func idle() throws -> String { try start(configuration("sleep", "1000")) }

    func output(_ id: String, _ command: String...) throws -> String {
        try run(id, ExecConfiguration(command)).output
    }

    func run(
        _ id: String, _ configuration: ExecConfiguration, input: [UInt8]? = nil
    ) throws -> (code: Int, output: String, errors: String) {
        var texts: [ContainerOutput: [UInt8]] = [:]
        let code = try engine.exec(in: id, configuration, input: input) { stream, bytes in
            texts[stream, default: []] += bytes
        }
        return (
            code, String(decoding: texts[.output] ?? [], as: UTF8.self),
            String(decoding: texts[.errors] ?? [], as: UTF8.self)
        )
    }

    func logs(_ id: String, _ request: LogRequest = LogRequest()) throws -> (output: String, errors: String) {
        var texts: [ContainerOutput: [UInt8]] = [:]
        try engine.logs(of: id, request) { stream, bytes in texts[stream, default: []] += bytes }
        return (
            String(decoding: texts[.output] ?? [], as: UTF8.self), String(decoding: texts[.errors] ?? [], as: UTF8.self)
        )
    }

    /// Asks again until it holds, for ten seconds at most.
    func eventually(_ condition: () throws -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while ContinuousClock.now < deadline { if try condition() { return true } }
        return false
    }
}
