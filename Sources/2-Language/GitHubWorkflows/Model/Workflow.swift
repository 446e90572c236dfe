// SPDX-License-Identifier: Apache-2.0

/// A workflow file, read and checked. What holds expressions stays a token.
package struct Workflow: Sendable {
    /// The path it was read under, then those of the workflows it calls; ``TokenPlace/file`` is an index into it.
    package var files: [String]
    package var name: LocatedText?
    package var description: LocatedText?
    package var runName: TemplateToken?
    package var triggers: [WorkflowTrigger] = []
    package var permissions: Permissions?
    package var env: TemplateToken?
    package var defaults: TemplateToken?
    package var concurrency: TemplateToken?
    package var cacheMode: LocatedText?
    /// In the order of the file.
    package var jobs: [WorkflowJob] = []

    package var path: String { files.first ?? "" }
}

/// A text and where it stands.
package struct LocatedText: Hashable, Sendable {
    package var text: String
    /// `nil` for a text that stands in no file.
    package var place: TokenPlace?

    package init(_ text: String, _ place: TokenPlace?) {
        self.text = text
        self.place = place
    }
}

/// A condition, with a status function in it: what the file says, or `success() && (…)` around it.
package struct Condition: Hashable, Sendable {
    /// The source of an expression.
    package var source: String
    /// `nil` where the file has no `if`.
    package var place: TokenPlace?

    package static let success = Condition(source: "success()", place: nil)
}

package struct WorkflowJob: Sendable {
    package var id: LocatedText
    /// A string or an expression; the id where the file gives none.
    package var name: TemplateToken
    package var needs: [LocatedText] = []
    package var condition = Condition.success
    package var strategy: TemplateToken?
    package var concurrency: TemplateToken?
    package var cacheMode: LocatedText?
    /// The job's own, else the workflow's; `nil`: the policy of the repository.
    package var permissions: Permissions?
    package var work: JobWork
    /// Where the job's mapping begins.
    package var place: TokenPlace?

    package init(id: LocatedText, name: TemplateToken, work: JobWork) {
        self.id = id
        self.name = name
        self.work = work
    }
}

package enum JobWork: Sendable {
    case steps(StepsJob)
    case call(WorkflowCall)
}

/// What a job with steps has of its own.
package struct StepsJob: Sendable {
    package var runsOn: TemplateToken
    package var steps: [WorkflowStep] = []
    package var timeoutMinutes: TemplateToken?
    package var cancelTimeoutMinutes: TemplateToken?
    package var continueOnError: TemplateToken?
    package var env: TemplateToken?
    package var environment: TemplateToken?
    package var defaults: TemplateToken?
    package var container: TemplateToken?
    package var services: TemplateToken?
    package var outputs: TemplateToken?
    package var snapshot: TemplateToken?
}

/// A call of a reusable workflow, and what the called file says once it was read.
package struct WorkflowCall: Sendable {
    /// As written; a local path is completed by nothing.
    package var reference: LocatedText
    package var inputs: TemplateToken?
    package var secrets: TemplateToken?
    package var inheritsSecrets = false
    /// `nil` where no resolver was given or calls were not to be followed.
    package var called: CalledInterface?

    package init(reference: LocatedText) { self.reference = reference }
}

/// What a called workflow declares, and its jobs.
package struct CalledInterface: Sendable {
    /// Index into ``Workflow/files``.
    package var file: Int
    package var inputDefinitions: TemplateToken?
    package var secretDefinitions: TemplateToken?
    package var outputs: TemplateToken?
    package var env: TemplateToken?
    package var defaults: TemplateToken?
    package var concurrency: TemplateToken?
    package var jobs: [WorkflowJob] = []

    package init(file: Int) { self.file = file }
}
