// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import StepExecution

/// Where the tools of a job are looked for: the tool cache, then what is installed on this machine.
struct ToolSearch: Sendable {
    var toolCache: String
    var searchPath: [String]
    var home: String
    var temporary: String
    /// `NAME=value` of the step's `env`.
    var variables: [FileCommandPairs.Pair]
    private let folders: StepFolders
    private static let patience = Duration.seconds(20)

    struct Tool: Sendable {
        var version: ToolVersion
        /// The folder that it was unpacked into, or the prefix of an installed one.
        var folder: String
        var isOfCache: Bool
        /// As the tool itself names it.
        var text: String
    }

    init(_ call: NativeActionCall, _ folders: StepFolders) {
        toolCache = call.toolCache
        searchPath = call.searchPath.split(separator: ":").map(String.init)
        home = call.home
        temporary = call.temporary
        variables = call.environment.pairs
        self.folders = folders
    }

    static var architecture: String {
        switch HostJob.RunnerFacts().architecture {
        case "X64": "x64"
        case "ARM64": "arm64"
        case "X86": "x86"
        default: "arm"
        }
    }

    /// Versions in the layout `tool/version/arch` that are whole, the newest first.
    func cached(_ tool: String, _ architecture: String, version: (String) -> ToolVersion?) -> [Tool] {
        let root = toolCache + "/" + tool
        let names = ((try? Trees.list(root)) ?? []).map(\.name)
        return names.compactMap { name in
            let folder = "\(root)/\(name)/\(architecture)"
            guard Files.isFile(folder + ".complete"), Files.isDirectory(folder), let version = version(name) else {
                return nil
            }
            return Tool(version: version, folder: folder, isOfCache: true, text: name)
        }.sorted { $0.version > $1.version }
    }

    /// A program on the `PATH`. Of enclosed steps only one that they could not have written: it is run outside.
    func program(_ name: String) -> String? {
        for folder in searchPath {
            let path = "\(folder)/\(name)"
            guard Files.facts(path)?.isExecutable == true, isTrusted(path) else { continue }
            return path
        }
        return nil
    }

    func isTrusted(_ path: String) -> Bool {
        guard let reach = folders.reach else { return true }
        let real = Files.realPath(path) ?? path
        return !reach.contains { real.hasPrefix($0 + "/") || path.hasPrefix($0 + "/") }
    }

    /// What a program prints, without the break at the end; `nil` where it fails.
    func output(_ program: String, _ arguments: [String]) -> String? {
        var command = HelperCommand(program, arguments)
        command.workingDirectory = "/"
        command.patience = Self.patience
        command.environment = [
            "PATH=\(searchPath.filter(isTrusted).joined(separator: ":"))", "HOME=\(home)", "LANG=C.UTF-8",
        ]
        guard let outcome = try? command.run(), outcome.succeeded else { return nil }
        return outcome.text.trimmingBlanks()
    }

    /// A file of the workspace that says which version is wanted.
    func text(of file: String, _ what: String) throws(DiagnosticError) -> String {
        let path = try DownloadArtifactAction.resolved(file, folders)
        guard let bytes = try Files.readIfPresent(path, limit: 4 << 20) else {
            throw DiagnosticError(
                .nativeInputInvalid, "The specified \(what) version file at: \(path) does not exist")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a step has to do where nothing here satisfies it.
    static func missing(_ tool: String, _ wanted: String, _ architecture: String, found: [Tool]) -> DiagnosticError {
        let others = found.map { $0.version.description }
        let here =
            others.isEmpty ? "There is none here." : "Here there is: \(Set(others).sorted().joined(separator: ", "))."
        return DiagnosticError(
            .toolMissing, "\(tool) '\(wanted)' with architecture '\(architecture)' was not found. \(here)",
            remedy: "Install it, put it into the tool cache ($RUNNER_TOOL_CACHE), or let the original action fetch it: "
                + "in .martlet/sources.yml, below 'sources:', write '- git: https://github.com/{owner}/{repo}'.")
    }
}
