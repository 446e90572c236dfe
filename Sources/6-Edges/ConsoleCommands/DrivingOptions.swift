// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import SecretRedaction
internal import TerminalRendering

/// What every verb that drives a run takes: secrets, how much at once, and how it is shown.
struct DrivingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A file with NAME=value lines: secrets, masked in all output.", valueName: "file"))
    var secretFile: String?

    @Option(
        name: .customLong("secret"),
        help: ArgumentHelp("A secret; without a value it is taken from the environment.", valueName: "name[=value]"))
    var secrets: [String] = []

    @Option(help: "Jobs that run at the same time.")
    var parallel: Int?

    @Flag(help: "Do not keep workspaces after each step: a run cannot go on from there later.")
    var noSnapshots = false

    @Flag(help: "When a step fails, ask what to do: open a shell in its environment, try it again, go on, give up.")
    var pauseOnFailure = false

    @Flag(help: "Jobs that cannot run here do not fail the run.")
    var allowUnavailable = false

    @Flag(help: "Show what steps say with ::debug::.")
    var debug = false

    @Option(
        help: ArgumentHelp(
            "Make annotations of what these tools print: \(RunSession.Settings.annotatedTools.joined(separator: ", ")).",
            valueName: "tools"))
    var annotate: String?

    @Flag(help: "Print events, one JSON object a line.")
    var json = false

    @Option(help: "auto, always or never.", completion: .list(["auto", "always", "never"]))
    var color: ColourChoice = .auto

    /// Options that a server has no use for, and whether they were given.
    var localOnly: [(option: String, isGiven: Bool)] {
        [
            ("--secret-file", secretFile != nil), ("--secret", !secrets.isEmpty), ("--parallel", parallel != nil),
            ("--no-snapshots", noSnapshots), ("--pause-on-failure", pauseOnFailure), ("--debug", debug),
            ("--annotate", annotate != nil),
        ]
    }

    func settings(_ files: WorkflowFiles, _ console: Console) throws -> RunSession.Settings {
        var settings = RunSession.Settings(
            capacity: max(1, parallel ?? ProcessorCount.available * 2), offer: try files.offer(),
            engines: files.engines)
        // What opens a server is nothing for steps.
        settings.hostEnvironment = ProcessEnvironment.entries.filter { !$0.hasPrefix("MARTLET_TOKEN=") }
        settings.isDebug = debug
        settings.annotates = (annotate ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }
        if let unknown = settings.annotates.first(where: { !RunSession.Settings.annotatedTools.contains($0) }) {
            throw DiagnosticError(
                .argumentInvalid, "--annotate does not know '\(unknown)'.",
                remedy: "It knows: \(RunSession.Settings.annotatedTools.joined(separator: ", ")).")
        }
        settings.keepsSnapshots = !noSnapshots
        if pauseOnFailure {
            let prompt = try PausePrompt(console)
            settings.pause = { prompt.ask($0) }
        }
        if let secretFile {
            let pairs = try NamedValues.read(ProcessEnvironment.absolute(secretFile))
            settings.secrets = pairs.map { Secret(name: $0.name, value: $0.value) }
        }
        for text in secrets {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let value = parts.count == 2 ? parts[1] : console.environment[text], !parts[0].isEmpty else {
                throw DiagnosticError(
                    .argumentInvalid, "The secret '\(text)' has no value here.",
                    remedy: "Write --secret \(text)=VALUE, or set \(text) in the environment.")
            }
            settings.secrets.append(Secret(name: parts[0], value: value))
        }
        SecretsFile.warn(of: settings.secrets, console)
        settings.token =
            settings.secrets.first { $0.name == "GITHUB_TOKEN" }.map {
                String(decoding: $0.value, as: UTF8.self)
            } ?? ""
        return settings
    }

    /// A run that goes on, or runs again, must be given the secrets that it was given before.
    func requireSecrets(of record: RunRecord, _ settings: RunSession.Settings) throws(DiagnosticError) {
        let missing = Set(record.secretNames).subtracting(settings.secrets.map(\.name)).sorted()
        guard missing.isEmpty else {
            throw DiagnosticError(
                .secretsMissing,
                "The run was given secrets that are not there now: \(missing.joined(separator: ", ")).",
                remedy: "Give them again with --secret or --secret-file.")
        }
    }

    func end(_ outcomes: [RunOutcome]) throws {
        if outcomes.contains(where: { $0.conclusion == .failure }) { throw ExitStatus.runFailed.exit }
        if outcomes.contains(where: { $0.conclusion == .cancelled }) { throw ExitStatus.cancelled.exit }
        if !allowUnavailable, outcomes.contains(where: \.hasUnavailable) { throw ExitStatus.setup.exit }
    }
}

/// Not `@retroactive`: the choice is Martlet's own, and only the command line reads it as text.
extension ColourChoice: ExpressibleByArgument {}
