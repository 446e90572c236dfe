// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
internal import ProcessControl
internal import RunEngine
package import StepExecution

/// Somebody who stops a run before its steps. All calls come from the run's thread.
package struct RunDebugger {
    /// A descriptor that is readable when there is something for ``readInput``.
    package var input: Int32
    package var readInput: (RunDebugControl) -> Void
    /// Whether the step runs at once is decided by calling its `proceed`.
    package var stopped: (JobID, StoppedStep) -> Void

    package init(
        input: Int32, readInput: @escaping (RunDebugControl) -> Void, stopped: @escaping (JobID, StoppedStep) -> Void
    ) {
        self.input = input
        self.readInput = readInput
        self.stopped = stopped
    }
}

/// What a debugger may do to a run.
package struct RunDebugControl {
    /// Cancels the run; steps that stand have to be let go by whoever stopped them.
    package let cancel: () -> Void
    /// Nothing more is to be read.
    package let stopReading: () -> Void
}

extension RunSession {
    func attachDebugger() {
        guard let debugger = settings.debugger else { return }
        var token: PollerLoop.Token?
        let control = RunDebugControl(
            cancel: { [weak self] in self?.cancel(.soft, "It was ended from the debugger.") },
            stopReading: { [weak self] in
                if let known = token { self?.loop.remove(known) }
                token = nil
            })
        token = loop.watch(debugger.input) { _ in debugger.readInput(control) }
    }
}
