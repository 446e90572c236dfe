// SPDX-License-Identifier: Apache-2.0

package import AccessRules
internal import Announcements
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
    /// Starts a workflow for somebody.
    package func dispatch(
        _ request: WorkflowDispatch, of project: EntryID, id: String, by actor: Actor
    ) async throws(DiagnosticError) -> [DeliveryNote] {
        try await noted(project, by: actor) { try await $0.dispatch(request, of: project.description, id: id) }
    }

    /// Tells a project's workflows of a program's event.
    package func dispatch(
        _ request: RepositoryDispatch, of project: EntryID, id: String, by actor: Actor
    ) async throws(DiagnosticError) -> [DeliveryNote] {
        try await noted(project, by: actor) { try await $0.dispatch(request, of: project.description, id: id) }
    }

    private func noted(
        _ project: EntryID, by actor: Actor, _ dispatch: (TriggerDesk) async throws -> [DeliveryNote]
    ) async throws(DiagnosticError) -> [DeliveryNote] {
        let notes: [DeliveryNote]
        do {
            notes = try await dispatch(triggers)
        } catch {
            throw (error as? DiagnosticError) ?? DiagnosticError(.entryMissing, "\(error)")
        }
        for run in notes.compactMap(\.run) {
            _ = try await directory.perform(.note(Acted(.dispatched, project: project, run: run.number)), by: actor)
        }
        return notes
    }
}

extension Server {
    /// Something that came to a project.
    ///
    /// - Throws: ``DiagnosticCode/deliveryMissing``.
    package func incoming(_ id: String, of project: EntryID) throws(DiagnosticError) -> Delivery {
        guard let delivery = try triggers.log.delivery(project.description, id) else {
            throw DiagnosticError(.deliveryMissing, "There is no delivery '\(id.prefix(200))' of this project.")
        }
        return delivery
    }

    /// Whether the server goes to a project's remote: looked at each time before git does.
    ///
    /// - Throws: ``DiagnosticCode/addressRefused``; ``DiagnosticCode/directoryValue`` for what was stored before addresses were
    ///   read as git reads them.
    static func reach(_ parts: TellingParts) -> RemoteLook {
        let (directory, calls) = (
            parts.directory, GuardedCalls(addressGuard: addressRules(parts.settings), web: parts.web)
        )
        return { (project) throws(DiagnosticError) in
            guard let known = EntryID(project.id).flatMap({ directory.current.projects[$0] }) else { return }
            let place = try CloneAddress(known.settings.cloneURL).place
            guard project.isGuarded, let place else { return }
            try await calls.look(at: place + "/")
        }
    }

    typealias RemoteLook = @Sendable (TriggerProject) async throws(DiagnosticError) -> Void
}

extension TriggerProject {
    /// `owner/name`, as the forge is told it.
    static func fullName(_ settings: ProjectSettings) -> String {
        settings.options["fullName"] ?? RemotePlace(settings.cloneURL).fullName
    }

    init(_ project: Project) {
        let settings = project.settings
        let place = RemotePlace(settings.cloneURL)
        self.init(
            id: project.id.description, forge: ForgeKind(rawValue: settings.forge.rawValue) ?? .git,
            fullName: Self.fullName(settings),
            serverURL: settings.options["serverURL"] ?? place.serverURL, cloneURL: settings.cloneURL)
        name = project.name
        defaultBranch = settings.defaultBranch
        forks = ForkPolicy(rawValue: settings.forkPolicy.rawValue) ?? .ask
        isPaused = settings.isPaused
        pollSeconds = settings.options["pollSeconds"].flatMap { Int($0) } ?? (settings.forge == .git ? 10 : 300)
        isGuarded = ProjectPlaces(settings).remote.map { settings.guardedPlaces.contains($0) } ?? false
        pollsRequests = settings.options["pollsRequests"] == "true"
        schedulesRestAfterDays = settings.options["schedulesRestAfterDays"].flatMap { Int($0) }
        environments = project.environments.values.map(\.name).sorted()
        let group = settings.options["runnerGroup"] ?? ""
        runnerGroup = group == RunnerTraits.standardGroup ? "" : group
    }
}
