// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StepExecution

/// Concurrency groups: asked of the ledger that all runs of the repository share.
extension RunSession {
    private var ledger: GroupLedger {
        GroupLedger(store: store, repository: record.repository.root, run: run, bootID: ground.bootID)
    }

    func acquire(_ holder: GroupHolder, _ request: GroupRequest, isHeld: Bool) {
        asking { (ledger) throws(DiagnosticError) in
            let answers = try ledger.acquire(holder, request, isHeld: isHeld)
            // Held or waited for: from now on others may have something to say.
            watchGroups()
            answer(answers)
            guard !isHeld, !answers.contains(where: { $0.holder == holder }) else { return }
            let other = try ledger.holder(of: request.group)
            let text =
                "It waits for the concurrency group '\(request.group)'\(other.map { ", held by run \($0)" } ?? "")."
            observer.update(
                holder.job.map { .jobWaiting($0, name: name(of: $0), Reason(.concurrency, text)) }
                    ?? .runWaiting(Reason(.concurrency, text)))
        }
    }

    func release(_ holder: GroupHolder, group: String) {
        asking { (ledger) throws(DiagnosticError) in
            answer(try ledger.release(holder, group: group))
            enqueue(.run(.groupReleased(holder.job)))
        }
    }

    /// This process lives on, and does not drive the run any more: what it holds is free for others.
    func abandonGroups() {
        // The run's own failure is what the user is told; a ledger that fails as well adds nothing to it.
        try? ledger.abandon()
    }

    func lookAtGroups() {
        asking { (ledger) throws(DiagnosticError) in answer(try ledger.look()) }
        drain()
    }

    /// A ledger that cannot be read or written stops the run, which can be resumed: to go on without it would break the
    /// promise that the group makes.
    private func asking(_ body: (GroupLedger) throws(DiagnosticError) -> Void) {
        do throws(DiagnosticError) {
            try body(ledger)
        } catch {
            fail(error)
        }
    }

    private func answer(_ answers: [GroupArbiter.Answer]) {
        for answer in answers where answer.holder.run == run && answer.holder.attempt == attempt {
            switch answer.verdict {
            case .granted: enqueue(.run(.groupGranted(answer.holder.job)))
            case .superseded(let newer): enqueue(.run(.groupSuperseded(answer.holder.job, by: "run \(newer)")))
            case .refused(let reason): enqueue(.run(.groupRefused(answer.holder.job, reason)))
            }
        }
    }

    /// Looks by itself now and then: a run that died told nobody.
    private func watchGroups() {
        guard groupPoll == nil else { return }
        groupPoll = loop.schedule(at: .now() + GroupLedger.pollInterval) { [weak self] in
            guard let self else { return }
            groupPoll = nil
            watchGroups()
            lookAtGroups()
        }
    }
}
