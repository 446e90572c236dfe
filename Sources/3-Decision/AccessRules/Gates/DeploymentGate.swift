// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import Timekeeping

/// Decides whether one job may deploy to one environment. A pure value: the fold of its ``GateEvent``s.
///
/// | input | not opened | open | closed |
/// |---|---|---|---|
/// | `open`, a branch that may not | opened, closed: refused | – | – |
/// | `open` | opened; then as `tick` | – | – |
/// | `review`, an approval | – | reviewed; then as `tick`. Refused: who may not, an author where authors do not count | refused |
/// | `review`, a rejection | – | reviewed, closed: rejected. Refused: who may not | refused |
/// | `override` with a reason | – | closed: overridden, whatever is missing. Refused: who may not, no reason | refused |
/// | `freeze` | – | freezeChanged, where it differs; then as `tick` | – |
/// | `tick` | – | closed: approved, where nothing is missing any more; closed: expired, where time is up | – |
///
/// – stands for: nothing is recorded. Refused: a coded error, and nothing is recorded.
package struct DeploymentGate: Hashable, Sendable {
    package enum Input: Sendable {
        /// - freeze: the environment's, now.
        /// - isBranchAllowed: whether a pattern of the rules takes the branch.
        case open(GateRequest, freeze: Freeze?, isMatch: @Sendable (_ pattern: String, _ branch: String) -> Bool)
        case review(GatePerson, isApproval: Bool, reason: String?)
        case override(GatePerson, reason: String)
        case freeze(Freeze?)
        case tick
    }

    package private(set) var opening: GateOpened?
    package private(set) var reviews: [GateReview] = []
    package private(set) var freeze: Freeze?
    package private(set) var closing: GateClosed?

    package init() {}

    package mutating func apply(_ event: GateEvent) {
        switch event {
        case .opened(let body): opening = body
        case .reviewed(let body): reviews.append(body.review)
        case .freezeChanged(let body): freeze = body.freeze
        case .closed(let body): closing = body
        }
    }

    package static func replay(_ events: some Sequence<GateEvent>) -> DeploymentGate {
        events.reduce(into: DeploymentGate()) { $0.apply($1) }
    }

    /// What follows from an input.
    ///
    /// - Throws: ``DiagnosticCode/reviewRefused``, ``DiagnosticCode/gateClosed``.
    package func decide(_ input: Input, now: Timestamp) throws(DiagnosticError) -> [GateEvent] {
        switch input {
        case .open(let request, let freeze, let isMatch):
            return opening == nil ? open(request, freeze, isMatch, now: now) : []
        case .review(let person, let isApproval, let reason):
            return try review(person, isApproval: isApproval, reason, now: now)
        case .override(let person, let reason): return try override(person, reason)
        case .freeze(let freeze):
            guard opening != nil, closing == nil, freeze != self.freeze else { return [] }
            return settled([.freezeChanged(GateFreezeChanged(freeze: freeze))], now: now)
        case .tick: return settled([], now: now)
        }
    }

    /// When the gate wants a tick; `nil` where only people can move it, or it is closed.
    package func wakeUp(now: Timestamp) -> Timestamp? {
        guard let opening, closing == nil else { return nil }
        return [opening.waitUntil, freeze?.until, opening.expiresAt].compactMap { $0 }.filter { now < $0 }.min()
            ?? opening.expiresAt
    }

    // MARK: deciding

    private func open(
        _ request: GateRequest, _ freeze: Freeze?, _ isMatch: (String, String) -> Bool, now: Timestamp
    ) -> [GateEvent] {
        let rules = request.rules
        let opened = GateOpened(
            request: request, waitUntil: now + .minutes(Int64(rules.waitMinutes)),
            expiresAt: now + .minutes(Int64(rules.expiryMinutes)))
        let patterns = rules.branchPatterns
        guard patterns.isEmpty || patterns.contains(where: { isMatch($0, request.branch) }) else {
            let sentence =
                "\(rules.name) takes deployments of \(patterns.joined(separator: ", ")); this is \(request.branch)."
            return [.opened(opened), .closed(GateClosed(.refused, sentence))]
        }
        var events: [GateEvent] = [.opened(opened)]
        if let freeze { events.append(.freezeChanged(GateFreezeChanged(freeze: freeze))) }
        return settled(events, now: now)
    }

    private func review(
        _ person: GatePerson, isApproval: Bool, _ reason: String?, now: Timestamp
    ) throws(DiagnosticError) -> [GateEvent] {
        guard let opening else { return [] }
        try requireOpen()
        let rules = opening.request.rules
        if let refusal = refusal(of: person) { throw .reviewRefused(refusal) }
        let review = GateReview(person, isApproval: isApproval, reason: reason, at: now.milliseconds)
        guard isApproval else {
            let sentence = "\(person.name) rejected the deployment to \(rules.name)" + Self.because(review.reason)
            return [.reviewed(GateReviewed(review: review)), .closed(GateClosed(.rejected, sentence))]
        }
        if rules.excludesAuthor, opening.request.authors.contains(person.account) {
            throw .reviewRefused("\(person.name) is the author; \(rules.name) needs somebody else's approval.")
        }
        guard !reviews.contains(where: { $0.account == person.account }) else { return [] }
        return settled([.reviewed(GateReviewed(review: review))], now: now)
    }

    /// Why somebody has no say here; `nil`: they have one. Where the environment names its reviewers they have it, and nobody
    /// else; where it names none, whoever has the role approve.
    package func refusal(of person: GatePerson) -> String? {
        guard let rules = opening?.request.rules else { return nil }
        guard rules.reviewers.isEmpty else {
            return rules.reviewers.contains(person.account)
                ? nil : "\(person.name) is not among the reviewers of \(rules.name)."
        }
        return person.mayApprove
            ? nil : "\(person.name) may not approve deployments to \(rules.name); this needs the role approve."
    }

    private func override(_ person: GatePerson, _ reason: String) throws(DiagnosticError) -> [GateEvent] {
        guard let opening else { return [] }
        try requireOpen()
        let environment = opening.request.rules.name
        guard person.mayOverride else {
            throw .reviewRefused(
                "\(person.name) may not override the gate of \(environment); this needs the role maintain.")
        }
        guard !reason.isBlank else { throw .reviewRefused("An emergency needs a reason.") }
        let sentence =
            "\(person.name) let it pass in an emergency"
            + Self.because(reason.bounded(AccessLimits.reasonBytes))
        return [.closed(GateClosed(.overridden, sentence, by: person.account))]
    }

    private func requireOpen() throws(DiagnosticError) {
        guard let closing else { return }
        throw DiagnosticError(.gateClosed, "This is decided already. \(closing.sentence)")
    }

    /// `events`, and the end where they, or time, bring it.
    private func settled(_ events: [GateEvent], now: Timestamp) -> [GateEvent] {
        var gate = self
        for event in events { gate.apply(event) }
        guard let opening = gate.opening, gate.closing == nil else { return events }
        if let ready = gate.readyAt(now: now), ready <= now, ready < opening.expiresAt {
            return events + [.closed(GateClosed(.approved, gate.approvalSentence))]
        }
        guard opening.expiresAt <= now else { return events }
        let sentence = "Nobody let it pass in time: it expired at \(opening.expiresAt). \(gate.sentence(now: now))"
        return events + [.closed(GateClosed(.expired, sentence))]
    }

    /// From when on nothing is missing; `nil` where somebody has to do something first.
    private func readyAt(now: Timestamp) -> Timestamp? {
        guard let opening, missingApprovals == 0 else { return nil }
        if let freeze, freeze.until == nil { return nil }
        let last = approvals.map { Timestamp(milliseconds: $0.at) }.max()
        return [opening.waitUntil, last, freeze?.until].compactMap { $0 }.max()
    }

    static func because(_ reason: String?) -> String {
        guard let reason, !reason.isBlank else { return "." }
        return ": \(reason)"
    }
}

extension DiagnosticError {
    static func reviewRefused(_ message: String) -> DiagnosticError { DiagnosticError(.reviewRefused, message) }
}
