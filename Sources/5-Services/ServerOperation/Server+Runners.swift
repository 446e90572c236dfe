// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import JobDispatch
internal import RunCoordination
package import RunnerProtocol
internal import Timekeeping

/// Runners that come, and those that go.
extension Server {
    /// Takes a one-time token for a place among the runners.
    ///
    /// - Throws: ``DiagnosticCode/credentialRefused``, and what the directory refuses.
    package func register(
        _ request: RegistrationRequest, from address: String
    ) async throws(DiagnosticError) -> RegistrationAnswer {
        let shown = try AccessToken(text: request.token)
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
