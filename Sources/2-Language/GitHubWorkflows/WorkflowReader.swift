// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Reads workflow files as GitHub does.
package enum WorkflowReader {
    /// What came of a reading.
    package struct Result: Sendable {
        /// `nil` where there is an error among ``diagnostics``.
        package var workflow: Workflow?
        /// In the order in which they were found; those of called workflows stand at the call.
        package var diagnostics: [Diagnostic]
    }

    /// Reads a workflow, and those it calls where the options have a resolver.
    ///
    /// - Parameters:
    ///   - text: The bytes of the file.
    ///   - path: Its name in messages, as a rule relative to the repository's root.
    package static func read(
        _ text: [UInt8], path: String, options: WorkflowOptions = WorkflowOptions()
    ) -> Result {
        var reading = FileReading(options: options, log: ReadingLog(limits: options.limits))
        guard let root = reading.read(text, path: path, as: WorkflowSchema.workflowRoot),
            reading.log.errorCount == 0
        else { return Result(workflow: nil, diagnostics: reading.log.diagnostics) }
        var conversion = WorkflowConversion(log: reading.log)
        var workflow = conversion.workflow(root)
        for index in workflow.jobs.indices where workflow.jobs[index].permissions == nil {
            workflow.jobs[index].permissions = workflow.permissions
        }
        var log = conversion.log
        if log.errorCount == 0, let resolver = options.resolver {
            var calls = CallLoading(options: options, resolver: resolver, log: log)
            calls.load(&workflow.jobs)
            log = calls.log
        }
        workflow.files = log.files
        return Result(workflow: log.errorCount == 0 ? workflow : nil, diagnostics: log.diagnostics)
    }
}
