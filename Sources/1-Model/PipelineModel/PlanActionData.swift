// SPDX-License-Identifier: Apache-2.0

public import StructuredData

extension ActionDefinition: DataRepresentable {
    public var data: DataValue {
        switch self {
        case .native(let name): ["native": .string(name)]
        case .composite(let action): ["composite": action.data]
        case .node(let action): ["node": action.data]
        case .docker(let action): ["docker": action.data]
        }
    }

    public init(data: DataValue) throws(DataShapeError) {
        if let name = data["native"]?.string {
            self = .native(name: name)
        } else if let node = data["node"] {
            self = .node(try NodeAction(data: node))
        } else if let docker = data["docker"] {
            self = .docker(try DockerAction(data: docker))
        } else {
            self = .composite(try CompositeAction(data: data["composite"] ?? .null))
        }
    }
}

extension CompositeAction: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = [
            "inputs": TemplateValue.mapping(inputs).data, "outputs": TemplateValue.mapping(outputs).data,
            "steps": .array(steps.map(\.data)),
        ]
        object.set("name", name.map(DataValue.string))
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            name: data["name"]?.string, inputs: try Self.entries(data["inputs"]),
            outputs: try Self.entries(data["outputs"]),
            steps: try data.list("steps") { (value) throws(DataShapeError) in try PlannedStep(data: value) })
    }

    static func entries(_ data: DataValue?) throws(DataShapeError) -> [TemplateEntry] {
        guard case .mapping(let entries)? = try TemplateValue(optional: data) else { return [] }
        return entries
    }
}

extension NodeAction: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = [
            "runtime": .string(runtime), "inputs": TemplateValue.mapping(inputs).data, "main": .string(main),
        ]
        object.set("name", name.map(DataValue.string))
        object.set("pre", pre?.data)
        object.set("post", post?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            name: data["name"]?.string, runtime: try data.string("runtime"),
            inputs: try CompositeAction.entries(data["inputs"]), main: try data.string("main"),
            pre: try data["pre"].map { (value) throws(DataShapeError) in try ActionHookProgram(data: value) },
            post: try data["post"].map { (value) throws(DataShapeError) in try ActionHookProgram(data: value) })
    }
}

extension ActionHookProgram: DataRepresentable {
    public var data: DataValue { ["program": .string(program), "condition": .string(condition)] }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(program: try data.string("program"), condition: try data.string("condition"))
    }
}

extension ActionReference {
    /// Reads what stands after `uses:`.
    public init(text: String) {
        if text.hasPrefix("docker://") {
            self = .image(String(text.dropFirst("docker://".count)))
        } else if text.hasPrefix("$/") {
            self = .own(path: String(text.dropFirst(2)))
        } else if text.hasPrefix("./") || text.hasPrefix("../") || text == "." {
            self = .local(path: text)
        } else {
            let (place, ref) =
                text.lastIndex(of: "@").map { (text[..<$0], text[text.index(after: $0)...]) } ?? (text[...], "")
            let parts = place.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
            let name = parts.prefix(2).joined(separator: "/")
            self = .repository(name: name, path: parts.count > 2 ? String(parts[2]) : "", ref: String(ref))
        }
    }
}
