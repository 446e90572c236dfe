// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import HTTPMessages
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import SourceControl
internal import StructuredData

/// The server's project that a user means: as it was named, else the one whose repository is a remote of the repository that the
/// command was given in.
enum ProjectChoice {
    static func project(_ target: RemoteTarget) throws -> String {
        if let project = target.project { return project }
        let repository = GitRepository(containing: ProcessEnvironment.currentFolder)
        let remotes = repository?.remoteAddresses() ?? []
        let known = try target.ask { try await $0.items(RemoteServer.path("projects")) }
        // A server on the same machine may have the folder itself.
        for remote in remotes + [repository?.root].compactMap({ $0 }) {
            let wanted = RepositoryAddress.normalised(remote)
            let found = known.filter { project in
                project["cloneURL"]?.string.map(RepositoryAddress.normalised) == wanted
            }.compactMap { $0["name"]?.string }
            if found.count > 1 {
                throw unclear("Several projects of \(target.server.address) are of \(remote).", found)
            }
            if let name = found.first { return name }
        }
        let all = known.compactMap { $0["name"]?.string }
        throw remotes.isEmpty
            ? unclear("There is no repository with a remote here, and no project was named.", all)
            : unclear("No project of \(target.server.address) is of \(remotes.joined(separator: ", ")).", all)
    }

    private static func unclear(_ text: String, _ names: [String]) -> DiagnosticError {
        let shown = names.prefix(shownNames).joined(separator: ", ")
        return DiagnosticError(
            .projectUnclear, text,
            remedy: "Name one with --project, or in MARTLET_PROJECT"
                + (names.isEmpty ? "." : ": \(shown)\(names.count > shownNames ? ", …" : "")."))
    }

    private static let shownNames = 20
}

/// The run on a server that a user means: the number given, else the newest of the project.
enum RemoteRunChoice {
    static func run(_ number: Int?, _ target: RemoteTarget) throws -> Int {
        if let number { return number }
        let project = try ProjectChoice.project(target)
        let newest = try target.ask {
            try await $0.items(RemoteServer.path("runs"), [FormText.Pair("project", project)], limit: 1)
        }
        guard let run = newest.first?["run"]?.int else {
            throw DiagnosticError(
                .runMissing, "No run was made of the project '\(project)' yet.",
                remedy: "Start one with: martlet run\(target.suffix)")
        }
        return run
    }

    /// The newest attempt, with jobs and steps.
    static func report(_ run: Int, _ target: RemoteTarget) throws -> DataObject {
        let report = try target.ask { try await $0.get(RemoteServer.path("runs", run)) }
        return report.object ?? DataObject()
    }
}
