// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows
internal import PipelineModel
internal import WorkflowPlanning

/// Finds the definition of an action: built in, or a composite action of this repository.
struct ActionResolution {
    let root: String
    /// Composite actions around this one.
    var depth = 0

    /// Composite actions that may be nested, as on GitHub.
    static let depthLimit = 10

    /// Actions that are built into Martlet, by the name they are used under.
    static let native = ["actions/checkout": "checkout"]

    func find(_ reference: ActionReference) -> ActionFinding {
        switch reference {
        case .repository(let name, let path, _):
            if path.isEmpty, let native = Self.native[name.lowercased()] { return .found(.native(name: native)) }
            return .unavailable(
                "The action '\(reference.text)' is not built in, and no source of actions is set up here.")
        case .image:
            return .unavailable("'\(reference.text)' runs in a container, and there is no container engine here.")
        case .local(let path):
            return local(path)
        }
    }

    private func local(_ path: String) -> ActionFinding {
        let folder = root + "/" + (path.hasPrefix("./") ? path.dropFirst(2) : path[...])
        for name in ["action.yml", "action.yaml"] {
            guard let text = try? RepositoryText.read("\(folder)/\(name)", limit: RepositoryText.workflowLimitBytes)
            else {
                continue
            }
            return definition(text, path: "\(path)/\(name)")
        }
        return RepositoryText.exists("\(folder)/Dockerfile")
            ? .unavailable("The action '\(path)' runs in a container, and there is no container engine here.")
            : .unknownYet
    }

    private func definition(_ text: [UInt8], path: String) -> ActionFinding {
        let result = ActionManifestReader.read(text, path: path)
        guard let manifest = result.manifest else {
            let first = result.diagnostics.first
            return .unavailable("The action '\(path)' could not be read: \(first?.message ?? "it is empty").")
        }
        guard depth < Self.depthLimit else {
            return .unavailable("Composite actions are nested more than \(Self.depthLimit) deep at '\(path)'.")
        }
        var inner = self
        inner.depth += 1
        return CompositePlanning.finding(manifest) { inner.find($0) }
    }
}
