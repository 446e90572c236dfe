// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import EventJournal
package import HTTPMessages
package import PipelineModel
internal import RunCoordination
internal import SourceControl
package import SourceForges
internal import StructuredData
package import Timekeeping
package import TriggerIntake

/// What starts runs: forges, schedules, people.
extension Server {
    /// Takes a forge's webhook: verified, recorded, and worked afterwards.
    ///
    /// - Parameter name: the project's id or name.
    /// - Throws: ``DiagnosticCode/entryMissing``, and what is wrong with the signature or the content.
    package func receiveWebhook(
        _ forge: ForgeKind, of name: String, headers: HTTPHeaders, body: [UInt8], now: Timestamp = .now()
    ) async throws(DiagnosticError) -> TriggerDesk.Receipt {
        do throws(DiagnosticError) {
            let (receipt, isIgnored) = try await received(forge, of: name, headers: headers, body: body, now: now)
            let outcome = receipt == .known ? "known" : isIgnored ? "ignored" : "accepted"
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

    private func received(
        _ forge: ForgeKind, of name: String, headers: HTTPHeaders, body: [UInt8], now: Timestamp
    ) async throws(DiagnosticError) -> (TriggerDesk.Receipt, isIgnored: Bool) {
        let directory = directory.current
        let id = EntryID(name).flatMap { directory.projects[$0]?.id } ?? directory.project(named: name)?.id
        guard let id, let project = directory.projects[id], project.settings.forge.rawValue == forge.rawValue else {
            throw DiagnosticError(
                .entryMissing, "There is no such project of that forge.",
                remedy: "The address is /hooks/FORGE/PROJECT, with the forge that the project has here.")
        }
        var secrets: [String] = []
        for reference in project.webhookSecrets { secrets.append(try references.text(reference)) }
        let verification = try WebhookVerification(forge: forge, secrets: secrets)
        _ = try verification.verify(headers, body: body, now: now)
        let trigger = TriggerProject(project)
        let delivery = try ForgeDelivery(
            headers, body: body, forge: forge, repository: forge == .git ? trigger.forgeRepository : nil)
        return (try await triggers.receive(delivery, of: id.description), delivery.events.isEmpty)
    }

    /// Starts a workflow for somebody.
    package func dispatch(
        _ request: WorkflowDispatch, of project: EntryID, id: String, by actor: Actor
    ) async throws(DiagnosticError) -> [DeliveryNote] {
        let notes: [DeliveryNote]
        do {
            notes = try await triggers.dispatch(request, of: project.description, id: id)
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        for run in notes.compactMap(\.run) {
            _ = try await directory.perform(.note(Acted(.dispatched, project: project, run: run.number)), by: actor)
        }
        return notes
    }
}

extension TriggerProject {
    init(_ project: Project) {
        let settings = project.settings
        let place = RemotePlace(settings.cloneURL)
        self.init(
            id: project.id.description, forge: ForgeKind(rawValue: settings.forge.rawValue) ?? .git,
            fullName: settings.options["fullName"] ?? place.fullName,
            serverURL: settings.options["serverURL"] ?? place.serverURL, cloneURL: settings.cloneURL)
        name = project.name
        defaultBranch = settings.defaultBranch
        forks = ForkPolicy(rawValue: settings.forkPolicy.rawValue) ?? .ask
        isPaused = settings.isPaused
        pollSeconds = settings.options["pollSeconds"].flatMap { Int($0) } ?? (settings.forge == .git ? 10 : 300)
        environments = project.environments.values.map(\.name).sorted()
        let group = settings.options["runnerGroup"] ?? ""
        runnerGroup = group == RunnerTraits.standardGroup ? "" : group
    }
}
