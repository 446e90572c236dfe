// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows
internal import YAMLReading

/// What a file of the repository says that a workflow refers to with `./`.
struct LocalReferences: Sendable {
    private(set) var actions: [String: LocalAction] = [:]
    private(set) var workflows: [String: LocalWorkflow] = [:]
    /// What is wrong in the actions' own files, which each names.
    private(set) var manifestFaults: [Diagnostic] = []

    /// Past this many different references no further file is read.
    private static let maximumCount = 200

    init(_ outline: WorkflowOutline, readFile: (@Sendable (String) -> [UInt8]?)?) {
        guard let readFile else { return }
        for job in outline.jobs {
            if let text = job.uses?.text, Self.isLocal(text), !text.has("@"), workflows[text] == nil,
                workflows.count < Self.maximumCount, !text.split(separator: "/").contains("..")
            {
                workflows[text] = LocalWorkflow(readFile(Self.path(text)))
            }
            for step in job.allSteps where !step.uses.hasExpression {
                if let text = step.uses?.text { readAction(text, readFile) }
            }
        }
    }

    /// Reads an action, and those that its steps use.
    private mutating func readAction(_ first: String, _ readFile: (String) -> [UInt8]?) {
        var pending = [first]
        while let text = pending.popLast() {
            guard Self.isLocal(text), actions[text] == nil, actions.count < Self.maximumCount,
                !text.split(separator: "/").contains("..")
            else { continue }
            let folder = Self.path(text)
            let prefix = folder.isEmpty ? "" : folder + "/"
            let path = prefix + (readFile(prefix + "action.yml") == nil ? "action.yaml" : "action.yml")
            let bytes = readFile(path)
            let result = bytes.map { ActionManifestReader.read($0, path: path) }
            manifestFaults += (result?.diagnostics ?? []).filter { $0.severity == .error }
            let isRefused = result.map { $0.manifest == nil } ?? false
            let hasDockerfile = bytes == nil && readFile(prefix + "Dockerfile") != nil
            actions[text] = LocalAction(bytes, isDockerfileOnly: hasDockerfile, isRefused: isRefused) {
                readFile(prefix + $0) != nil
            }
            guard case .composite(let steps)? = result?.manifest?.work else { continue }
            for step in steps.reversed() {
                if case .uses(let uses) = step.work { pending.append(uses.reference.text) }
            }
        }
    }

    /// `$/` is the root of the repository whose file it stands in, as `./` is here.
    static func isLocal(_ reference: String) -> Bool { reference.hasPrefix("./") || reference.hasPrefix("$/") }

    /// `./a/b/` names `a/b`, from the repository's root.
    private static func path(_ reference: String) -> String {
        reference.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." && $0 != "$" }
            .joined(separator: "/")
    }
}

extension YAMLNode? {
    fileprivate var hasExpression: Bool { self?.hasExpression ?? false }
}

/// A reusable workflow of the repository.
struct LocalWorkflow: Sendable {
    struct Input: Sendable {
        var name: String
        var type: String
        var isRequired: Bool
    }

    struct Secret: Sendable {
        var name: String
        var isRequired: Bool
    }

    enum State: Sendable, Equatable {
        case missing
        case unreadable(String)
        /// It has no `workflow_call` among its events.
        case notCallable
        case readable
    }

    private(set) var state: State
    private(set) var inputs: [Input] = []
    private(set) var secrets: [Secret] = []
    private(set) var outputs: [String] = []

    fileprivate init(_ bytes: [UInt8]?) {
        guard let bytes else {
            state = .missing
            return
        }
        do {
            guard let root = try YAMLReader.read(bytes).root else {
                state = .unreadable("it is empty")
                return
            }
            guard let call = WorkflowOutline(root: root).event("workflow_call") else {
                state = .notCallable
                return
            }
            state = .readable
            if let node = call.node { read(node) }
        } catch {
            state = .unreadable(error.diagnostic.message)
        }
    }

    private mutating func read(_ call: YAMLNode) {
        for entry in call["inputs"]?.entries ?? [] {
            let isRequired = entry.value["required"]?.text?.lowercased() == "true" && entry.value["default"] == nil
            inputs.append(
                Input(
                    name: entry.key.text ?? "", type: entry.value["type"]?.text ?? "string", isRequired: isRequired))
        }
        for entry in call["secrets"]?.entries ?? [] {
            secrets.append(
                Secret(
                    name: entry.key.text ?? "", isRequired: entry.value["required"]?.text?.lowercased() == "true"))
        }
        outputs = (call["outputs"]?.entries ?? []).compactMap(\.key.text)
    }
}
