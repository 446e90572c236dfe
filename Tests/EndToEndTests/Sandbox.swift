// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A folder of its own with a `MARTLET_HOME` of its own; both are gone after the test.
final class Sandbox {
    let root: String
    var folder: String { root + "/project" }
    var home: String { root + "/home" }

    init() throws {
        root = "/tmp/martlet-e2e-" + UUID().uuidString.prefix(8).lowercased()
        for path in [folder, home, root + "/io"] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        try Data().write(to: URL(fileURLWithPath: root + "/gitconfig"))
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    // MARK: files

    func path(_ name: String) -> String { folder + "/" + name }

    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
        try write(name, Data(text.utf8), mode: mode)
    }

    @discardableResult
    func write(_ name: String, _ bytes: Data, mode: Int = 0o644) throws -> String {
        let url = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard mode & 0o111 != 0 else {
            try bytes.write(to: url)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
            return url.path
        }
        // Made by another process: while this one writes, each process that another test starts has the file open for a
        // moment, and a program that is open for writing cannot be started.
        let draft = URL(fileURLWithPath: root + "/draft-\(UUID().uuidString)")
        try bytes.write(to: draft)
        try start(["install", "-m", String(mode, radix: 8), draft.path, url.path]).end()
        try FileManager.default.removeItem(at: draft)
        return url.path
    }

    func read(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: URL(fileURLWithPath: path(name)))) ?? Data(), as: UTF8.self)
    }

    func lines(_ name: String) -> [String] { read(name).split(separator: "\n").map(String.init) }

    @discardableResult
    func workflow(_ text: String, _ name: String = "ci.yml") throws -> String {
        try write(".github/workflows/" + name, text)
    }

    // MARK: programs

    var environment: [String: String] {
        [
            "MARTLET_OFFLINE": "1", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": root, "LANG": "C.UTF-8",
            "MARTLET_HOME": home,
            // A file: git replaces what it writes, and a test that runs as root has no other /dev/null.
            "GIT_CONFIG_GLOBAL": root + "/gitconfig", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.org", "T": folder,
        ]
    }

    func start(_ command: [String], stdin: Data = Data(), environment more: [String: String] = [:]) throws
        -> RunningProgram
    {
        try RunningProgram(
            command, folder: folder, environment: environment.merging(more) { $1 }, stdin: stdin, scratch: root + "/io")
    }

    func martlet(_ arguments: String..., stdin: Data = Data()) throws -> Ended {
        try start([Program.path] + arguments, stdin: stdin).end()
    }

    func martlet(_ arguments: [String], stdin: Data = Data()) throws -> Ended {
        try start([Program.path] + arguments, stdin: stdin).end()
    }

    /// Runs the workflow's text as `.github/workflows/ci.yml`.
    func run(_ text: String, _ arguments: String...) throws -> Ended {
        try workflow(text)
        return try start([Program.path, "run", "--json", "ci.yml"] + arguments).end()
    }

    func run(_ text: String, environment: [String: String]) throws -> Ended {
        try workflow(text)
        return try start([Program.path, "run", "--json", "ci.yml"], environment: environment).end()
    }

    @discardableResult
    func git(_ arguments: String...) throws -> Ended { try start(["git"] + arguments).end() }

    func commitAll() throws {
        try git("init", "-q", "-b", "main", ".")
        try git("add", "-A")
        try git("commit", "-q", "-m", "All")
    }

    // MARK: waiting

    /// A named pipe that a step writes to and the test waits for.
    func bell(_ name: String = "bell") throws -> Bell { try Bell(path(name)) }
}

/// Waits for what a step says, however fast or slow the machine is.
final class Bell {
    private let descriptor: Int32

    init(_ path: String) throws {
        guard mkfifo(path, 0o600) == 0 else { throw POSIXError(.EEXIST) }
        descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// - Returns: whether it rang within the time.
    func rings(withinSeconds seconds: Int32 = 20) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard Foundation.poll(&poll, 1, seconds * 1000) == 1 else { return false }
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1
    }
}
