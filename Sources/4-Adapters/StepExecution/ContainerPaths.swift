// SPDX-License-Identifier: Apache-2.0

/// A folder or file of this machine, in a container.
package struct ContainerMount: Hashable, Sendable {
    /// Absolute, as ``inside`` is; neither has a slash at its end.
    package var outside: String
    package var inside: String
    package var isReadOnly = false

    package init(_ outside: String, at inside: String, isReadOnly: Bool = false) {
        self.outside = outside
        self.inside = inside
        self.isReadOnly = isReadOnly
    }
}

/// Which path of this machine is which in a container. Without mounts every path is itself: no container.
///
/// A value is translated where all of it is a path below a mount, as the runner does it (actions/runner, `ContainerInfo`).
package struct ContainerPaths: Hashable, Sendable {
    package let mounts: [ContainerMount]
    /// The longest first: mounts lie in one another.
    private let byOutside: [ContainerMount]
    private let byInside: [ContainerMount]

    package init(_ mounts: [ContainerMount] = []) {
        self.mounts = mounts
        byOutside = mounts.sorted { $0.outside.utf8.count > $1.outside.utf8.count }
        byInside = mounts.sorted { $0.inside.utf8.count > $1.inside.utf8.count }
    }

    package func inside(_ path: String) -> String {
        guard path.utf8.first == 0x2F else { return path }
        for mount in byOutside {
            if let rest = Self.rest(of: path, below: mount.outside) { return mount.inside + rest }
        }
        return path
    }

    package func outside(_ path: String) -> String {
        guard path.utf8.first == 0x2F else { return path }
        for mount in byInside {
            if let rest = Self.rest(of: path, below: mount.inside) { return mount.outside + rest }
        }
        return path
    }

    private static func rest(of path: String, below folder: String) -> Substring? {
        guard path.hasPrefix(folder) else { return nil }
        let rest = path.dropFirst(folder.count)
        return rest.isEmpty || rest.utf8.first == 0x2F ? rest : nil
    }
}

extension ContainerPaths {
    /// Where a job's container has what the job needs: the runner's own places.
    ///
    /// - Parameter actions: further folders of actions.
    static func job(_ folders: HostJob.Folders, actionsFolder: String?, actions: [String], node: String?)
        -> ContainerPaths
    {
        let name = folders.workspace.split(separator: "/").last.map(String.init) ?? "workspace"
        var mounts = [
            ContainerMount(folders.workspace, at: "/__w/\(name)/\(name)"),
            ContainerMount(folders.temporary, at: "/__w/_temp"),
            ContainerMount(folders.scratch, at: "/__w/_temp/\(fileCommandsName)"),
            ContainerMount(folders.toolCache, at: "/__t"),
            ContainerMount(folders.temporary + "/\(homeName)", at: home),
            ContainerMount(folders.temporary + "/\(workflowName)", at: "/github/workflow"),
        ]
        // What was fetched is never changed: other runs use it too.
        if let actionsFolder { mounts.append(ContainerMount(actionsFolder, at: "/__w/_actions", isReadOnly: true)) }
        mounts += actions.enumerated().map { ContainerMount($1, at: "/__a/\($0)", isReadOnly: true) }
        if let node { mounts.append(ContainerMount(node, at: hostNode, isReadOnly: true)) }
        return ContainerPaths(mounts)
    }

    /// Where a Docker action has what it needs.
    static func action(_ folders: HostJob.Folders) -> ContainerPaths {
        ContainerPaths([
            ContainerMount(folders.workspace, at: "/github/workspace"),
            ContainerMount(folders.temporary, at: "/github/runner_temp"),
            ContainerMount(folders.scratch, at: "/github/file_commands"),
            ContainerMount(folders.temporary + "/\(homeName)", at: home),
            ContainerMount(folders.temporary + "/\(workflowName)", at: "/github/workflow"),
        ])
    }

    /// `HOME` of what runs in a container.
    static let home = "/github/home"
    static let homeName = "_github_home"
    static let workflowName = "_github_workflow"
    static let fileCommandsName = "_runner_file_commands"
    /// This machine's node, in a job's container.
    package static let hostNode = "/__e/node/bin/node"
}
