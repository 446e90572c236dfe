// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

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
        /// The reader says why.
        case refused
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

    /// The reader found errors in it: what it also says is left out.
    private let isRefused: Bool

    init(_ bytes: [UInt8]?, isDockerfileOnly: Bool, isRefused: Bool, hasFile: (String) -> Bool) {
        self.isRefused = isRefused
        guard let bytes else {
            state = isDockerfileOnly ? .unreadable("it is a Dockerfile without a manifest") : .missing
            return
        }
        do {
            let root = try YAMLReader.read(bytes).root
            state = .readable
            guard let root, root.entries != nil else {
                state = isRefused ? .refused : .unreadable("it is empty, or not a mapping")
                return
            }
            read(root, hasFile)
        } catch {
            state = isRefused ? .refused : .unreadable(error.diagnostic.message)
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
        for key in ["name", "description"] + (isRefused ? [] : ["runs"])
        where root[key] == nil || root[key]?.isNull == true {
            faults.append("it has no '\(key)'")
        }
        guard root["runs"] != nil else { return }
        guard let runner else {
            if !isRefused { faults.append("'runs' has no 'using'") }
            return
        }
        if Self.oldRunners.contains(runner) {
            faults.append("its runner '\(runner)' is gone (use 'node24')")
        } else if !isRefused, !Self.runners.contains(runner.lowercased()) {
            faults.append("there is no runner '\(Wording.excerpt(runner))' (use \(Wording.choice(Self.runners)))")
        }
        guard let runs = root["runs"] else { return }
        let needed = runner == "composite" ? "steps" : (runner == "docker" ? "image" : "main")
        if !isRefused, runs[needed] == nil { faults.append("'runs' has no '\(needed)'") }
        for key in Self.keysOfOthers(runner) where !isRefused && runs[key] != nil {
            faults.append("'\(key)' has no meaning for the runner '\(Wording.excerpt(runner))'")
        }
        checkFiles(of: runs, hasFile)
    }

    /// Files that the manifest names, in the action's own folder.
    private mutating func checkFiles(of runs: YAMLNode, _ hasFile: (String) -> Bool) {
        var names: [String] = []
        if runner?.hasPrefix("node") == true { names = ["main", "pre", "post"].compactMap { runs[$0]?.text } }
        if runner == "docker", let image = runs["image"]?.text, !image.hasPrefix("docker://") { names = [image] }
        // What lies outside the action's folder (`../lib/main.js`) is not looked at, and so not missed.
        for name in names where !name.isEmpty && !name.split(separator: "/").contains("..") {
            guard !hasFile(name.hasPrefix("./") ? String(name.dropFirst(2)) : name) else { continue }
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
