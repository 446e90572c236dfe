// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Credentials
package import Diagnostics
internal import SecretVault
internal import ThreadExecution

/// Secrets that belong to projects.
extension Server {
    private static let webhookSecretBytes = 32

    /// Makes a secret for a project's incoming webhooks. The one before is still good; the one before that is forgotten.
    ///
    /// - Returns: the secret, which is not shown again.
    package func makeWebhookSecret(
        of project: EntryID, by actor: Actor, as principal: Principal
    ) async throws(DiagnosticError) -> String {
        let secret = Base64Text.text(Secrecy.randomBytes(Self.webhookSecretBytes), .url)
        let before = directory.current.projects[project]?.webhookSecrets ?? []
        let reference = try references.keep(secret)
        do throws(DiagnosticError) {
            _ = try await directory.perform(
                .setWebhookSecret(project, reference: reference), by: actor, as: principal)
        } catch {
            references.forget(reference)
            throw error
        }
        let now = Set(directory.current.projects[project]?.webhookSecrets ?? [])
        for old in before where !now.contains(old) { references.forget(old) }
        return secret
    }

    /// What a project that was removed had: its secrets and variables, the secrets of its webhooks, hooks and channels.
    ///
    /// - Parameter directory: as it was before.
    package func forgetSecrets(of project: Project, in directory: Directory) async throws(DiagnosticError) {
        let hooks = directory.hooks.values.filter { $0.settings.project == project.id }
        let channels = directory.channels.values.filter { $0.settings.project == project.id }
        for reference in project.webhookSecrets + hooks.map(\.settings.secretReference)
            + channels.map(\.settings.addressReference)
        { references.forget(reference) }
        forgetReplaced(of: project.id, before: project.settings)
        let id = project.id.description
        let places =
            [SecretPlace.project(id)]
            + project.environments.keys.sorted().map { SecretPlace.environment(project: id, name: $0) }
        let vaults = [vault, variables]
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            for vault in vaults {
                for place in places { try vault.forget(place) }
            }
        }
    }
}
