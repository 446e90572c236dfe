// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import FileAccess
import PipelineModel
import StructuredData
import WorkflowPlanning

/// A job's containers: its services, and the one that its steps run in.
extension HostJob {
    /// Whether steps run in a container of the job's own.
    var isInContainer: Bool { !paths.mounts.isEmpty }

    /// Evaluates what the job asks for; from here on paths are those that its steps see.
    func planContainers() throws {
        guard options.steps.usesContainers else { return }
        let evaluation = jobEvaluation()
        let container = try options.steps.container.map { (template) throws(ExpressionError) in
            try evaluation.value(of: template)
        }
        let services = try options.steps.services.map { (template) throws(ExpressionError) in
            try evaluation.value(of: template)
        }
        let image = container?.string ?? container?["image"]?.coercedToString ?? ""
        let hasContainer = image != "" && image != "docker://"
        guard hasContainer || services?.object?.isEmpty == false else { return }
        try makeSharedFolders()
        if hasContainer {
            paths = .job(
                options.folders, actionsFolder: options.actionsFolder, actions: foreignActionFolders(),
                node: needsNode(options.steps.steps) ? shells.hostProgram("node").flatMap(Files.realPath) : nil)
            if let folder = options.actionsFolder { try Trees.make(folder) }
            baseGitHub = makeGitHubContext()
            runnerContext = makeRunnerContext()
        }
        demand = ContainerDemand(
            container: hasContainer ? container : nil, services: services?.object ?? DataObject(),
            mounts: paths.mounts, workspace: paths.inside(options.folders.workspace), isResumed: isResumed)
    }

    /// What containers of this job share, before an engine makes it as somebody else.
    func makeSharedFolders() throws(DiagnosticError) {
        let folder = options.folders.temporary
        for name in [ContainerPaths.homeName, ContainerPaths.workflowName, ContainerPaths.fileCommandsName] {
            try Trees.make("\(folder)/\(name)")
        }
        guard let event = options.contexts["github"]?["event"], event.object != nil else { return }
        try Files.write(event.jsonText().utf8, to: sharedEventPath)
    }

    /// Where a container sees the event.
    var sharedEventPath: String { "\(options.folders.temporary)/\(ContainerPaths.workflowName)/event.json" }

    /// Makes the containers; the job is not prepared before.
    func startContainers() {
        guard let demand else { return }
        guard let containers = options.containers else {
            return reportPrepared(
                DiagnosticError(.unavailableAction, "The job needs containers, and no container engine was looked for.")
            )
        }
        hasContainers = true
        waitsForContainers = true
        containers.prepare(demand) { [weak self] result in
            guard let self else { return }
            waitsForContainers = false
            switch result {
            case .success(let facts):
                containerFacts = facts
                jobBlock = nil
                for note in facts.notes { callbacks.annotate(note.redacted(redacted)) }
                reportReady()
            case .failure(let error):
                // Nothing is left to be removed.
                hasContainers = false
                var diagnostic = error.diagnostic.redacted(redacted)
                diagnostic.message = "\(diagnostic.code): \(diagnostic.message)"
                reportPrepared(DiagnosticError(diagnostic))
            }
            if ending != nil { removeContainers() }
        }
    }

    /// The job is cancelled before its first step: what takes long is given up.
    package func stopPreparing() {
        if waitsForContainers { options.containers?.stopPreparing() }
    }

    /// At the job's end.
    func removeContainers() {
        guard hasContainers, let containers = options.containers, !waitsForContainers else { return }
        hasContainers = false
        waitsForContainers = true
        containers.remove { [weak self] failures in
            guard let self else { return }
            waitsForContainers = false
            for failure in failures {
                ending?.annotations.append(
                    Annotation(.warning, "\(failure.diagnostic.code): \(failure.diagnostic.message)"))
            }
            reportEnding()
        }
    }

    // MARK: actions

    /// Folders of actions that lie outside of what the store has fetched.
    private func foreignActionFolders() -> [String] {
        var folders: [String] = []
        eachAction(options.steps.steps) { work in
            guard case .repository(let name, _, let ref) = work.reference,
                let folder = options.actionFolder(.repository(name: name, path: "", ref: ref), work.commit)
            else { return }
            let isFetched = options.actionsFolder.map { folder.hasPrefix($0 + "/") } ?? false
            if !isFetched, !folders.contains(folder) { folders.append(folder) }
        }
        return folders
    }

    /// What is not known yet may be a program for node too.
    private func needsNode(_ steps: [PlannedStep]) -> Bool {
        var isNeeded = false
        eachAction(steps) { work in
            switch work.definition {
            case .node, nil: isNeeded = true
            case .native, .docker, .composite: break
            }
        }
        return isNeeded
    }

    private func eachAction(_ steps: [PlannedStep], _ body: (ActionWork) -> Void) {
        for case .action(let work) in steps.map(\.work) {
            body(work)
            if case .composite(let action) = work.definition { eachAction(action.steps, body) }
        }
    }
}

extension Annotation {
    func redacted(_ redact: (String) -> String) -> Annotation {
        var annotation = self
        annotation.message = redact(message)
        return annotation
    }
}

extension Diagnostic {
    func redacted(_ redact: (String) -> String) -> Diagnostic {
        var diagnostic = self
        diagnostic.message = redact(message)
        return diagnostic
    }
}
