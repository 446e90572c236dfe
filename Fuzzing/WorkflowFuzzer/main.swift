// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows

/// What libFuzzer calls: any bytes are read as a workflow and as an action manifest, and neither may crash or hang.
///
/// A workflow that is read is also called by itself, so that calls, their inputs and permissions are walked.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWorkflow(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = Array(UnsafeBufferPointer(start: start, count: count))
    var options = WorkflowOptions()
    options.limits.callDepth = 2
    options.limits.jobs = 200
    options.resolver = { reference, _ in CalledWorkflow(text: text, path: "called/" + reference) }
    let result = WorkflowReader.read(text, path: "fuzzed.yml", options: options)
    let hasError = result.diagnostics.contains { $0.severity == .error }
    precondition((result.workflow == nil) == hasError, "a workflow is returned exactly where there is no error")
    for diagnostic in result.diagnostics { _ = DiagnosticText.gitHub(diagnostic) }
    _ = ActionManifestReader.read(text, path: "action.yml")
    return 0
}
