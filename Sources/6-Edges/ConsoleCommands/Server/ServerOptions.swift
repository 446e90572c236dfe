// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import RunCoordination
internal import ServerOperation

/// Where a server keeps everything.
struct DataFolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder with everything that the server keeps; else MARTLET_DATA, else ~/.local/state/martlet-server.",
            valueName: "dir"))
    var data: String?

    func folder(_ environment: [String: String]) -> String {
        if let data { return ProcessEnvironment.absolute(data) }
        if let data = environment["MARTLET_DATA"], !data.isEmpty { return ProcessEnvironment.absolute(data) }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/martlet-server" }
        return (environment["HOME"] ?? "/tmp") + "/.local/state/martlet-server"
    }
}

/// Where a server keeps its journal.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the journal is: sqlite, in the data folder, or postgres://…; else MARTLET_DATABASE.",
            valueName: "url"))
    var database: String?

    /// - Returns: `nil`: the journal is in the folder.
    func url(_ environment: [String: String]) throws -> String? {
        let named = database ?? environment["MARTLET_DATABASE"] ?? ""
        if named.isEmpty || named == "sqlite" { return nil }
        return try Self.postgres(named, option: "--database")
    }

    static func postgres(_ named: String, option: String) throws -> String {
        if named.hasPrefix("postgres://") || named.hasPrefix("postgresql://") { return named }
        let other = option == "--database" ? ", or leave it out: the journal is in the data folder then" : ""
        throw DiagnosticError(
            .argumentInvalid, "The database '\(named.prefix { !":= ".contains($0) })' is not known.",
            remedy: "Give \(option) postgres://USER@HOST/NAME\(other).")
    }
}

/// `HOST:PORT`, `[::1]:8080`, `:8080` or `8080`.
struct ListenAddress: ExpressibleByArgument, Sendable {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":") else {
            guard let port = Int(argument), (0...65_535).contains(port) else { return nil }
            self.init(host: "127.0.0.1", port: port)
            return
        }
        guard let port = Int(argument[argument.index(after: colon)...]), (0...65_535).contains(port) else { return nil }
        var host = String(argument[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        self.init(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    var defaultValueDescription: String { "\(host):\(port)" }

    /// For an address of the web.
    var urlHost: String {
        let shown = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        return shown.contains(":") ? "[\(shown)]" : shown
    }
}
