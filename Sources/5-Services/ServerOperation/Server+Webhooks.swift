// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
package import HTTPMessages
internal import RunCoordination
package import SourceForges
package import Timekeeping
package import TriggerIntake

/// A webhook that is on its way to a project, as far as its head says; who sent it shows with the body.
package struct ExpectedWebhook: Sendable {
    fileprivate let forge: ForgeKind
    fileprivate let headers: HTTPHeaders
    fileprivate let project: Project
    fileprivate let verification: WebhookVerification

    package var projectID: String { project.id.description }
}

/// What forges tell.
extension Server {
    /// Looks at a webhook's head. A stranger is told the same whether there is no such project, it has no secret, or none fits.
    ///
    /// - Parameter name: the project's id or name.
    /// - Throws: what is wrong with the signature, as far as that shows without the body.
    package func expectWebhook(
        _ forge: ForgeKind, of name: String, headers: HTTPHeaders
    ) throws(DiagnosticError) -> ExpectedWebhook {
        do throws(DiagnosticError) {
            try WebhookVerification.requireProof(headers, forge)
            guard let project = webhookProject(forge, name) else {
                throw WebhookVerification.unfitting(headers, forge)
            }
            var secrets: [String] = []
            for reference in project.webhookSecrets { secrets.append(try references.text(reference)) }
            guard let verification = try? WebhookVerification(forge: forge, secrets: secrets) else {
                throw WebhookVerification.unfitting(headers, forge)
            }
            return ExpectedWebhook(forge: forge, headers: headers, project: project, verification: verification)
        } catch {
            counts.noteWebhook(forge.rawValue, "refused")
            throw error
        }
    }

    /// - Throws: what is wrong with the signature.
    package func prove(
        _ webhook: ExpectedWebhook, body: [UInt8], now: Timestamp = .now()
    ) throws(DiagnosticError) {
        do throws(DiagnosticError) {
            try webhook.verification.verify(webhook.headers, body: body, now: now)
        } catch {
            counts.noteWebhook(webhook.forge.rawValue, "refused")
            throw error
        }
    }

    /// Takes a webhook that was proven: recorded, and worked afterwards.
    ///
    /// - Throws: what is wrong with its content, and what keeps it from being recorded.
    package func receive(
        _ webhook: ExpectedWebhook, body: [UInt8]
    ) async throws(DiagnosticError) -> TriggerDesk.Receipt {
        let (forge, project) = (webhook.forge, webhook.project)
        do throws(DiagnosticError) {
            let delivery = try ForgeDelivery(
                webhook.headers, body: body, forge: forge,
                repository: forge == .git ? TriggerProject(project).forgeRepository : nil)
            let receipt = try await triggers.receive(delivery, of: project.id.description)
            let outcome = receipt == .known ? "known" : delivery.events.isEmpty ? "ignored" : "accepted"
            counts.noteWebhook(forge.rawValue, outcome)
            return receipt
        } catch {
            counts.noteWebhook(forge.rawValue, Self.isOurFault(error.diagnostic.code) ? "failed" : "refused")
            throw error
        }
    }

    /// Whether a webhook was not taken for a reason that is not its own.
    private static func isOurFault(_ code: DiagnosticCode) -> Bool {
        [.journalDiskFull, .journalNotWritable, .journalBusy, .journalFailed, .serverStopping].contains(code)
    }

    private func webhookProject(_ forge: ForgeKind, _ name: String) -> Project? {
        let directory = directory.current
        let id = EntryID(name).flatMap { directory.projects[$0]?.id } ?? directory.project(named: name)?.id
        guard let project = id.flatMap({ directory.projects[$0] }) else { return nil }
        return project.settings.forge.rawValue == forge.rawValue ? project : nil
    }
}
