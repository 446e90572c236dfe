// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// `--server` on a command line: it may stand before the verb, and only some verbs take it.
enum ServerFlag {
    /// Options of ``RemoteOptions``, which may stand before the verb.
    private static let options = ["--server", "--token-file", "--project"]
    /// Verbs that work on this machine only; what others take, their parsers know.
    private static let localVerbs: Set<String> = [
        "shell", "debug", "plan", "check", "eval", "explain", "actions", "doctor", "clean", "hooks", "redact", "schema",
        "completions", "exit-codes",
    ]
    /// Verbs that work on either.
    private static let verbs = ["approve", "artifacts", "cancel", "logs", "reject", "rerun", "run", "runs", "why"]

    /// The arguments with what stands before the verb put behind everything else.
    static func arranged(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var moved: [String] = []
        while let first = rest.first, let name = options.first(where: { first == $0 || first.hasPrefix($0 + "=") }) {
            let count = first == name ? 2 : 1
            guard rest.count > count else { return arguments }
            moved += rest.prefix(count)
            rest = rest.dropFirst(count)
        }
        guard !moved.isEmpty else { return arguments }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return rest[..<end] + moved + rest[end...]
    }

    /// Why a verb that works on this machine only cannot be asked of a server; `nil` where nobody does.
    ///
    /// - Parameter arguments: as ``arranged(_:)`` has them.
    static func refusal(_ arguments: [String]) -> DiagnosticError? {
        guard let verb = arguments.first, localVerbs.contains(verb) else { return nil }
        let own = arguments.prefix { $0 != "--" }
        guard let place = own.firstIndex(where: { $0 == "--server" || $0.hasPrefix("--server=") }) else { return nil }
        let next = own.index(after: place)
        if own[place] == "--server=none" || (next < own.endIndex && own[next] == "none") { return nil }
        return DiagnosticError(
            .verbStaysHere, "'martlet \(verb)' works on this machine, not on a server.",
            remedy: "Leave --server out. On a server work: \(verbs.joined(separator: ", ")).")
    }
}
