// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
package import ProcessControl
package import StructuredData

/// An action that is built in. Called on the loop's thread; it must not block there.
///
/// - Returns: what to call when the step is cancelled; the action then completes soon.
package typealias NativeAction = (NativeActionCall) -> (() -> Void)

/// What a native action is called with.
package struct NativeActionCall {
    package var attempt: StepAttempt
    /// As the step names the action.
    package var reference: ActionReference
    /// The part of the action that runs; `nil`: the main one.
    package var stage: ActionHook.Stage?
    /// What earlier parts of the action left for this one.
    package var state: [FileCommandPairs.Pair]
    /// As given or by default, in order.
    package var inputs: [FileCommandPairs.Pair]
    package var workspace: String
    package var temporary: String
    /// `RUNNER_TOOL_CACHE`.
    package var toolCache: String
    /// The step's `env` context.
    package var environment: OrderedVariables
    /// The job's steps run in a container, and the action outside of it: paths are translated both ways.
    package var isContained: Bool
    /// `PATH` as a process of the step would have it, unless that is a container's; and `HOME`.
    package var searchPath: String
    package var home: String
    /// The step's `github` context.
    package var github: DataObject
    package var loop: PollerLoop
    /// Asked when the step is cancelled.
    package let stop = NativeStop()
    /// A line of output; redacted. Nothing after `complete`.
    package var line: (String) -> Void
    package var mark: (LogMark) -> Void
    /// A text as a log would show it.
    package var redacted: (String) -> String
    /// What later steps get beside the outputs; before `complete`, and also where that is a failure.
    package var handOn: (NativeHandover) -> Void
    /// The action's part after the job's last step is to run.
    package var askForPost: () -> Void
    /// To be called once, on the loop's thread.
    package var complete: (NativeActionOutcome) -> Void

    /// An input whose name is this one, whatever its case.
    package func input(_ name: String) -> String? {
        inputs.first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }
}

/// What a step that runs a native action hands on.
package struct NativeHandover: Hashable, Sendable {
    package var outputs: [FileCommandPairs.Pair] = []
    /// For the action's own later parts.
    package var state: [FileCommandPairs.Pair] = []
    package var environment: [FileCommandPairs.Pair] = []
    /// To be put before `PATH`, first mentioned first.
    package var paths: [String] = []

    package init() {}
}

package enum NativeActionOutcome: Sendable {
    case success(outputs: [FileCommandPairs.Pair])
    case failure(Diagnostic)
    case cancelled
}
