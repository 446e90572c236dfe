// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import Glibc
internal import HTTPCalling
internal import HTTPMessages
internal import ServerClient
internal import TerminalRendering

struct AuthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "auth", abstract: "Sign in at a server, and out again; ask what you may do there.",
        discussion: """
            EXAMPLES
              martlet auth login https://ci.example.org
              martlet auth can-i cancelRuns --project web
              martlet auth logout https://ci.example.org
            """,
        subcommands: [AuthLoginCommand.self, AuthLogoutCommand.self, AuthStatusCommand.self, AuthCanICommand.self])
}

struct AuthLoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login", abstract: "Keep a token for a server.",
        discussion: """
            EXAMPLES
              martlet auth login https://ci.example.org
              martlet auth login https://ci.example.org < token.txt

            The token is asked for at the terminal, or read from standard input; the
            server is asked whether it holds. It is kept in a file that only you can
            read, ~/.config/martlet/servers.json. Make one in the server's pages, or
            there with: martlet token create
            """)

    @Argument(help: ArgumentHelp("The server's address.", valueName: "url"))
    var url: String

    func run() throws {
        let console = Console()
        try console.guarded {
            let address = try ServerAddress(url)
            if address.isOpenToReaders {
                console.err.writeLine(
                    console.errorPalette.paint("warning: ", .yellow)
                        + "\(address) is not encrypted: others on the way can read the token. Use https where you can.")
                console.err.flush()
            }
            let token = try TokenText.read(try HiddenPrompt.ask("Token for \(address): "))
            let web = try WebClient(trusting: console.environment["MARTLET_TRUST"].map(ProcessEnvironment.absolute))
            let server = RemoteServer(address: address, token: token, surroundings: .real(web))
            _ = try AsyncWork.run { try await server.get(RemoteServer.path("runs"), [FormText.Pair("limit", "1")]) }
            try LoginStore(console.environment).keep(token, for: address)
            console.out.writeLine("Signed in at \(address). Use it with: martlet runs --server \(address.host)")
        }
    }
}

struct AuthLogoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forget the token for a server.",
        discussion: """
            EXAMPLES
              martlet auth logout
              martlet auth logout https://ci.example.org

            The token itself holds until it ends or is revoked on the server.
            """)

    @Argument(help: ArgumentHelp("The server's address; without it, the only one.", valueName: "url"))
    var url: String?

    func run() throws {
        let console = Console()
        try console.guarded {
            let logins = LoginStore(console.environment)
            let address = try chosen(logins)
            guard try logins.forget(address) else {
                throw DiagnosticError(
                    .loginMissing, "You have not signed in at \(address).",
                    remedy: Self.known(try logins.addresses))
            }
            console.out.writeLine("Signed out at \(address).")
        }
    }

    private func chosen(_ logins: LoginStore) throws(DiagnosticError) -> ServerAddress {
        if let url { return try url.contains("://") ? ServerAddress(url) : logins.address(ofHost: url) }
        let all = try logins.addresses
        guard all.count == 1 else {
            throw DiagnosticError(
                .loginMissing, all.isEmpty ? "You have signed in nowhere." : "You have signed in at several servers.",
                remedy: Self.known(all))
        }
        return try ServerAddress(all[0])
    }

    private static func known(_ addresses: [String]) -> String? {
        addresses.isEmpty ? nil : "Name one: \(addresses.joined(separator: ", "))."
    }
}

/// Asks at the terminal for what nobody should see.
private enum HiddenPrompt {
    /// One line; all of standard input where that is no terminal.
    static func ask(_ text: String) throws(DiagnosticError) -> [UInt8] {
        guard Terminal.isTerminal(0) else {
            var bytes: [UInt8] = []
            StandardInput.forEachChunk { chunk in
                if bytes.count <= TokenText.limitBytes { bytes.append(contentsOf: chunk) }
            }
            return bytes
        }
        let terminal = ByteStream(descriptor: 2)
        terminal.write(text)
        terminal.flush()
        var settings = termios()
        let isKnown = tcgetattr(0, &settings) == 0
        if isKnown {
            var quiet = settings
            quiet.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(0, TCSAFLUSH, &quiet)
        }
        defer {
            if isKnown { tcsetattr(0, TCSAFLUSH, &settings) }
            terminal.writeLine("")
            terminal.flush()
        }
        return Array((readLine() ?? "").utf8)
    }
}
