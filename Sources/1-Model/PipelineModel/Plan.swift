// SPDX-License-Identifier: Apache-2.0

public import StructuredData

/// What one workflow would run for one trigger, and why: a graph of jobs, immutable, content-addressed.
///
/// Every dialect compiles to it; the machine, the executors, the local run and the server all read only this.
public struct Plan: Hashable, Sendable {
    /// Path of the file relative to the repository's root: `.github/workflows/ci.yml`.
    public var workflowPath: String
    /// The file's `name`, else its path.
    public var workflowName: String
    public var runName: TemplateValue?
    public var trigger: Trigger
    public var env: TemplateValue?
    public var concurrency: TemplateValue?
    /// In the order of the file; a called workflow's jobs right after their caller.
    public var jobs: [PlannedJob]

    public init(workflowPath: String, workflowName: String, trigger: Trigger, jobs: [PlannedJob]) {
        self.workflowPath = workflowPath
        self.workflowName = workflowName
        self.trigger = trigger
        self.jobs = jobs
    }
}

/// What starts a run.
public struct Trigger: Hashable, Sendable {
    /// `push`, `pull_request`, …
    public var event: String
    /// `refs/heads/main`; `nil` outside a repository.
    public var ref: String?
    /// Typed values of dispatch inputs.
    public var inputs: DataObject

    public init(event: String, ref: String? = nil, inputs: DataObject = DataObject()) {
        self.event = event
        self.ref = ref
        self.inputs = inputs
    }
}
