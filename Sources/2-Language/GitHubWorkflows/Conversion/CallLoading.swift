// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Reads the workflows that a workflow calls, and checks each call against what the called file declares.
struct CallLoading {
    private let options: WorkflowOptions
    private let resolver: WorkflowOptions.Resolver
    var log: ReadingLog
    /// References of the calls around the one that is read.
    private var chain: [String] = []

    init(options: WorkflowOptions, resolver: @escaping WorkflowOptions.Resolver, log: ReadingLog) {
        self.options = options
        self.resolver = resolver
        self.log = log
    }

    /// Fills in ``WorkflowCall/called`` of each job; stops at the first call that fails.
    mutating func load(_ jobs: inout [WorkflowJob], depth: Int = 1) {
        for index in jobs.indices {
            guard case .call(var call) = jobs[index].work else { continue }
            load(&call, of: &jobs[index], depth)
            jobs[index].work = .call(call)
            if log.errorCount > 0 { return }
        }
    }

    private mutating func load(_ call: inout WorkflowCall, of job: inout WorkflowJob, _ depth: Int) {
        guard depth <= options.limits.callDepth else {
            log.error(
                .callTooDeep, "Nested reusable workflow depth exceeded \(options.limits.callDepth).",
                at: call.reference.place, remedy: tooDeepRemedy(call.reference.text))
            return
        }
        let caller = call.reference.place.map { log.files[$0.file] } ?? ""
        let found: CalledWorkflow?
        do {
            found = try resolver(call.reference.text, caller)
        } catch {
            log.error(
                .calledWorkflowFaulty,
                "The called workflow '\(call.reference.text)' cannot be read: \(error.diagnostic.message)",
                at: call.reference.place, remedy: error.diagnostic.remedy)
            return
        }
        guard let found else {
            if !options.requiresRemoteWorkflows, !CallReference.isLocal(call.reference.text) { return }
            log.error(
                .calledWorkflowMissing, "Unable to find reusable workflow '\(call.reference.text)'",
                at: call.reference.place)
            return
        }
        let start = log.diagnostics.count
        convert(found, &call, of: &job)
        // What is wrong further below stands at the call that leads there, in that call's own file, as on GitHub.
        blame(call.reference, caller: caller, from: start)
        guard log.errorCount == 0, var called = call.called else { return }
        chain.append(call.reference.text)
        load(&called.jobs, depth: depth + 1)
        chain.removeLast()
        call.called = called
    }

    private mutating func convert(_ found: CalledWorkflow, _ call: inout WorkflowCall, of job: inout WorkflowJob) {
        var reading = FileReading(options: options, log: log)
        let root = reading.read(found.text, path: found.path, as: WorkflowSchema.workflowRoot)
        log = reading.log
        guard options.limits.files == 0 || log.files.count <= options.limits.files else {
            log.error(
                .tooManyCalledFiles, "The maximum file count of \(options.limits.files) has been exceeded",
                at: call.reference.place)
            return
        }
        guard let root, log.errorCount == 0, let file = root.place?.file else { return }
        var conversion = WorkflowConversion(log: log)
        let workflow = conversion.workflow(root)
        log = conversion.log
        guard log.errorCount == 0 else { return }
        var called = CalledInterface(file: file)
        called.env = workflow.env
        called.defaults = workflow.defaults
        called.concurrency = workflow.concurrency
        called.jobs = workflow.jobs
        checkInterface(root, call, &called)
        var narrowing = PermissionNarrowing(job: job, reference: call.reference.text, isTrusted: found.isTrusted)
        narrowing.narrow(&called.jobs, workflow.permissions, options.permissionsPolicy)
        for message in narrowing.faults { log.error(.callPermissionExceeded, message, at: job.id.place) }
        if let requested = workflow.permissions { job.permissions = requested }
        call.called = called
    }

    /// Where the calls lead in a circle, how.
    private func tooDeepRemedy(_ reference: String) -> String? {
        guard let first = chain.firstIndex(of: reference) else { return nil }
        let circle = (chain[first...] + [reference]).prefix(12).map { "'\(QuotedText.cut($0))'" }
        return "The workflows call one another in a circle: remove one of the calls "
            + circle.joined(separator: " → ") + "."
    }

    /// Says of errors that stand in the called file where it was called.
    private mutating func blame(_ reference: LocatedText, caller: String, from start: Int) {
        log.rewrite(from: start) { diagnostic in
            guard diagnostic.severity == .error, let file = diagnostic.file, file != caller else { return diagnostic }
            var result = diagnostic
            result.code = .calledWorkflowFaulty
            result.message = "Error from called workflow \(DiagnosticText.gitHub(diagnostic))"
            result.file = caller
            result.position = reference.place?.position
            return result
        }
    }
}
