// SPDX-License-Identifier: Apache-2.0

/// One step of a planned job.
public struct PlannedStep: Hashable, Sendable {
    /// Given or generated (`__run_2`); unique in its scope.
    public var id: String
    /// As written; `nil`: shown by what it does.
    public var name: TemplateValue?
    /// The source of an expression that holds a status function.
    public var condition: String = "success()"
    public var env: TemplateValue?
    public var continueOnError: TemplateValue?
    public var timeoutMinutes: TemplateValue?
    /// Runs beside the steps that follow, until it is waited for or the job ends.
    public var isBackground = false
    public var work: StepWork
    /// Line of the file it stands in, for messages.
    public var line: Int?

    public init(id: String, work: StepWork) {
        self.id = id
        self.work = work
    }
}

public enum StepWork: Hashable, Sendable {
    case script(ScriptWork)
    case action(ActionWork)
    /// Waits for background steps by id.
    case wait([String])
    /// Waits for every background step so far.
    case waitAll
    /// Cancels background steps by id.
    case cancel([String])
}

public struct ScriptWork: Hashable, Sendable {
    public var script: TemplateValue
    /// `bash`, `python`, `perl {0}`; `nil`: the job's default, else the platform's.
    public var shell: TemplateValue?
    public var workingDirectory: TemplateValue?

    public init(script: TemplateValue, shell: TemplateValue? = nil, workingDirectory: TemplateValue? = nil) {
        self.script = script
        self.shell = shell
        self.workingDirectory = workingDirectory
    }
}

public struct ActionWork: Hashable, Sendable {
    public var reference: ActionReference
    /// `with:`, a mapping.
    public var inputs: TemplateValue?
    /// The action's own definition, where the plan could read it.
    public var definition: ActionDefinition?

    public init(reference: ActionReference, inputs: TemplateValue? = nil, definition: ActionDefinition? = nil) {
        self.reference = reference
        self.inputs = inputs
        self.definition = definition
    }
}

public enum ActionReference: Hashable, Sendable {
    /// `./path`, relative to the workspace.
    case local(path: String)
    /// `owner/name[/path]@ref`.
    case repository(name: String, path: String, ref: String)
    /// `docker://image`.
    case image(String)

    /// As it is written after `uses:`.
    public var text: String {
        switch self {
        case .local(let path): path
        case .repository(let name, let path, let ref): path.isEmpty ? "\(name)@\(ref)" : "\(name)/\(path)@\(ref)"
        case .image(let image): "docker://\(image)"
        }
    }
}

/// What an action is made of.
public enum ActionDefinition: Hashable, Sendable {
    /// Built into Martlet: `checkout`.
    case native(name: String)
    case composite(CompositeAction)
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
