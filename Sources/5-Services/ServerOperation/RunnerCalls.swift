// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import PostgresAccess
internal import Synchronization
internal import ThreadExecution

/// What servers on one database tell each other, so that nobody has to ask for it over and over: that one has something for
/// runners that wait at another, and that projects have no home. Whatever is not heard is found by the slow round.
final class RunnerCalls: Sendable {
    private struct State: Sendable {
        /// The last poll of each runner that is open here; those before it were given up by the runner itself.
        var open: [String: Int] = [:]
        var polls = 0
        /// By runner: servers that have something for it.
        var callers: [String: Set<String>] = [:]
        /// Runners that are to be told.
        var untold: Set<String> = []
        var isTelling = false
        var isListening = false
        var listener: PostgresListener?
    }

    private let database: PostgresJournal?
    private let name: String
    private let report: @Sendable (DiagnosticError) -> Void
    private let state = Mutex(State())

    init(database: PostgresJournal?, name: String, report: @escaping @Sendable (DiagnosticError) -> Void) {
        (self.database, self.name, self.report) = (database, name, report)
    }

    /// Whether what others tell is heard.
    var isListening: Bool { state.withLock(\.isListening) }

    // MARK: telling

    /// - Parameter runners: that wait elsewhere, for what is here.
    func call(_ runners: [String]) {
        let begins = state.withLock { state in
            state.untold.formUnion(runners)
            defer { state.isTelling = true }
            return !state.isTelling
        }
        if begins { Task { await tellAll() } }
    }

    /// What is called while a word is on its way goes with the next.
    private func tellAll() async {
        while let runners = nextUntold() { await tell(runners) }
    }

    private func nextUntold() -> [String]? {
        state.withLock { state in
            defer { state.untold = [] }
            if state.untold.isEmpty { state.isTelling = false }
            return state.untold.isEmpty ? nil : state.untold.sorted()
        }
    }

    /// - Parameter runners: none: others are to look at the homes of projects.
    func tell(_ runners: [String] = []) async {
        guard let database else { return }
        let name = name
        do throws(DiagnosticError) {
            try await BlockingWork.attempt { () throws(DiagnosticError) in
                do throws(JournalError) {
                    try database.tell(name, runners)
                } catch {
                    throw DiagnosticError(error.diagnostic)
                }
            }
        } catch {
            report(error)
        }
    }

    // MARK: hearing

    /// - Parameters:
    ///   - rouse: the runner's poll has something to ask for.
    ///   - settle: homes of projects are to be looked at.
    func listen(rouse: @escaping @Sendable (_ runner: String) -> Void, settle: @escaping @Sendable () -> Void) {
        guard let database else { return }
        let listener = database.listen { [weak self] in
            self?.state.withLock { $0.isListening = false }
        } heard: { [weak self] word in
            guard let self else { return }
            guard let word else {
                // Who knows what was told before.
                state.withLock { $0.isListening = true }
                return settle()
            }
            guard word.server != name else { return }
            if word.runners.isEmpty { return settle() }
            for runner in note(word) { rouse(runner) }
        }
        state.withLock { $0.listener = listener }
    }

    /// - Returns: runners that wait here.
    private func note(_ word: ServerWord) -> [String] {
        state.withLock { state in
            let here = word.runners.filter { state.open[$0] != nil }
            for runner in here { state.callers[runner, default: []].insert(word.server) }
            return here
        }
    }

    func stop() { state.withLock { $0.listener }?.stop() }

    // MARK: polls that wait here

    /// - Returns: the poll's number.
    func open(_ runner: String) -> Int {
        state.withLock { state in
            state.polls += 1
            state.open[runner] = state.polls
            return state.polls
        }
    }

    /// Whether the runner waits for this poll: not where it has begun another.
    func isLast(_ poll: Int, of runner: String) -> Bool { state.withLock { $0.open[runner] == poll } }

    func close(_ poll: Int, of runner: String) {
        state.withLock { state in
            guard state.open[runner] == poll else { return }
            state.open[runner] = nil
            state.callers[runner] = nil
        }
    }

    /// Servers that have called the runner since this was last asked.
    func takeCallers(of runner: String) -> Set<String> {
        state.withLock { $0.callers.removeValue(forKey: runner) ?? [] }
    }
}
