// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The real binary, as a user would call it.
enum Program {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["MARTLET_BINARY"] { return path }
        let besideTheTests =
            URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/martlet"
        return FileManager.default.isExecutableFile(atPath: besideTheTests)
            ? besideTheTests : repository + "/.build/debug/martlet"
    }

    /// A program on the test's own `PATH`.
    static func find(_ name: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Whether a program is there; where it is not, that is said aloud.
    static func has(_ name: String) -> Bool {
        if find(name) != nil { return true }
        FileHandle.standardError.write(Data("\(name) is not installed: its tests are skipped\n".utf8))
        return false
    }

    /// The public cases, or nil, said aloud, where they are not on this machine.
    static func conformance(_ part: String) -> String? {
        let root = ProcessInfo.processInfo.environment["MARTLET_CONFORMANCE"] ?? repository + "/../shared/conformance"
        let path = root + "/" + part
        if FileManager.default.fileExists(atPath: path) { return path }
        FileHandle.standardError.write(Data("conformance cases are absent: \(path)\n".utf8))
        return nil
    }
}

/// A program that was started; its output goes to files, so that it never waits for a reader.
struct RunningProgram {
    let pid: pid_t
    let outPath: String
    let errPath: String

    init(_ command: [String], folder: String, environment: [String: String], stdin: Data, scratch: String) throws {
        let name = scratch + "/" + UUID().uuidString
        outPath = name + ".out"
        errPath = name + ".err"
        try stdin.write(to: URL(fileURLWithPath: name + ".in"))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, name + ".in", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        // Threads of a test block signals; the program must not inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        let arguments = (["env", "-C", folder] + command).map { strdup($0) } + [nil]
        let variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        let code = posix_spawnp(&pid, "env", &actions, &attributes, arguments, variables)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EINVAL) }
        self.pid = pid
    }

    func signal(_ number: Int32) { kill(pid, number) }

    /// Blocks until it ends.
    @discardableResult
    func end() throws -> Ended {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return Ended(
            status: signal == 0 ? (status >> 8) & 0xff : -signal,
            outBytes: try Data(contentsOf: URL(fileURLWithPath: outPath)),
            err: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errPath)), as: UTF8.self))
    }
}

/// How a program ended, and what it said.
struct Ended {
    /// The exit code; negative: the signal that killed it.
    let status: Int32
    let outBytes: Data
    let err: String

    var out: String { String(decoding: outBytes, as: UTF8.self) }
    var json: JSON { JSON(outBytes) }
    var events: [JSON] { outBytes.split(separator: UInt8(ascii: "\n")).map { JSON(Data($0)) } }

    func events(_ type: String) -> [JSON] { events.filter { $0["type"].string == type } }
    func job(_ id: String) -> String? {
        events("jobFinished").last { $0["job"].string == id }?["conclusion"].string
    }
    func step(_ job: String, _ place: String) -> JSON {
        events("stepFinished").last { $0["job"].string == job && $0["step"].string == place } ?? .null
    }
    /// What the steps of a job printed, without the heads that name the script.
    func lines(_ job: String) -> [String] {
        var lines: [String] = []
        var isInHead = false
        for event in events("log") where event["job"].string == job {
            let line = event["line"].string ?? ""
            if line.hasPrefix("##[group]Run ") { isInHead = true }
            if !isInHead { lines.append(line) }
            if line == "##[endgroup]" { isInHead = false }
        }
        return lines
    }
    var conclusion: String? {
        events.last.flatMap { $0["type"].string == "runFinished" ? $0["conclusion"].string : nil }
    }
}

/// JSON as tests look at it: a missing key is null.
enum JSON: Decodable, Equatable {
    case null, bool(Bool), number(Double), string(String), array([JSON]), object([String: JSON])

    init(_ data: Data) { self = (try? JSONDecoder().decode(JSON.self, from: data)) ?? .null }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSON].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    subscript(key: String) -> JSON {
        if case .object(let members) = self { members[key] ?? .null } else { .null }
    }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var number: Double? { if case .number(let number) = self { number } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var array: [JSON] { if case .array(let elements) = self { elements } else { [] } }
    var keys: Set<String> { if case .object(let members) = self { Set(members.keys) } else { [] } }
}
