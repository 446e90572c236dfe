// SPDX-License-Identifier: Apache-2.0

/// One step of a job or of a composite action.
package struct WorkflowStep: Sendable {
    /// Given, or generated as GitHub does: `__run`, `__run_2`, `__actions_checkout`.
    package var id: String
    /// Whether the file gives the id.
    package var hasOwnIdentifier: Bool
    package var name: TemplateToken?
    package var condition = Condition.success
    package var continueOnError: TemplateToken?
    package var timeoutMinutes: TemplateToken?
    package var env: TemplateToken?
    /// Whether the job goes on while the step runs; `nil` where the file does not say.
    package var background: Bool?
    package var work: StepKind
    /// Where the step's mapping begins.
    package var place: TokenPlace?

    init(id: String, work: StepKind) {
        self.id = id
        hasOwnIdentifier = !id.isEmpty
        self.work = work
    }
}

package enum StepKind: Sendable {
    case run(RunStep)
    case uses(UsesStep)
    /// The ids of the background steps to wait for.
    case wait([LocatedText])
    case waitAll
    /// The id of the background step to end.
    case cancel(LocatedText)
    /// Steps that run side by side.
    case parallel([WorkflowStep])
}

package struct RunStep: Sendable {
    package var script: TemplateToken
    package var shell: TemplateToken?
    package var workingDirectory: TemplateToken?
}

package struct UsesStep: Sendable {
    /// As written.
    package var reference: LocatedText
    package var inputs: TemplateToken?
}

extension StepKind {
    /// The name of a step that only steers others and has no name of its own.
    package var title: String {
        switch self {
        case .run, .uses: ""
        case .wait: "Wait"
        case .waitAll: "Wait for all"
        case .cancel: "Cancel"
        case .parallel: "Parallel group"
        }
    }
}
