// SPDX-License-Identifier: Apache-2.0

public import StructuredData

/// An action that is a program in a container, or an image alone (`uses: docker://image`).
public struct DockerAction: Hashable, Sendable {
    public var name: String?
    /// `docker://image`, or a Dockerfile relative to the action's folder.
    public var image: String
    /// Name to default (`.null` where there is none), in declared order.
    public var inputs: [TemplateEntry] = []
    /// `nil`: what `with.entrypoint` says, else the image's.
    public var entrypoint: String?
    /// Over `inputs` and the step's contexts; empty: what `with.args` says, else the image's.
    public var arguments: [TemplateValue] = []
    /// A mapping over the same contexts.
    public var env: TemplateValue?
    /// Entrypoints of the same image.
    public var pre: ActionHookProgram?
    public var post: ActionHookProgram?

    public init(image: String) {
        self.image = image
    }

    private static let prefix = "docker://"

    /// The image that is pulled; `nil`: it is built.
    public var imageName: String? {
        image.lowercased().hasPrefix(Self.prefix) ? String(image.dropFirst(Self.prefix.count)) : nil
    }
}

extension DockerAction: DataRepresentable {
    public var data: DataValue {
        var object: DataObject = ["image": .string(image)]
        if !inputs.isEmpty { object["inputs"] = TemplateValue.mapping(inputs).data }
        if !arguments.isEmpty { object["args"] = .array(arguments.map(\.data)) }
        object.set("name", name.map(DataValue.string))
        object.set("entrypoint", entrypoint.map(DataValue.string))
        object.set("env", env?.data)
        object.set("pre", pre?.data)
        object.set("post", post?.data)
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(image: try data.string("image"))
        name = data["name"]?.string
        inputs = try CompositeAction.entries(data["inputs"])
        if data["args"] != nil {
            arguments = try data.list("args") { (value) throws(DataShapeError) in try TemplateValue(data: value) }
        }
        entrypoint = data["entrypoint"]?.string
        env = try TemplateValue(optional: data["env"])
        pre = try data["pre"].map { (value) throws(DataShapeError) in try ActionHookProgram(data: value) }
        post = try data["post"].map { (value) throws(DataShapeError) in try ActionHookProgram(data: value) }
    }
}

extension Plan {
    /// Whether a container engine has to do with it, as far as the plan can know.
    public var usesContainers: Bool {
        jobs.contains { job in
            guard case .steps(let steps) = job.work else { return false }
            return steps.usesContainers || steps.steps.contains(where: \.usesContainer)
        }
    }
}

extension PlannedStep {
    fileprivate var usesContainer: Bool {
        guard case .action(let work) = self.work else { return false }
        return switch work.definition {
        case .docker: true
        case .composite(let action): action.steps.contains(where: \.usesContainer)
        case .native, .node, nil: false
        }
    }
}
