// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
package import Diagnostics
package import HTTPMessages
internal import HomeRules
internal import JobDispatch
internal import RunCoordination
package import RunnerProtocol
internal import StructuredData
internal import Synchronization

/// A poll that came in at this server, for all servers.
package struct OpenPoll: Sendable {
    package var runner: String
    package var request: PollRequest
    /// The request as another server is to have it.
    package var path: String
    package var headers: HTTPHeaders
    package var address: String

    package init(runner: String, request: PollRequest, path: String, headers: HTTPHeaders, address: String) {
        (self.runner, self.request) = (runner, request)
        (self.path, self.headers, self.address) = (path, headers, address)
    }
}

/// A runner polls whichever server it comes to, and is heard by all: each has jobs of its own.
extension Server {
    /// How long a poll waits here before it asks the others again, where what they tell is not heard. Where it is, each new poll is
    /// the slow round.
    private static let unheardRoundMs: Int64 = 500
    /// One that does not answer in this time is missed. A runner gives its jobs up after eleven seconds without an answer, and there
    /// may be more than one that stands still.
    private static let answeringMs = 3_000

    /// Whether other servers are heard that have something for a runner that waits here.
    package var isCalled: Bool { calls.isListening }

    /// A poll that waits at another server, for what of it is here.
    package func passedPoll(_ runner: String, _ request: PollRequest) async -> PollAnswer {
        await know(runner)
        return await pollHere(runner, request)
    }

    /// A server whose seat was taken over, and that has not heard of it, does not know what the next home gave: to its word jobs would
    /// end that go on. So it takes nothing from a runner before the database has said that it still has its seat.
    private func pollHere(_ runner: String, _ request: PollRequest) async -> PollAnswer {
        var answer = await runs.poll(runner, request)
        if !answer.lost.isEmpty, await !homes.isSeated() { answer.lost = [] }
        return answer
    }

    /// What a runner is told of a lease that this server does not know.
    package func lost(_ lease: LeaseKey) async -> DiagnosticError {
        guard await homes.isSeated() else { return Self.away("the job '\(lease.work)'") }
        return DiagnosticError(.leaseLost, "The job '\(lease.work)' is not this runner's any more.")
    }

    /// - Throws: ``DiagnosticCode/homeAway`` where a server that has jobs of the runner does not answer: then the runner has not been
    ///   heard, and must not take its leases for renewed.
    package func poll(_ poll: OpenPoll) async throws(DiagnosticError) -> PollAnswer {
        await know(poll.runner)
        guard !homes.others.isEmpty else { return await pollHere(poll.runner, poll.request) }
        // Whatever is told from now on is for this poll.
        let number = calls.open(poll.runner)
        let result = await turns(of: poll, number)
        if calls.isLast(number, of: poll.runner) {
            calls.close(number, of: poll.runner)
            await runs.calm(poll.runner)
        }
        return try result.get()
    }

    private func turns(of poll: OpenPoll, _ number: Int) async -> Result<PollAnswer, DiagnosticError> {
        do throws(DiagnosticError) {
            let end = ContinuousClock.now + .milliseconds(poll.request.waitMs)
            var answer = try await round(poll, to: homes.others)
            while true {
                let rest = Int64((end - ContinuousClock.now) / .milliseconds(1))
                guard answer.isEmpty, rest > 0, !Task.isCancelled, calls.isLast(number, of: poll.runner) else {
                    return .success(answer)
                }
                // What comes here is heard of at once.
                let wait = calls.isListening ? rest : min(Self.unheardRoundMs, rest)
                answer = await pollHere(poll.runner, try asked(poll.request).part(for: .here, waitMs: wait))
                guard answer.isEmpty else { return .success(answer) }
                let callers = calls.takeCallers(of: poll.runner).compactMap { homes.address(ofServer: $0) }
                if !callers.isEmpty || !calls.isListening {
                    answer = try await round(poll, to: calls.isListening ? callers : homes.others)
                }
            }
        } catch {
            return .failure(error)
        }
    }

    /// These servers, and this one, are told what of them the runner has, and asked for what there is room for.
    private func round(_ poll: OpenPoll, to others: [String]) async throws(DiagnosticError) -> PollAnswer {
        var round = try asked(poll.request)
        guard round.isHeard else { throw Self.away("jobs of this runner") }
        round.take(await pollHere(poll.runner, round.part(for: .here)))
        // Not always the same one first: who is asked last gets what is left.
        for other in others.shuffled() {
            do throws(DiagnosticError) {
                round.take(try await ask(other, poll, round.part(for: .at(other))))
            } catch {
                round.miss(.at(other))
                guard round.isHeard else { throw Self.away("jobs of this runner") }
            }
        }
        return round.answer
    }

    private func ask(
        _ other: String, _ poll: OpenPoll, _ request: PollRequest
    ) async throws(DiagnosticError) -> PollAnswer {
        var call = peers.call(
            "POST", other + poll.path, poll.headers, body: Array(request.data.jsonText().utf8), from: poll.address,
            isSecure: false)
        call.timeoutMs = Self.answeringMs
        let answer = try await peers.send(call)
        guard answer.isSuccess, let data = try? DataValue(json: answer.body),
            let said = try? PollAnswer(data: data)
        else { throw Self.away("jobs of this runner") }
        return said
    }

    private func asked(_ request: PollRequest) throws(DiagnosticError) -> PollRound {
        try PollRound(request) { (run) throws(DiagnosticError) in try place(of: run) }
    }

    /// Has a runner known that another server has registered a moment ago.
    private func know(_ runner: String) async {
        guard store.database != nil else { return }
        let isKnown = state.withLock { state in EntryID(runner).map { state.runners[$0] != nil } ?? true }
        if !isKnown { await noteRunners() }
    }
}
