// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// What a file of the repository says that a workflow refers to with `./`.
struct LocalReferences: Sendable {
    private(set) var actions: [String: LocalAction] = [:]
    private(set) var workflows: [String: LocalWorkflow] = [:]

    /// Past this many different references no further file is read.
    private static let maximumCount = 200

    init(_ outline: WorkflowOutline, readFile: (@Sendable (String) -> [UInt8]?)?) {
        guard let readFile else { return }
        for job in outline.jobs {
            if let text = job.uses?.text, text.hasPrefix("./"), !text.has("@"), workflows[text] == nil,
                workflows.count < Self.maximumCount
            {
                workflows[text] = LocalWorkflow(readFile(Self.path(text)))
            }
            for step in job.allSteps {
                guard let text = step.uses?.text, text.hasPrefix("./"), !step.uses.hasExpression,
                    actions[text] == nil, actions.count < Self.maximumCount
                else { continue }
                let folder = Self.path(text)
                let prefix = folder.isEmpty ? "" : folder + "/"
                let bytes = readFile(prefix + "action.yml") ?? readFile(prefix + "action.yaml")
                let hasDockerfile = bytes == nil && readFile(prefix + "Dockerfile") != nil
                actions[text] = LocalAction(bytes, isDockerfileOnly: hasDockerfile) { readFile(prefix + $0) != nil }
            }
        }
    }

    /// `./a/b/` names `a/b`, from the repository's root.
    private static func path(_ reference: String) -> String {
        reference.split(separator: "/", omittingEmptySubsequences: true).filter { $0 != "." }.joined(separator: "/")
    }
}

extension YAMLNode? {
    fileprivate var hasExpression: Bool { self?.hasExpression ?? false }
}

/// An `action.yml` of the repository.
struct LocalAction: Sendable {
    struct Input: Sendable {
        var name: String
        var isRequired: Bool
        var deprecation: String?
    }

    enum State: Sendable, Equatable {
        case missing
        /// Why it cannot be read.
        case unreadable(String)
        case readable
    }

    private(set) var state: State
    private(set) var name = ""
    private(set) var inputs: [Input] = []
    private(set) var outputs: [String] = []
    private(set) var runner: String?
    /// What is wrong in the manifest, as sentences.
    private(set) var faults: [String] = []

    static let runners = ["composite", "docker", "node20", "node24"]
    static let oldRunners = ["node12", "node14", "node16"]

    fileprivate init(_ bytes: [UInt8]?, isDockerfileOnly: Bool, hasFile: (String) -> Bool) {
        guard let bytes else {
            state = isDockerfileOnly ? .unreadable("it is a Dockerfile without a manifest") : .missing
            return
        }
        do {
            let root = try YAMLReader.read(bytes).root
            state = .readable
            guard let root, root.entries != nil else {
                state = .unreadable("it is empty, or not a mapping")
                return
            }
            read(root, hasFile)
        } catch {
            state = .unreadable(error.diagnostic.message)
        }
    }

    private mutating func read(_ root: YAMLNode, _ hasFile: (String) -> Bool) {
        name = root["name"]?.text ?? ""
        for entry in root["inputs"]?.entries ?? [] {
            let isRequired = entry.value["required"]?.text?.lowercased() == "true" && entry.value["default"] == nil
            inputs.append(
                Input(
                    name: entry.key.text ?? "", isRequired: isRequired,
                    deprecation: entry.value["deprecationMessage"]?.text))
        }
        outputs = (root["outputs"]?.entries ?? []).compactMap(\.key.text)
        runner = root["runs"]?["using"]?.text
        for key in ["name", "description", "runs"] where root[key] == nil || root[key]?.isNull == true {
            faults.append("it has no '\(key)'")
        }
        guard root["runs"] != nil else { return }
        guard let runner else {
            faults.append("'runs' has no 'using'")
            return
        }
        if Self.oldRunners.contains(runner) {
            faults.append("its runner '\(runner)' is gone (use 'node24')")
        } else if !Self.runners.contains(runner.lowercased()) {
            faults.append("there is no runner '\(Wording.excerpt(runner))' (use \(Wording.choice(Self.runners)))")
        }
        guard let runs = root["runs"] else { return }
        let needed = runner == "composite" ? "steps" : (runner == "docker" ? "image" : "main")
        if runs[needed] == nil { faults.append("'runs' has no '\(needed)'") }
        for key in Self.keysOfOthers(runner) where runs[key] != nil {
            faults.append("'\(key)' has no meaning for the runner '\(Wording.excerpt(runner))'")
        }
        checkFiles(of: runs, hasFile)
    }

    /// Files that the manifest names, in the action's own folder.
    private mutating func checkFiles(of runs: YAMLNode, _ hasFile: (String) -> Bool) {
        var names: [String] = []
        if runner?.hasPrefix("node") == true { names = ["main", "pre", "post"].compactMap { runs[$0]?.text } }
        if runner == "docker", let image = runs["image"]?.text, !image.hasPrefix("docker://") { names = [image] }
        for name in names where !name.isEmpty && !hasFile(name.hasPrefix("./") ? String(name.dropFirst(2)) : name) {
            faults.append("the file '\(Wording.excerpt(name))' is not there")
        }
        for key in ["pre", "post"] where runs["\(key)-if"] != nil && runs[key] == nil && runner != "docker" {
            faults.append("'\(key)-if' stands without '\(key)'")
        }
    }

    private static func keysOfOthers(_ runner: String) -> [String] {
        let container = ["image", "args", "env", "entrypoint", "pre-entrypoint", "post-entrypoint"]
        switch runner {
        case "composite": return container + ["main", "pre", "post", "pre-if", "post-if"]
        case "docker": return ["main", "pre", "post", "steps"]
        default: return runner.hasPrefix("node") ? container + ["steps"] : []
        }
    }
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
