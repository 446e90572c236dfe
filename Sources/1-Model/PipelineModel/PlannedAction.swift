// SPDX-License-Identifier: Apache-2.0

public struct ActionWork: Hashable, Sendable {
    public var reference: ActionReference
    /// `with:`, a mapping.
    public var inputs: TemplateValue?
    /// The action's own definition, where the plan could read it.
    public var definition: ActionDefinition?
    /// What the reference stood for when the plan was made, where it is of a git repository.
    public var commit: String?

    public init(reference: ActionReference, inputs: TemplateValue? = nil, definition: ActionDefinition? = nil) {
        self.reference = reference
        self.inputs = inputs
        self.definition = definition
    }
}

public enum ActionReference: Hashable, Sendable {
    /// `./path`, relative to the workspace.
    case local(path: String)
    /// `$/path`, of the repository whose file names it, whether that is checked out or not.
    case own(path: String)
    /// `owner/name[/path]@ref`.
    case repository(name: String, path: String, ref: String)
    /// `docker://image`.
    case image(String)

    /// As it is written after `uses:`.
    public var text: String {
        switch self {
        case .local(let path): path
        case .repository(let name, let path, let ref): path.isEmpty ? "\(name)@\(ref)" : "\(name)/\(path)@\(ref)"
        case .own(let path): "$/\(path)"
        case .image(let image): "docker://\(image)"
        }
    }

    /// What a reference in a file of another repository means: its own is that one, at the same ref.
    ///
    /// - Parameter repository: `owner/name@ref`, or a file of it; empty: the repository that the run is of.
    public func seen(from repository: String) -> ActionReference {
        guard case .own(let path) = self, !repository.isEmpty,
            case .repository(let name, _, let ref) = ActionReference(text: repository)
        else { return self }
        return .repository(name: name, path: path, ref: ref)
    }
}

/// What an action is made of.
public enum ActionDefinition: Hashable, Sendable {
    /// Built into Martlet: `checkout`.
    case native(name: String)
    case composite(CompositeAction)
    case node(NodeAction)
    case docker(DockerAction)

    /// What it runs before the job's steps.
    public var pre: ActionHookProgram? {
        switch self {
        case .node(let action): action.pre
        case .docker(let action): action.pre
        case .native, .composite: nil
        }
    }

    /// What it runs after them.
    public var post: ActionHookProgram? {
        switch self {
        case .node(let action): action.post
        case .docker(let action): action.post
        case .native, .composite: nil
        }
    }
}

/// An action that is a program for node.
public struct NodeAction: Hashable, Sendable {
    public var name: String?
    /// `node20` and the like.
    public var runtime: String
    /// Name to default (`.null` where there is none), in declared order.
    public var inputs: [TemplateEntry]
    /// Relative to the action's folder, as the hooks are.
    public var main: String
    public var pre: ActionHookProgram?
    public var post: ActionHookProgram?

    public init(
        name: String? = nil, runtime: String, inputs: [TemplateEntry] = [], main: String,
        pre: ActionHookProgram? = nil, post: ActionHookProgram? = nil
    ) {
        self.name = name
        self.runtime = runtime
        self.inputs = inputs
        self.main = main
        self.pre = pre
        self.post = post
    }
}

/// What an action runs before or after the job's steps, and when.
public struct ActionHookProgram: Hashable, Sendable {
    public var program: String
    /// The source of an expression.
    public var condition: String

    public init(program: String, condition: String = "always()") {
        self.program = program
        self.condition = condition
    }
}

/// A step that stands for a part of another step's action.
public struct ActionHook: Hashable, Sendable {
    public enum Stage: String, Hashable, Sendable {
        /// Before the first step.
        case pre
        /// After the last, the one that was begun last first.
        case post
    }

    public var stage: Stage
    /// The step that uses the action; inside a composite action where its path is longer than one.
    public var step: StepPath

    public init(stage: Stage, step: StepPath) {
        self.stage = stage
        self.step = step
    }

    /// The id that a step after the last is known under.
    public var id: String { "__\(stage.rawValue)_\(step)" }

    /// Reads ``id``.
    public init?(id: String) {
        for stage in [Stage.pre, .post] {
            let start = "__\(stage.rawValue)_"
            guard id.hasPrefix(start), let step = StepPath(String(id.dropFirst(start.count))) else { continue }
            self.init(stage: stage, step: step)
            return
        }
        return nil
    }
}

public struct CompositeAction: Hashable, Sendable {
    public var name: String?
    /// Name to default (`.null` where there is none), in declared order.
    public var inputs: [TemplateEntry]
    /// Name to template over `steps` and `inputs`.
    public var outputs: [TemplateEntry]
    public var steps: [PlannedStep]

    public init(name: String? = nil, inputs: [TemplateEntry] = [], outputs: [TemplateEntry] = [], steps: [PlannedStep])
    {
        self.name = name
        self.inputs = inputs
        self.outputs = outputs
        self.steps = steps
    }
}
