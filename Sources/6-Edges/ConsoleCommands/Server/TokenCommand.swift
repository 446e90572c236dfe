// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import ArgumentParser
internal import Credentials
internal import Diagnostics
internal import FileAccess
internal import ServerOperation
internal import StructuredData
internal import TerminalRendering
internal import Timekeeping

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Make credentials for a server.",
        discussion: """
            EXAMPLES
              martlet token create --scope read,run --name laptop
              martlet token create --scope admin --json --data /var/lib/martlet
            """, subcommands: [TokenCreateCommand.self])
}

struct TokenCreateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a token; it is shown once.",
        discussion: """
            EXAMPLES
              martlet token create --scope read --name dashboard --days 365
              martlet token create --scope admin --json

            It works on the data folder, whether a server runs on it or not. Without an
            account it makes the first one, 'admin'. Scopes: read, run, approve, maintain,
            admin, runner, metrics.
            """)

    @Option(help: ArgumentHelp("What it may do; several with commas, or given again.", valueName: "scopes"))
    var scope: [String]

    @Option(help: "What it is called in lists; else 'command line', with a number where that is taken.")
    var name: String?

    @Option(help: "Whose it is; else the first administrator's.")
    var account: String?

    @Option(
        name: .customLong("project"),
        help: ArgumentHelp("Only this project; may be given again.", valueName: "name"))
    var projects: [String] = []

    @Option(help: "How many days it holds; 0: until it is revoked.")
    var days = 90

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var data: DataFolderOptions
    @OptionGroup var database: DatabaseOptions

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            let keeper = try DirectoryKeeper(
                folder: data.folder(console.environment), database: try database.url(console.environment))
            let scopes = try self.scopes()
            let directory = keeper.current
            let chosen = try projects.map { name in
                guard let project = directory.project(named: name) else {
                    throw DiagnosticError(.argumentInvalid, "There is no project '\(name)'.")
                }
                return project.id
            }
            let now = Timestamp.now()
            let grant = TokenGrant(
                scopes, projects: chosen.isEmpty ? nil : Set(chosen),
                expiresAt: days > 0 ? now + .days(Int64(days)) : nil)
            let (account, name) = (account, name ?? freeName(directory))
            let token = try AsyncWork.run { try await keeper.makeToken(grant, name: name, account: account, now: now) }
            show(token, grant, console)
        }
    }

    private func freeName(_ directory: Directory) -> String {
        let taken = Set(directory.tokens.values.map(\.name))
        let standard = "command line"
        if !taken.contains(standard) { return standard }
        return (2...taken.count + 2).lazy.map { "\(standard) \($0)" }.first { !taken.contains($0) } ?? standard
    }

    private func scopes() throws -> Set<TokenScope> {
        let names = scope.flatMap { $0.split(separator: ",").map(String.init) }
        return Set(
            try names.map { name in
                guard let scope = TokenScope(rawValue: name.filter { $0 != " " }) else {
                    throw DiagnosticError(
                        .argumentInvalid, "There is no scope '\(name)'.",
                        remedy: "There are: \(TokenScope.allCases.map(\.rawValue).joined(separator: ", ")).")
                }
                return scope
            })
    }

    private func show(_ token: AccessToken, _ grant: TokenGrant, _ console: Console) {
        guard json else { return console.out.writeLine(token.text) }
        var object: DataObject = [
            "schema": 1, "token": .string(token.text), "prefix": .string(token.prefix),
            "scopes": .array(grant.scopes.map(\.rawValue).sorted().map(DataValue.string)),
        ]
        object["expiresAt"] = grant.expiresAt.map { .string($0.description) } ?? .null
        console.out.writeLine(DataValue.object(object).jsonText())
    }
}
