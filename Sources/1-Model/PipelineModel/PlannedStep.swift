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

    /// A part of the action that `step` uses: with the step's environment, timeout and `continue-on-error`.
    public init(hook: ActionHook, of step: PlannedStep, condition: String) {
        self = step
        id = hook.id
        name = nil
        self.condition = condition
        isBackground = false
        work = .hook(hook)
    }
}

public enum StepWork: Hashable, Sendable {
    case script(ScriptWork)
    case action(ActionWork)
    /// What an action asks for before the first step, or after the last.
    case hook(ActionHook)
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
