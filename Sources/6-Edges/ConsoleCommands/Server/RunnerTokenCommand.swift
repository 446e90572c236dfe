// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import ArgumentParser
internal import Credentials
internal import Diagnostics
internal import ServerClient
internal import ServerOperation
internal import StructuredData
internal import TerminalRendering
internal import Timekeeping

struct RunnerTokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make a token with which a machine becomes a runner; it is shown once.",
        discussion: """
            EXAMPLES
              martlet runner token
              martlet runner token --group gpu --label cuda --hours 2
              martlet runner token --server https://ci.example.org --many

            It asks the server that is named; without one it works on the data folder, whether
            a server runs on it or not.
            """)

    @Option(help: "The group that its runners are in.")
    var group = RunnerTraits.standardGroup

    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label of its runners; may be given again.", valueName: "label"))
    var labels: [String] = []

    @Flag(help: "Its runners take one job each, and are gone.")
    var ephemeral = false

    @Flag(help: "Good for any number of runners, until it expires.")
    var many = false

    @Option(help: "How many hours it is good for.")
    var hours = 24

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var data: DataFolderOptions
    @OptionGroup var database: DatabaseOptions

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            guard (1...720).contains(hours) else {
                throw DiagnosticError(.argumentInvalid, "A token is good for 1 to 720 hours.")
            }
            let target = try remote.target(console)
            let made = try target.map { try onServer($0) } ?? onFolder(console)
            if json {
                let object: DataValue = [
                    "schema": 1, "token": .string(made.secret), "expiresAt": .string(made.expiresAt.description),
                ]
                console.out.writeLine(object.jsonText())
            } else {
                console.out.writeLine(made.secret)
            }
        }
    }

    private func onFolder(_ console: Console) throws -> (secret: String, expiresAt: Timestamp) {
        let keeper = try DirectoryKeeper(
            folder: data.folder(console.environment), database: try database.url(console.environment))
        let token = AccessToken.mint(.registration)
        let now = Timestamp.now()
        let offer = RegistrationOffer(
            prefix: token.prefix, group: group, labels: labels.map { $0.lowercased() }, isEphemeral: ephemeral,
            isOnce: !many, expiresAt: now + .minutes(Int64(hours) * 60))
        _ = try AsyncWork.run {
            try await keeper.perform(
                .issueRegistration(offer, sha256: token.sha256), by: .system("command line"), now: now)
        }
        return (token.text, offer.expiresAt)
    }

    private func onServer(_ target: RemoteTarget) throws -> (secret: String, expiresAt: Timestamp) {
        let asked: DataValue = [
            "group": .string(group), "labels": .array(labels.map(DataValue.string)), "ephemeral": .bool(ephemeral),
            "once": .bool(!many), "hours": .number(Double(hours)),
        ]
        let answer = try target.ask { try await $0.post(RemoteServer.path("registrations"), asked) }
        return (
            answer["secret"]?.string ?? "",
            Timestamp(milliseconds: Int64(answer["registration"]?["expiresAt"]?.int ?? 0))
        )
    }
}

struct RunnerListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Runners of a server, and what each has.",
        discussion: """
            EXAMPLES
              martlet runner list --server https://ci.example.org
              martlet runner list --json
            """)

    @OptionGroup var remote: RemoteOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let target = try remote.requiredTarget(console)
            let runners = try target.ask { try await $0.items(RemoteServer.path("runners")) }
            if json {
                let object: DataValue = ["schema": 1, "runners": .array(runners)]
                return console.out.writeLine(object.jsonText())
            }
            for runner in runners { console.out.writeLine(Self.line(runner)) }
            if runners.isEmpty { console.err.writeLine("There is no runner. Make one: martlet runner token") }
        }
    }

    private static func line(_ runner: DataValue) -> String {
        let jobs = runner["jobs"]?.array ?? []
        let state =
            runner.bool("paused") ? "paused" : !runner.bool("connected") ? "away" : jobs.isEmpty ? "idle" : "busy"
        let work = jobs.map { "run \($0["run"]?.int ?? 0) \($0["job"]?.string ?? "")" }.joined(separator: ", ")
        let head = "\(runner["name"]?.string ?? "")  \(state)  \(jobs.count) of \(runner["capacity"]?.int ?? 0)"
        let labels = runner.strings("labels").joined(separator: ",")
        return head + "  \(runner["group"]?.string ?? "")  \(labels)" + (work.isEmpty ? "" : "  \(work)")
    }
}
