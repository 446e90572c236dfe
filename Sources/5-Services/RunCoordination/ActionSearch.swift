// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows
internal import PipelineModel
internal import WorkflowPlanning

/// Finds the definition of an action: built in, or a composite action of this repository. Each file is read once, however
/// often it is used: ask for a new search where files may have changed.
final class ActionSearch {
    private let root: String
    /// By folder.
    private var found: [String: Finding] = [:]
    /// Folders of the composite actions that are being read, the outermost first.
    private var open: [String] = []

    /// Composite actions that may be nested, as on GitHub.
    static let depthLimit = 10
    /// Past so many one in the other, no further file is read to know how many there are.
    private static let readingLimit = 200

    /// Actions that are built into Martlet, by the name they are used under.
    private static let native = ["actions/checkout": "checkout"]

    private struct Finding {
        var finding: ActionFinding
        /// Composite actions one in the other, this one counted.
        var depth = 0
        /// What is wrong with an action is wrong with those that use it: a cycle, or too many one in the other.
        var isSticky = false

        static func unavailable(_ code: DiagnosticCode, _ text: String) -> Finding {
            Finding(finding: .unavailable("\(code): \(text)"), isSticky: true)
        }
    }

    init(root: String) {
        self.root = root
    }

    func find(_ reference: ActionReference) -> ActionFinding { search(reference).finding }

    private func search(_ reference: ActionReference) -> Finding {
        switch reference {
        case .repository(let name, let path, _):
            if path.isEmpty, let native = Self.native[name.lowercased()] {
                return Finding(finding: .found(.native(name: native)))
            }
            return Finding(
                finding: .unavailable(
                    "The action '\(reference.text)' is not built in, and no source of actions is set up here."))
        case .image:
            return Finding(
                finding: .unavailable(
                    "'\(reference.text)' runs in a container, and there is no container engine here."))
        case .local(let path):
            return local(path)
        }
    }

    private func local(_ path: String) -> Finding {
        guard let folder = RepositoryPath.inside(path) else {
            return Finding(finding: .unavailable("The action '\(path)' lies outside of the repository."))
        }
        if let known = found[folder] { return known }
        if let start = open.firstIndex(of: folder) {
            let chain = (open[start...] + [folder]).map { "'./\($0)'" }.joined(separator: " uses ")
            return .unavailable(.actionsCycle, "A composite action uses itself: \(chain).")
        }
        guard open.count < Self.readingLimit else { return tooDeep(path) }
        open.append(folder)
        let finding = read(path, folder)
        open.removeLast()
        found[folder] = finding
        return finding
    }

    private func read(_ path: String, _ folder: String) -> Finding {
        for name in ["action.yml", "action.yaml"] {
            let file = "\(root)/\(folder)/\(name)"
            do {
                guard let text = try RepositoryText.readIfPresent(file, limit: RepositoryText.workflowLimitBytes)
                else { continue }
                return definition(text, path: "\(path)/\(name)")
            } catch {
                return Finding(
                    finding: .unavailable("The action '\(path)' could not be read: \(error.diagnostic.message)"))
            }
        }
        guard RepositoryText.exists("\(root)/\(folder)/Dockerfile") else { return Finding(finding: .unknownYet) }
        return Finding(
            finding: .unavailable("The action '\(path)' runs in a container, and there is no container engine here."))
    }

    private func definition(_ text: [UInt8], path: String) -> Finding {
        let result = ActionManifestReader.read(text, path: path)
        guard let manifest = result.manifest else {
            let first = result.diagnostics.first
            return Finding(
                finding: .unavailable("The action '\(path)' could not be read: \(first?.message ?? "it is empty")."))
        }
        var depth = 1
        var fault: Finding?
        let finding = CompositePlanning.finding(manifest) { [self] reference in
            let inner = search(reference)
            depth = max(depth, inner.depth + 1)
            if inner.isSticky { fault = inner }
            return inner.finding
        }
        if let fault { return fault }
        guard depth <= Self.depthLimit else { return tooDeep(path) }
        return Finding(finding: finding, depth: depth)
    }

    private func tooDeep(_ path: String) -> Finding {
        .unavailable(
            .actionsTooDeep, "Composite actions are nested more than \(Self.depthLimit) deep at '\(path)'.")
    }
}
