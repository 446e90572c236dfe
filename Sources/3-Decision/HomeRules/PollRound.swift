// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import RunnerProtocol

/// A runner's poll, as each server is told of it: of what the runner has those leases whose runs it decides, and of its room what others
/// left. A runner counts as heard where all servers have heard it that have jobs of it. Of what others decide each is told, too: it is
/// nothing that the runner has not got.
package struct PollRound: Sendable {
    private struct Part: Sendable {
        var holds: [LeaseKey] = []
        var elsewhere: [LeaseKey] = []
        var isEmpty: Bool { holds.isEmpty && elsewhere.isEmpty }
    }

    private let request: PollRequest
    private var parts: [HomePlace: Part] = [:]
    package private(set) var answer = PollAnswer()
    private var isMissed = false

    /// - Parameter place: which server has a run.
    package init<Failure: Error>(
        _ request: PollRequest, place: (RunID) throws(Failure) -> HomePlace
    ) throws(Failure) {
        self.request = request
        for key in request.holds { parts[try place(key.work.run), default: Part()].holds.append(key) }
        for key in request.elsewhere { parts[try place(key.work.run), default: Part()].elsewhere.append(key) }
        isMissed = parts[.nowhere] != nil
    }

    /// Whether nobody who has jobs of the runner was left out. Where not, it has not been heard, and must not take its leases for renewed.
    package var isHeard: Bool { !isMissed }

    /// What a server is told now.
    ///
    /// - Parameter waitMs: how long it may wait for something to say.
    package func part(for place: HomePlace, waitMs: Int64 = 0) -> PollRequest {
        var part = request
        part.holds = parts[place]?.holds ?? []
        part.elsewhere = parts[place]?.elsewhere ?? []
        // Whoever has another view of homes would give again what the runner has.
        let told = Set(part.holds + part.elsewhere)
        part.others = (request.holds + request.elsewhere).filter { !told.contains($0) }
        part.free = max(0, request.free - answer.assignments.count)
        part.waitMs = waitMs
        return part
    }

    package mutating func take(_ said: PollAnswer) {
        answer.assignments += said.assignments
        answer.cancellations += said.cancellations
        answer.lost += said.lost
        answer.isDismissed = answer.isDismissed || said.isDismissed
        answer.leaseMs = min(answer.leaseMs, said.leaseMs)
    }

    /// A server did not answer. Jobs that were given already are given again with the next poll.
    package mutating func miss(_ place: HomePlace) {
        if parts[place].map({ !$0.isEmpty }) ?? false { isMissed = true }
    }
}
