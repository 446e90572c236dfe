// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Announcements
package import Diagnostics
package import PipelineModel
package import RunCoordination
package import RunnerProtocol
internal import Timekeeping

/// What waits for people, and what they say.
extension Server {
    /// What somebody says at a gate.
    package enum Review: String, Hashable, Sendable, CaseIterable {
        case approve
        case reject
        /// It passes in an emergency.
        case override
    }

    /// Somebody decides about a job that waits before its environment; the act is in the audit log before it is done.
    ///
    /// - Returns: how it stands now, in a sentence.
    package func review(
        _ run: RunID, attempt: Int, job: JobID, _ review: Review, reason: String?, by principal: Principal,
        actor: Actor
    ) async throws(DiagnosticError) -> String {
        guard let project = try project(of: run), let number = await gates.number(of: job, run: run, attempt: attempt)
        else {
            throw DiagnosticError(.entryMissing, "The job '\(job)' of run \(run) waits for nobody.")
        }
        let person = try person(principal, in: project)
        let work = JobTry(run: run, attempt: attempt, job: job, number: number)
        let said: DeploymentGate.Input =
            review == .override
            ? .override(person, reason: reason ?? "")
            : .review(person, isApproval: review == .approve, reason: reason)
        try await gates.check(work, said)
        _ = try await directory.perform(
            .note(
                Acted(
                    review.act, project: project, run: run.number, attempt: attempt, job: job.text, reason: reason)),
            by: actor)
        // Nothing comes between what the gate has and what the job hears.
        let answer = try await gates.take(work, said)
        await runs.answer(work, answer)
        tell(answer, of: work, by: person, reason: reason)
        switch answer {
        case .pass(let sentence), .wait(let sentence), .refuse(let sentence): return sentence
        }
    }

    /// The gate's end is told; a review that is not the last one is not.
    private func tell(_ answer: EnvironmentAnswer, of work: JobTry, by person: GatePerson, reason: String?) {
        if case .wait = answer { return }
        var isApproved = true
        if case .refuse = answer { isApproved = false }
        ear.yield(
            .approval(
                ApprovalNews(
                    run: work.run, attempt: work.attempt, job: work.job, isApproved: isApproved, by: person.name,
                    comment: reason, at: .now())))
    }

    /// Somebody lets a run of foreign code begin, or does not; the act is in the audit log before it is done.
    package func release(
        _ run: RunID, isApproved: Bool, reason: String?, by actor: Actor
    ) async throws(DiagnosticError) {
        guard let project = try project(of: run) else {
            throw missing(run)
        }
        guard store.exists(run), try store.heldReason(of: run) != nil else { throw Self.notHeld(run) }
        _ = try await directory.perform(
            .note(Acted(isApproved ? .approved : .rejected, project: project, run: run.number, reason: reason)),
            by: actor)
        let said = reason.map { ": \($0)" } ?? "."
        let name = directory.current.told(actor)
        let isDone: Bool
        do {
            isDone = try await runs.release(
                run, isApproved: isApproved, reason: "\(name) did not let it begin\(said)")
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        guard isDone else { throw Self.notHeld(run) }
        ear.yield(
            .approval(
                ApprovalNews(
                    run: run, attempt: 1, isApproved: isApproved, by: name, comment: reason, at: .now())))
    }

    private static func notHeld(_ run: RunID) -> DiagnosticError {
        DiagnosticError(.entryMissing, "Run \(run) does not wait to begin.")
    }

    /// Whoever is answerable for a review: a token's owner, where the token is for approving at all.
    package func person(_ principal: Principal, in project: EntryID) throws(DiagnosticError) -> GatePerson {
        let directory = directory.current
        let account: EntryID?
        switch principal {
        case .account(let id): account = id
        case .token(let id): account = directory.tokens[id]?.owner
        default: account = nil
        }
        guard let account, let known = directory.accounts[account] else {
            throw DiagnosticError(.accessDenied, "Only a person can decide at a gate; this token is nobody's own.")
        }
        if case .token(let id) = principal, let token = directory.tokens[id],
            !token.grant.permissions.contains(.approve)
        {
            throw DiagnosticError(
                .accessDenied, "Your token has the scope \(token.grant.scopeWords); this needs approve.")
        }
        let now = Timestamp.now()
        func may(_ permission: Permission) -> Bool {
            directory.decision(principal, permission, at: .project(project), now: now).isAllowed
        }
        return GatePerson(
            account: account, name: known.name, mayApprove: may(.approve), mayOverride: may(.overrideGates))
    }
}

extension Server.Review {
    fileprivate var act: Acted.Act {
        switch self {
        case .approve: .approved
        case .reject: .rejected
        case .override: .overrode
        }
    }
}
