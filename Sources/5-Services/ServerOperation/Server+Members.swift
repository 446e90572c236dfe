// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPMessages
internal import RunCoordination
internal import Synchronization

/// What a server's log says of the others, and of who decides what.
extension Server {
    /// After each beat: who has come, and who has gone. Whoever has come is asked whether it is reached, for it may become the home of
    /// projects that are asked for here.
    func tellOfMembers() {
        let members = homes.members
        let (before, wasAway) = state.withLock { state in
            defer { (state.members, state.isDatabaseAway) = (members, false) }
            return (state.members, state.isDatabaseAway)
        }
        if wasAway { settings.say("The database answers again.") }
        for (name, address) in members.sorted(by: { $0.key < $1.key }) where before[name] != address {
            settings.say("The server '\(name)' is there, at \(address).")
            Task { await self.seeWhetherReached(name, address) }
        }
        for name in before.keys.sorted() where members[name] == nil {
            settings.say(
                "The server '\(name)' is gone: it ended, or was not heard of for \(settings.silenceMs / 1_000) s.")
        }
    }

    /// A beat failed: told once, until one does not.
    func tellOfSilence(_ error: DiagnosticError) {
        let isNew = state.withLock { state in
            defer { state.isDatabaseAway = true }
            return !state.isDatabaseAway
        }
        if isNew { report(error) }
    }

    func tellOfTakingUp(_ projects: Set<String>, _ runs: Int) {
        guard !projects.isEmpty else { return }
        let names = projects.map(nameOf).sorted()
        let shown = names.prefix(Self.shownNames).joined(separator: ", ") + (names.count > Self.shownNames ? ", …" : "")
        settings.say(
            "This server decides what is of \(names.count == 1 ? "the project" : "\(names.count) projects:") \(shown) now; "
                + "\(runs == 1 ? "1 run goes" : "\(runs) runs go") on.")
    }

    private static let shownNames = 5

    /// As people know it.
    func nameOf(_ project: String) -> String {
        EntryID(project).flatMap { directory.current.projects[$0]?.name } ?? project
    }

    private static let reachTries = 5
    private static let reachPause = Duration.seconds(1)
    private static let reachMs = 2_000

    private func seeWhetherReached(_ name: String, _ address: String) async {
        var reason = ""
        for _ in 0..<Self.reachTries {
            var call = peers.call("GET", address + "/healthz", [], body: [], from: self.address, isSecure: false)
            call.timeoutMs = Self.reachMs
            do throws(DiagnosticError) {
                let answer = try await peers.send(call)
                if answer.isSuccess { return }
                reason = "It answers \(answer.status)."
            } catch {
                reason = error.diagnostic.message
            }
            try? await Task.sleep(for: Self.reachPause)
            // Gone, or at another address: that is another story.
            guard homes.members[name] == address else { return }
        }
        report(
            DiagnosticError(
                .peerUnreached, "The server '\(name)' is not reached at \(address). \(reason)",
                remedy: "Start it with --peer-url http://HOST:PORT, where this machine reaches it."))
    }
}
