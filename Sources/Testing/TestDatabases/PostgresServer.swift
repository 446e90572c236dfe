// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import PostgresAccess
internal import Synchronization
internal import TestPrograms
package import Testing

/// A PostgreSQL of its own for the time of a suite: at a socket in a folder, without a port. What it writes need not
/// survive a power cut.
package final class PostgresServer: Sendable {
    package struct NotStarted: Error, CustomStringConvertible { package let description: String }

    /// Of the suite that runs.
    @TaskLocal package static var current: PostgresServer?

    private static let folders =
        ["/usr/local/bin"] + ["17", "16", "15", "14", "13"].map { "/usr/lib/postgresql/\($0)/bin" }
    private static func program(_ name: String) -> String? {
        folders.map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
    }

    /// Whether there is one; CI installs it.
    package static let isThere = program("initdb") != nil && program("postgres") != nil

    package let folder: String
    private let process = Mutex(ChildProcess())
    private let count = Mutex(0)

    /// Short, for a socket's path has room for 107 bytes, and where the user that it runs as may come.
    package init() throws {
        folder = "/tmp/martlet-pg-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        guard let initdb = Self.program("initdb") else {
            throw NotStarted(description: "there is no PostgreSQL")
        }
        if getuid() == 0 { chown(folder, Self.otherUser, Self.otherUser) }
        let made = Self.child([
            initdb, "--pgdata=\(folder)/data", "--username=martlet", "--auth=trust", "--no-sync", "--encoding=UTF8",
            "--no-locale",
        ])
        try made.run()
        made.waitUntilExit()
        guard made.terminationStatus == 0 else { throw NotStarted(description: "initdb ended with a failure") }
        try begin()
    }

    /// Starts it, the first time or after ``kill9()``; returns once it answers.
    package func begin() throws {
        guard let postgres = Self.program("postgres") else { throw NotStarted(description: "there is no PostgreSQL") }
        let command = [
            postgres, "-D", folder + "/data", "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c",
            "shared_buffers=16MB", "-c", "max_connections=200",
        ]
        func launch() throws {
            try process.withLock { process in
                let server = Self.child(command)
                try server.run()
                process = server
            }
        }
        try launch()
        let deadline = ContinuousClock.now.advanced(by: .seconds(30))
        while (try? PostgresConnection(address: address("postgres"), timeoutMs: 1_000)) == nil {
            guard ContinuousClock.now < deadline else {
                stop()
                throw NotStarted(description: "PostgreSQL does not come up")
            }
            // A killed worker of before may have its memory for a moment yet; it does not begin beside it.
            if !process.withLock({ $0.isRunning }) { try launch() }
            sched_yield()
        }
    }

    /// As a crash of the machine would: its workers go with it. By themselves they may answer for a moment yet.
    package func kill9() {
        let main = process.withLock(\.processIdentifier)
        kill(main, SIGSTOP)
        let workers = (try? String(contentsOfFile: "/proc/\(main)/task/\(main)/children", encoding: .utf8)) ?? ""
        for worker in workers.split(separator: " ").compactMap({ pid_t($0) }) { kill(worker, SIGKILL) }
        end(SIGKILL)
    }

    private func end(_ signal: Int32) {
        process.withLock { process in
            kill(process.processIdentifier, signal)
            process.waitUntilExit()
        }
    }

    /// It does not run as root.
    private static let otherUser: uid_t = 65_534

    private static func child(_ command: [String]) -> ChildProcess {
        let child = ChildProcess()
        let asOther = ["setpriv", "--reuid=\(otherUser)", "--regid=\(otherUser)", "--clear-groups"]
        child.executableURL = URL(filePath: "/usr/bin/env")
        child.arguments = (getuid() == 0 ? asOther : []) + command
        child.standardInput = FileHandle.nullDevice
        child.standardOutput = FileHandle.nullDevice
        child.standardError = FileHandle.nullDevice
        return child
    }

    package func address(_ database: String) -> PostgresAddress {
        PostgresAddress("host=\(folder) user=martlet dbname=\(database)")
    }

    /// Of a database with nothing in it, as a command line takes it.
    package func url() throws -> String { url(of: try newName()) }

    package func url(of name: String) -> String {
        "postgres://martlet@/\(name)?host=\(folder.replacingOccurrences(of: "/", with: "%2F"))"
    }

    /// A database with nothing in it.
    package func database() throws -> PostgresAddress { address(try newName()) }

    private func newName() throws -> String {
        let name = count.withLock { count in
            count += 1
            return "t\(count)"
        }
        try make(database: name)
        return name
    }

    package func make(database name: String) throws {
        let connection = try PostgresConnection(address: address("postgres"), timeoutMs: 10_000)
        try connection.script("CREATE DATABASE \(name)", timeoutMs: 30_000)
    }

    package func stop() {
        // At once: whoever is connected is let go.
        end(SIGINT)
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// A suite has a PostgreSQL; its tests find it as ``PostgresServer/current``.
package struct WithPostgres: SuiteTrait, TestScoping {
    package var isRecursive: Bool { false }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard PostgresServer.isThere else { return try await function() }
        let server = try PostgresServer()
        defer { server.stop() }
        try await PostgresServer.$current.withValue(server, operation: function)
    }
}

extension Trait where Self == WithPostgres {
    package static var postgres: Self { Self() }
}
