// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import JobDispatch
internal import RunCoordination
package import RunnerProtocol
internal import SourceControl
internal import ThreadExecution
internal import Timekeeping
internal import TriggerIntake

/// Runners that come, and those that go.
extension Server {
    /// What runners on other machines are given; where a step asks for other refs, all of the remote's.
    static func desk(_ parts: TellingParts) throws(DiagnosticError) -> RunnerDesk {
        try RunnerDesk(store: parts.store, refresh: refreshing(parts))
    }

    /// Fetches all of a project's remote into a folder, after the same look at it as before any other fetch. Blocks.
    static func refreshing(_ parts: TellingParts) -> @Sendable (_ project: String, _ folder: String) -> Void {
        let (directory, references, root) = (parts.directory, parts.references, parts.store.root)
        let (reach, report) = (reach(parts), parts.report)
        return { id, folder in
            guard let project = EntryID(id).flatMap({ directory.current.projects[$0] }) else { return }
            do throws(DiagnosticError) {
                let trigger = TriggerProject(project)
                try BlockingWork.awaited { () async throws(DiagnosticError) in try await reach(trigger) }
                try ProjectMirror(
                    folder: folder, address: trigger.cloneURL,
                    credential: try credential(project, references, root), followsRedirects: !trigger.isGuarded
                ).fetchAll()
            } catch {
                // What was fetched before may be enough.
                report(error)
            }
        }
    }

    /// A runner for one job that has had it is a runner no more.
    package func forgetSpentRunners() async {
        for id in await runs.takeSpentRunners() {
            guard let entry = EntryID(id) else { continue }
            do throws(DiagnosticError) {
                _ = try await directory.perform(
                    .removeRunner(entry, reason: "It was for one job."), by: .system("server"))
            } catch {
                report(error)
            }
            await runs.remove(id)
        }
    }

    /// Takes a one-time token for a place among the runners.
    ///
    /// - Throws: ``DiagnosticCode/credentialRefused``, and what the directory refuses.
    package func register(
        _ request: RegistrationRequest, from address: String
    ) async throws(DiagnosticError) -> RegistrationAnswer {
        let shown: AccessToken
        do throws(DiagnosticError) {
            shown = try AccessToken(text: request.token)
        } catch {
            throw DiagnosticError(
                error.diagnostic.code,
                "This is no registration token: those look like mrt_reg_… and have \(AccessToken.textBytes) characters.",
                remedy: "Copy the whole token, or make another one: martlet runner token")
        }
        try await directory.reload()
        let registration = directory.current.registration(sha256: shown.sha256, now: .now())
        guard shown.kind == .registration, let registration else {
            throw DiagnosticError(
                .credentialRefused, "The registration token is unknown, used up or expired.",
                remedy: "Make another one: martlet runner token")
        }
        let offering = request.offering
        let traits = RunnerTraits(
            name: offering.name, labels: offering.labels + registration.offer.labels,
            group: registration.offer.group, capacity: offering.capacity,
            isEphemeral: offering.isEphemeral || registration.offer.isEphemeral)
        let token = AccessToken.mint(.runner)
        _ = try await directory.perform(
            .registerRunner(traits, sha256: token.sha256, registration: registration.id),
            by: Actor(.runner, name: offering.name, address: address))
        guard let runner = directory.current.runner(sha256: token.sha256) else {
            throw DiagnosticError(.credentialRefused, "The runner was removed as it came.")
        }
        await runs.add(DispatchRunner(runner))
        return RegistrationAnswer(id: runner.id.description, credential: token.text)
    }
}
