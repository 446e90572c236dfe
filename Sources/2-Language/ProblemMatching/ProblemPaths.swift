// SPDX-License-Identifier: Apache-2.0

/// Makes a finding's file a path of the repository, or drops it: the runner's rules, asked of a file system that is given.
///
/// A relative file is looked for in the folder of `fromPath`, then in the workspace. It must exist. Going up from it, the
/// first folder with a `.git/config` says which repository it is of: the workflow's, or another, whose files are dropped.
/// The runner wants a remote of the workflow's address even for the workspace; here the workspace is always the
/// workflow's own, since a copy on a laptop may have other remotes, or be a worktree, or none at all.
package struct ProblemPaths {
    /// What has to be known of files. Paths are absolute and normal.
    package struct Surroundings {
        /// Absolute, without a slash at its end.
        package var workspace: String
        /// `https://github.com`, and `owner/name`: how a clone elsewhere in the workspace is known to be the workflow's.
        package var serverURL: String
        package var repository: String
        /// Whether there is a file (no folder).
        package var fileExists: (String) -> Bool
        /// A file's text; `nil` where it cannot be read.
        package var readText: (String) -> String?
        /// A path in the step's container to one of the host; `nil` outside containers.
        package var hostPath: ((String) -> String)?

        package init(
            workspace: String, serverURL: String = "https://github.com", repository: String = "",
            fileExists: @escaping (String) -> Bool, readText: @escaping (String) -> String? = { _ in nil },
            hostPath: ((String) -> String)? = nil
        ) {
            self.workspace = workspace
            self.serverURL = serverURL
            self.repository = repository
            self.fileExists = fileExists
            self.readText = readText
            self.hostPath = hostPath
        }
    }

    /// Folders whose repository is remembered.
    private static let maximumRememberedFolders = 100
    /// Folders to go up at most.
    private static let maximumSteps = 50

    private let surroundings: Surroundings
    /// Folder to the root of the workflow's repository; empty where it is of none.
    private var roots: [String: String] = [:]

    package init(_ surroundings: Surroundings) { self.surroundings = surroundings }

    /// The finding with its file in the repository, with `/` between the names, or with none.
    ///
    /// - Returns: and the runner's sentence for the debug log where the file was dropped.
    package mutating func settle(_ finding: ProblemFinding) -> (finding: ProblemFinding, remark: String?) {
        guard let file = finding.file else { return (finding, nil) }
        var settled = finding
        settled.file = nil
        settled.fromPath = nil
        let path = absolute(file, fromPath: finding.fromPath)
        guard !path.utf8.contains(0), surroundings.fileExists(path) else {
            return (settled, "Dropping file value '\(path)'. Path does not exist")
        }
        guard let root = root(of: Self.folder(of: path), stepsLeft: Self.maximumSteps), !root.isEmpty else {
            return (settled, "Dropping file value '\(path)'. Path is not under the workflow repo.")
        }
        settled.file = String(path.dropFirst(root == "/" ? 1 : root.count + 1))
        return (settled, nil)
    }

    private func absolute(_ file: String, fromPath: String?) -> String {
        var path = file
        if let fromPath, !fromPath.isBlank, !path.hasPrefix("/") {
            let folder = Self.folder(of: fromPath)
            if !folder.isEmpty { path = folder == "/" ? "/" + path : folder + "/" + path }
        }
        guard path.hasPrefix("/") else { return Self.normal(surroundings.workspace + "/" + path) }
        guard let hostPath = surroundings.hostPath else { return Self.normal(path) }
        return Self.normal(hostPath(Self.normal(path)))
    }

    private mutating func root(of folder: String, stepsLeft: Int) -> String? {
        if folder == surroundings.workspace { return folder }
        guard !folder.isEmpty, stepsLeft >= 0 else { return nil }
        if roots.count > Self.maximumRememberedFolders { roots = [:] }
        if let known = roots[folder] { return known }
        let config = (folder == "/" ? "" : folder) + "/.git/config"
        let root: String?
        if surroundings.fileExists(config) {
            root = isWorkflowRepository(config) ? folder : ""
        } else {
            root = folder == "/" ? "" : self.root(of: Self.folder(of: folder), stepsLeft: stepsLeft - 1)
        }
        // Past the limit nothing is known of the folders on the way.
        if let root { roots[folder] = root }
        return root
    }

    private func isWorkflowRepository(_ config: String) -> Bool {
        guard !surroundings.repository.isEmpty, let text = surroundings.readText(config) else { return false }
        let server = surroundings.serverURL.isEmpty ? "https://github.com" : surroundings.serverURL
        let afterScheme = server.split(separator: "://", maxSplits: 1).last ?? ""
        let host = afterScheme.prefix { $0 != "/" && $0 != ":" }
        let wanted = [
            "url = \(server)/\(surroundings.repository)", "url = git@\(host):\(surroundings.repository).git",
            // What people's own clones have, and the runner's do not.
            "url = \(server)/\(surroundings.repository).git",
        ].map { $0.lowercased() }
        return text.split(separator: "\n").contains { wanted.contains(String($0).withoutBlanksAround.lowercased()) }
    }

    /// Everything before the last slash; `/` for what lies in the root, empty where there is no slash.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Without `.`, `..` and doubled slashes. Links are not followed, as the runner does not.
    private static func normal(_ path: String) -> String {
        var names: [Substring] = []
        for name in path.split(separator: "/") {
            switch name {
            case ".": continue
            case "..": _ = names.popLast()
            default: names.append(name)
            }
        }
        return "/" + names.joined(separator: "/")
    }
}
