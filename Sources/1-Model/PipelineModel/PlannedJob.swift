// SPDX-License-Identifier: Apache-2.0

public import StructuredData

/// One job of a plan. What depends on results stays symbolic: a ``TemplateValue``, or the source of an expression.
public struct PlannedJob: Hashable, Sendable {
    public var key: JobKey
    /// As shown; evaluated once the job's matrix is known. `nil`: the id.
    public var name: TemplateValue?
    /// Jobs of the same scope (the same workflow file) that must be over first.
    public var needs: [JobKey] = []
    /// The source of an expression that holds a status function: `success() && (…)` where the file named none.
    public var condition: String = "success()"
    /// Whether the plan takes the job, and why (not).
    public var isIncluded = true
    public var reason = Reason(.included, "Its workflow is triggered by this event.")
    /// Why it cannot run on this machine, where that is known before it starts.
    public var unavailable: Reason?
    public var strategy: PlannedStrategy?
    /// Scope to level (`read`, `write`, `none`); `nil`: the default of the repository.
    public var permissions: [String: String]?
    public var concurrency: TemplateValue?
    public var timeoutMinutes: TemplateValue?
    public var cancelTimeoutMinutes: TemplateValue?
    public var continueOnError: TemplateValue?
    public var work: PlannedWork

    public init(key: JobKey, work: PlannedWork) {
        self.key = key
        self.work = work
    }
}

public struct PlannedStrategy: Hashable, Sendable {
    /// The mapping under `matrix:`, or an expression for all of it.
    public var matrix: TemplateValue?
    /// Default true.
    public var failFast: TemplateValue?
    public var maxParallel: TemplateValue?
    /// The legs, where the matrix depends on nothing that is known later; `nil` otherwise.
    public var legs: [DataObject]?

    public init(matrix: TemplateValue? = nil, failFast: TemplateValue? = nil, maxParallel: TemplateValue? = nil) {
        self.matrix = matrix
        self.failFast = failFast
        self.maxParallel = maxParallel
    }
}

/// What a job does: steps on a runner, or the jobs of another workflow.
public enum PlannedWork: Hashable, Sendable {
    case steps(PlannedSteps)
    case call(PlannedCall)
}

public struct PlannedSteps: Hashable, Sendable {
    public var runsOn: TemplateValue
    public var steps: [PlannedStep]
    public var env: TemplateValue?
    public var defaultShell: TemplateValue?
    public var defaultWorkingDirectory: TemplateValue?
    /// Name to template.
    public var outputs: TemplateValue?
    public var environment: TemplateValue?
    public var container: TemplateValue?
    public var services: TemplateValue?
    public var snapshot: TemplateValue?

    public init(runsOn: TemplateValue, steps: [PlannedStep]) {
        self.runsOn = runsOn
        self.steps = steps
    }

    /// Whether the job itself asks for containers, as far as the plan can know: an empty `container` is none.
    public var usesContainers: Bool {
        let isEmpty = [nil, TemplateValue.string(""), .null].contains(container)
        return !isEmpty || services != nil
    }
}

/// A call of a reusable workflow. Its jobs stand in the plan under keys that begin with the calling job's.
public struct PlannedCall: Hashable, Sendable {
    /// As written: `./.github/workflows/x.yml`, `owner/repo/path@ref`.
    public var reference: String
    /// Declared inputs of the called workflow with the caller's value, else the declared default, in declared order.
    public var inputs: [PlannedInput] = []
    /// Secret name in the called workflow to template; `nil`: all of the caller's are inherited.
    public var secrets: TemplateValue?
    public var inheritsSecrets = false
    /// The called workflow's outputs: name to template over its `jobs`.
    public var outputs: TemplateValue?
    /// The called workflow's own `env`.
    public var env: TemplateValue?

    public init(reference: String) { self.reference = reference }
}

public struct PlannedInput: Hashable, Sendable {
    public var name: String
    /// `string`, `boolean` or `number`; a value is coerced to it.
    public var type: String
    public var value: TemplateValue

    public init(name: String, type: String, value: TemplateValue) {
        self.name = name
        self.type = type
        self.value = value
    }
}
