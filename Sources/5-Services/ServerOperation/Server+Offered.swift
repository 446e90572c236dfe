// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import RunCoordination
internal import SourceControl

/// Projects that the server's command line names.
extension Server {
    /// Makes a project of a repository, unless there is one of it.
    ///
    /// - Parameter address: a folder of this machine, or an address as git takes it.
    /// - Returns: the project's name, and whether it is new.
    package func offer(_ address: String) async throws(DiagnosticError) -> (name: String, isNew: Bool) {
        let settings = try OfferedProject.settings(address)
        if let known = directory.current.projects.values.first(where: { $0.settings.cloneURL == settings.cloneURL }) {
            return (known.name, false)
        }
        _ = try await directory.perform(.addProject(settings, admin: nil), by: .system("server"))
        try? await firstLook(at: settings.name)
        return (settings.name, true)
    }

    /// What the repository has already is not run; what comes after the first look at it is.
    private func firstLook(at name: String) async throws {
        guard let id = directory.current.project(named: name)?.id else { return }
        let path = "\(store.root)/projects/\(id)/refs.json"
        for _ in 0..<Self.looks where !Files.isFile(path) { try await Task.sleep(for: Self.lookPause) }
    }

    private static let looks = 100
    private static let lookPause = Duration.milliseconds(50)
}

/// What a project is like of which only the repository is known.
package enum OfferedProject {
    private static let hosts: [String: ProjectSettings.Forge] = [
        "github.com": .github, "gitlab.com": .gitlab, "codeberg.org": .gitea,
    ]
    private static let standardBranch = "main"

    /// - Throws: ``DiagnosticCode/serverSettings`` for a folder that is no repository.
    package static func settings(_ address: String) throws(DiagnosticError) -> ProjectSettings {
        if let folder = Files.realPath(address), Files.isDirectory(folder) {
            let root = GitRepository(containing: folder)?.root ?? folder
            var settings = ProjectSettings(name: name(of: root), forge: .git, cloneURL: root)
            guard let branch = try branch(of: root) else {
                throw DiagnosticError(
                    .serverSettings, "The folder '\(address)' is no git repository.",
                    remedy: "Give a repository's folder or address with --project.")
            }
            settings.defaultBranch = branch
            return settings
        }
        guard address.contains(":") else {
            throw DiagnosticError(
                .serverSettings, "There is no folder '\(address)', and it is no address of a repository.",
                remedy: "Give --project . in a repository, or --project https://github.com/you/app.git")
        }
        let remote = RemotePlace(address)
        let host = remote.serverURL.split(separator: "/").last.map(String.init) ?? ""
        var settings = ProjectSettings(name: name(of: address), forge: hosts[host] ?? .git, cloneURL: address)
        settings.defaultBranch = try remoteBranch(of: address) ?? standardBranch
        return settings
    }

    static func name(of place: String) -> String {
        let last = place.split(whereSeparator: { "/:".contains($0) }).last.map(String.init) ?? place
        return last.hasSuffix(".git") ? String(last.dropLast(4)) : last
    }

    private static func branch(of folder: String) throws(DiagnosticError) -> String? {
        let outcome = try HelperCommand("git", ["-C", folder, "symbolic-ref", "--short", "HEAD"]).run()
        return outcome.succeeded ? line(outcome.text) : nil
    }

    /// What the remote itself takes for its default; `nil` where it does not say, or is not reached.
    private static func remoteBranch(of address: String) throws(DiagnosticError) -> String? {
        // Nobody is there to be asked for a password.
        let quiet = ["GIT_TERMINAL_PROMPT=0", "GIT_SSH_COMMAND=ssh -oBatchMode=yes"]
        let outcome = try HelperCommand("env", quiet + ["git", "ls-remote", "--symref", "--", address, "HEAD"]).run()
        guard outcome.succeeded, let first = outcome.text.split(separator: "\n").first, first.hasPrefix("ref: ") else {
            return nil
        }
        let ref = first.dropFirst("ref: ".count).prefix { $0 != "\t" }
        return ref.hasPrefix("refs/heads/") ? String(ref.dropFirst("refs/heads/".count)) : nil
    }

    private static func line(_ text: String) -> String? {
        text.split(separator: "\n").first.map(String.init)
    }
}
