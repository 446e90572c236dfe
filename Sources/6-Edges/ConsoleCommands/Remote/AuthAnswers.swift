// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import HTTPMessages
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

struct AuthStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Whose the token is, and what it may do.",
        discussion: """
            EXAMPLES
              martlet auth status
              martlet auth status --server https://ci.example.org --json
            """)

    @OptionGroup var remote: RemoteOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let target = try remote.requiredTarget(console)
            let me = try target.ask { try await $0.get(RemoteServer.path("me")) }
            if json { return console.out.writeLine(me.jsonText()) }
            let name = me["name"]?.string ?? ""
            let owner = me["account"]?["name"]?.string
            let kind = me["kind"]?.string ?? ""
            console.out.writeLine(
                "\(target.server.address): \(kind) \(name)" + (owner.map { $0 == name ? "" : " of \($0)" } ?? ""))
            if let token = me["token"] {
                console.out.writeLine("Scopes: \(token.strings("scopes").joined(separator: ", "))")
            }
            let permissions = me.strings("permissions")
            if !permissions.isEmpty {
                console.out.writeLine("On the server: \(permissions.joined(separator: ", "))")
            }
            for project in me["projects"]?.array ?? [] {
                let words = project.strings("permissions").joined(separator: ", ")
                console.out.writeLine("\(project["name"]?.string ?? ""): \(words)")
            }
        }
    }
}

struct AuthCanICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "can-i", abstract: "Whether you may do something, and why.",
        discussion: """
            EXAMPLES
              martlet auth can-i createProjects
              martlet auth can-i approve --project web

            It ends with 0 where you may, and with 4 where you may not.
            """)

    @Argument(help: ArgumentHelp("What is to be done: viewRuns, startRuns, approve, manageSecrets, …"))
    var permission: String

    @OptionGroup var remote: RemoteOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let console = Console()
        var isAllowed = false
        try console.guarded {
            let target = try remote.requiredTarget(console)
            var pairs = [FormText.Pair("permission", permission)]
            // Where, by the project's name; else on the server as a whole.
            if let project = target.project { pairs.append(FormText.Pair("project", project)) }
            let query = pairs
            let answer = try target.ask { try await $0.get(RemoteServer.path("can-i"), query) }
            isAllowed = answer.bool("allowed")
            if json {
                console.out.writeLine(answer.jsonText())
            } else {
                console.out.writeLine((isAllowed ? "yes: " : "no: ") + (answer["sentence"]?.string ?? ""))
            }
        }
        if !isAllowed { throw ExitStatus.notAllowed.exit }
    }
}
