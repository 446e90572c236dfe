// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import GitHubWorkflows
internal import PipelineModel
internal import SourceControl
internal import WorkflowPlanning

/// Finds the definition of an action: of this repository, of another one, or built in. Each file is read once, however
/// often it is used: ask for a new search where files may have changed.
final class ActionSearch {
    private let root: String
    /// Where `$/` leads: the repository that the run is of.
    private let ownRoot: String
    private let offer: RepositoryOffer
    /// `PATH`, where node is looked for; `nil`: another machine runs the steps.
    private let searchPath: String?
    /// By `./FOLDER` of a local action, or the whole reference.
    private var found: [String: Finding] = [:]
    /// Of other repositories, by the whole reference.
    private(set) var remote: [String: ActionFinding] = [:]
    /// The composite actions that are being read, the outermost first.
    private var open: [String] = []

    /// Composite actions that may be nested, as on GitHub.
    static let depthLimit = 10
    /// Past so many one in the other, no further file is read to know how many there are.
    private static let readingLimit = 200

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

    /// - Parameter root: where local actions are: the repository, or a workspace.
    init(root: String, ownRoot: String? = nil, offer: RepositoryOffer, searchPath: String?) {
        self.root = root
        self.ownRoot = ownRoot ?? root
        self.offer = offer
        self.searchPath = searchPath
    }

    func find(_ reference: ActionReference) -> ActionFinding { search(reference).finding }

    private func search(_ reference: ActionReference) -> Finding {
        switch reference {
        case .repository:
            return once(reference.text) { remote(reference) }
        case .image:
            return Finding(finding: .found(.docker(DockerAction(image: reference.text)), commit: nil))
        case .own(let path):
            guard let folder = RepositoryPath.inside(path) else {
                return Finding(finding: .unavailable("The action '\(reference.text)' lies outside of the repository."))
            }
            return once("$/\(folder)") { own(reference.text, "\(ownRoot)/\(folder)") }
        case .local(let path):
            guard let folder = RepositoryPath.inside(path) else {
                return Finding(finding: .unavailable("The action '\(path)' lies outside of the repository."))
            }
            return once("./\(folder)") { read(path, "\(root)/\(folder)", commit: nil) }
        }
    }

    private func once(_ name: String, _ body: () -> Finding) -> Finding {
        if let known = found[name] { return known }
        if let start = open.firstIndex(of: name) {
            let chain = (open[start...] + [name]).map { "'\($0)'" }.joined(separator: " uses ")
            return .unavailable(.actionsCycle, "A composite action uses itself: \(chain).")
        }
        guard open.count < Self.readingLimit else { return tooDeep(name) }
        open.append(name)
        let finding = body()
        open.removeLast()
        found[name] = finding
        if case .repository = ActionReference(text: name) { remote[name] = finding.finding }
        return finding
    }

    private func remote(_ reference: ActionReference) -> Finding {
        guard let place = RepositoryReference(reference.text) else {
            return Finding(
                finding: .unavailable("'\(reference.text)' names no action: it is written as owner/repository@ref."))
        }
        do throws(DiagnosticError) {
            switch try offer.action(place) {
            case .native(let name): return Finding(finding: .found(.native(name: name), commit: nil))
            case .nowhere(let places):
                return Finding(
                    finding: .unavailable("The action '\(reference.text)' is not to be had here: \(places)."))
            case .files(let repository):
                let folder = place.path.isEmpty ? repository.folder : "\(repository.folder)/\(place.path)"
                let finding = read(reference.text, folder, commit: repository.commit, repository: place.unit)
                guard case .unknownYet = finding.finding else { return finding }
                return Finding(
                    finding: .unavailable("There is no action.yml for '\(reference.text)' in \(repository.folder)."))
            }
        } catch {
            return Finding(
                finding: .unavailable(
                    "The action '\(reference.text)' could not be had: "
                        + "\(error.diagnostic.code): \(error.diagnostic.message)"))
        }
    }

    /// It is there from the beginning, or never.
    private func own(_ name: String, _ folder: String) -> Finding {
        let finding = read(name, folder, commit: nil)
        guard case .unknownYet = finding.finding else { return finding }
        return Finding(finding: .unavailable("There is no action at '\(name)' in \(ownRoot)."))
    }

    private func read(_ name: String, _ folder: String, commit: String?, repository: String = "") -> Finding {
        for file in ["action.yml", "action.yaml"] {
            do {
                guard
                    let text = try RepositoryText.readIfPresent(
                        "\(folder)/\(file)", limit: RepositoryText.workflowLimitBytes)
                else { continue }
                return definition(text, path: "\(name)/\(file)", commit, repository)
            } catch {
                return Finding(
                    finding: .unavailable("The action '\(name)' could not be read: \(error.diagnostic.message)"))
            }
        }
        guard RepositoryText.exists("\(folder)/Dockerfile") else { return Finding(finding: .unknownYet) }
        // As the runner takes it: an action of the time before there were manifests.
        return Finding(finding: .found(.docker(DockerAction(image: "Dockerfile")), commit: commit))
    }

    private func definition(_ text: [UInt8], path: String, _ commit: String?, _ repository: String) -> Finding {
        let result = ActionManifestReader.read(text, path: path)
        guard let manifest = result.manifest else {
            let first = result.diagnostics.first
            return Finding(
                finding: .unavailable("The action '\(path)' could not be read: \(first?.message ?? "it is empty")."))
        }
        var depth = 1
        var fault: Finding?
        let finding = ActionPlanning.finding(manifest, commit: commit, repository: repository) { [self] reference in
            let inner = search(reference)
            depth = max(depth, inner.depth + 1)
            if inner.isSticky { fault = inner }
            return inner.finding
        }
        if let fault { return fault }
        if case .found(.node, _) = finding, !hasNode {
            return Finding(finding: .unavailable("The action '\(path)' needs node, and there is none on the PATH."))
        }
        guard depth <= Self.depthLimit else { return tooDeep(path) }
        return Finding(finding: finding, depth: depth)
    }

    private lazy var hasNode =
        searchPath.map { path in
            path.split(separator: ":").contains { Files.facts("\($0)/node")?.isExecutable == true }
        } ?? true

    private func tooDeep(_ path: String) -> Finding {
        .unavailable(
            .actionsTooDeep, "Composite actions are nested more than \(Self.depthLimit) deep at '\(path)'.")
    }
}
