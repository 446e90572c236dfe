// SPDX-License-Identifier: Apache-2.0

import FileAccess
import Foundation
import RuntimeServices
import TestPrograms

/// Runs unmodified actions with node, in the environment that a runner gives them.
///
/// They are read from `$MARTLET_ACTIONS_DIR/OWNER/NAME@REF`, and nobody fetches them.
struct BundleRunner {
    static let folder = ProcessInfo.processInfo.environment["MARTLET_ACTIONS_DIR"]

    /// Says aloud what does not run for want of a bundle.
    static func has(_ actions: String...) -> Bool {
        let missing = actions.filter { name in folder.map { !Files.isDirectory("\($0)/\(name)") } ?? true }
        if !missing.isEmpty {
            let place = folder ?? "MARTLET_ACTIONS_DIR, which is not set"
            FileHandle.standardError.write(
                Data("Not tested: \(missing.joined(separator: ", ")) not in \(place).\n".utf8))
        }
        return missing.isEmpty
    }

    struct Result {
        var status: Int32
        var output: String
        var outputs: String
    }

    let access: JobAccess
    /// The workspace.
    let folder: String
    var serverURL = "https://github.com"

    init(_ access: JobAccess) throws {
        self.access = access
        folder = NSTemporaryDirectory() + "martlet-bundle-" + UUID().uuidString
        for name in ["work", "temp"] { try Trees.make("\(folder)/\(name)") }
        for name in ["output", "state", "env", "path", "summary"] { try Files.write([], to: "\(folder)/\(name)") }
        try Files.write(Array("{}".utf8), to: folder + "/event.json")
    }

    var workspace: String { folder + "/work" }

    func run(
        _ action: String, _ script: String, inputs: [String: String], environment extra: [String: String] = [:]
    ) throws -> Result {
        try Files.write([], to: folder + "/output")
        let process = ChildProcess()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["node", "\(Self.folder ?? "")/\(action)/\(script)"]
        process.currentDirectoryURL = URL(fileURLWithPath: workspace)
        var environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": folder, "CI": "true",
            "GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": serverURL, "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_REPOSITORY": "octo/site", "GITHUB_REPOSITORY_OWNER": "octo", "GITHUB_RUN_ID": "1",
            "GITHUB_RUN_NUMBER": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "build", "GITHUB_ACTION": "__self",
            "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": String(repeating: "a", count: 40),
            "GITHUB_EVENT_NAME": "push", "GITHUB_WORKFLOW": "CI", "GITHUB_ACTOR": "octocat",
            "GITHUB_WORKSPACE": workspace, "RUNNER_TEMP": folder + "/temp", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64",
            "RUNNER_TOOL_CACHE": folder + "/tools", "TMPDIR": folder + "/temp",
            "GITHUB_EVENT_PATH": folder + "/event.json",
            "GITHUB_OUTPUT": folder + "/output", "GITHUB_STATE": folder + "/state", "GITHUB_ENV": folder + "/env",
            "GITHUB_PATH": folder + "/path", "GITHUB_STEP_SUMMARY": folder + "/summary",
        ]
        for (name, value) in access.environment(for: .javaScriptAction) { environment[name] = value }
        for (name, value) in inputs { environment["INPUT_" + name.uppercased()] = value }
        environment.merge(extra) { _, new in new }
        process.environment = environment
        let log = folder + "/log"
        try Files.write([], to: log)
        process.standardOutput = FileHandle(forWritingAtPath: log)
        process.standardError = process.standardOutput
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: text(log), outputs: text(folder + "/output"))
    }

    func text(_ path: String) -> String {
        String(decoding: (try? Files.read(path, limit: 1 << 24)) ?? [], as: UTF8.self)
    }

    /// Anew, with these files by their paths.
    func lay(_ files: [String: [UInt8]]) throws {
        try Trees.empty(workspace)
        for (path, bytes) in files {
            try Trees.make(Files.directory(of: "\(workspace)/\(path)"))
            try Files.write(bytes, to: "\(workspace)/\(path)")
        }
    }

    func remove() {
        try? Trees.remove(folder)
    }
}
