// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import GitHubWorkflows
package import PipelineModel
internal import SourceControl
internal import WorkflowPlanning

/// The repository that a command was given in, and its workflow files.
package struct WorkflowFiles: Sendable {
    package let state: RepositoryState
    /// Where the command was given.
    package let folder: String
    /// `PATH` of the command.
    let searchPath: String
    package let engines: EngineOffer
    /// Other repositories; a failure where the settings of their sources cannot be read.
    private let repositories: Result<RepositoryOffer, DiagnosticError>
    /// Why git could not say what is checked out: refs and commits are then empty.
    package let problem: DiagnosticError?

    package static let workflowsFolder = ".github/workflows"

    /// - Parameter isTrusted: whether the repository's settings may name other places on this machine.
    package init(folder: String, environment: [String: String], isTrusted: Bool = true) {
        self.folder = folder
        searchPath = environment["PATH"] ?? ""
        engines = EngineOffer(environment: environment)
        // `.git` is looked for first: outside a repository git is not even started.
        if let root = Self.repositoryRoot(above: folder) {
            var found: DiagnosticError?
            state = GitRepository(root: root).state { found = $0 }
            problem = found
        } else {
            state = RepositoryState(root: folder)
            problem = nil
        }
        let root = state.root
        repositories = Result { () throws(DiagnosticError) in
            try RepositoryOffer(root: root, environment: environment, isTrusted: isTrusted)
        }
    }

    /// The files of a commit that were written into a folder: a server plans them, and other machines run what is planned.
    ///
    /// The repository's own settings never name places on this machine.
    ///
    /// - Parameters:
    ///   - state: what the commit is; its root is the folder.
    ///   - environment: of the server; `MARTLET_ACTIONS_DIR`, `MARTLET_OFFLINE` and where the store is.
    package init(exported state: RepositoryState, environment: [String: String]) {
        self.state = state
        folder = state.root
        problem = nil
        searchPath = environment["PATH"] ?? ""
        engines = EngineOffer(environment: environment)
        repositories = Result { () throws(DiagnosticError) in
            try RepositoryOffer(root: state.root, environment: environment, isTrusted: false)
        }
    }

    private init(_ other: WorkflowFiles, _ state: RepositoryState) {
        self.state = state
        (folder, problem, searchPath) = (other.folder, other.problem, other.searchPath)
        (engines, repositories) = (other.engines, other.repositories)
    }

    /// The same files, for another ref or actor.
    package func with(_ state: RepositoryState) -> WorkflowFiles { WorkflowFiles(self, state) }

    /// - Throws: ``DiagnosticCode/sourcesInvalid``.
    package func offer() throws(DiagnosticError) -> RepositoryOffer { try repositories.get() }

    /// The full name of what a user calls `v1` or `main`: a branch, or a tag where there is only that.
    func fullReference(_ name: String) -> String {
        let full = GitReference.full(name)
        guard full != name, state.isRepository else { return full }
        let found = GitRepository(root: state.root).references(named: name)
        return found.contains(full) || found.isEmpty ? full : found[0]
    }

    /// The repository of a workflow that is named by its path: where it is another one than that of `folder`, the
    /// workflow's own, so that what it calls is found there.
    package static func containing(
        _ workflow: String?, folder: String, environment: [String: String], isTrusted: Bool = true
    ) -> WorkflowFiles {
        let files = WorkflowFiles(folder: folder, environment: environment, isTrusted: isTrusted)
        guard let workflow, RepositoryText.isFile(files.absolute(workflow)),
            !files.absolute(workflow).hasPrefix(files.state.root + "/"),
            let root = root(around: workflow, from: folder)
        else { return files }
        return WorkflowFiles(folder: root, environment: environment, isTrusted: isTrusted)
    }

    /// The repository's root as a workflow's own place tells it; `nil` outside `.github/workflows`.
    package static func root(around path: String, from folder: String) -> String? {
        let absolute = path.hasPrefix("/") ? path : folder + "/" + path
        let marker = "/" + workflowsFolder + "/"
        var end = absolute.endIndex
        while end > absolute.startIndex {
            if absolute[..<end].hasSuffix(marker) { return String(absolute[..<end].dropLast(marker.count)) }
            end = absolute.index(before: end)
        }
        return nil
    }

    /// What a push of the tree as it stands would change; `nil` where that is not known.
    var changedPaths: [String]? {
        state.isRepository ? GitRepository(root: state.root).changedPaths(state) : nil
    }

    private static func repositoryRoot(above folder: String) -> String? {
        var path = folder
        while true {
            if RepositoryText.exists(path + "/.git") { return path }
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return nil }
            path = String(path[..<slash])
        }
    }

    /// Paths of all workflow files, relative to the root, in order.
    package func paths() -> [String] {
        let names = RepositoryText.list(state.root + "/" + Self.workflowsFolder)
        return names.filter { $0.hasSuffix(".yml") || $0.hasSuffix(".yaml") }.sorted()
            .map { "\(Self.workflowsFolder)/\($0)" }
    }

    /// The workflow that a user means: a path, a file's name, its name without the ending, or its `name:`.
    package func resolve(_ text: String) throws(DiagnosticError) -> String {
        // From where the command was given, else from the root, as the lists name them.
        for path in [absolute(text), state.root + "/" + text] where RepositoryText.isFile(path) {
            return relative(path)
        }
        let all = paths()
        let named = all.filter { path in
            let file = path.split(separator: "/").last.map(String.init) ?? path
            return file == text || file == text + ".yml" || file == text + ".yaml"
        }
        if let path = named.first { return path }
        for path in all where (try? read(path))?.workflow?.name?.text == text { return path }
        throw DiagnosticError(
            .workflowNotFound, "There is no workflow '\(text)' here.",
            remedy: all.isEmpty ? "Put one into \(Self.workflowsFolder)." : "There are: \(all.joined(separator: ", "))."
        )
    }

    /// Absolute path of what the user wrote, seen from where the command was given.
    package func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : folder + "/" + path
    }

    /// Relative to the root where it lies below it.
    package func relative(_ path: String) -> String {
        path.hasPrefix(state.root + "/") ? String(path.dropFirst(state.root.count + 1)) : path
    }

    package func bytes(_ path: String) throws(DiagnosticError) -> [UInt8] {
        try RepositoryText.read(
            path.hasPrefix("/") ? path : state.root + "/" + path, limit: RepositoryText.workflowLimitBytes)
    }

    /// Reads a workflow, and those it calls.
    package func read(_ path: String) throws(DiagnosticError) -> WorkflowReader.Result {
        WorkflowReader.read(try bytes(path), path: path, options: try calledWorkflows().options)
    }

    /// The workflows that those of this repository call.
    func calledWorkflows() throws(DiagnosticError) -> CalledWorkflows {
        let owner = state.fullName.split(separator: "/").first.map(String.init) ?? ""
        return CalledWorkflows(root: state.root, offer: try offer(), owner: owner)
    }
}
