// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StepExecution

/// Steps that failed and wait for somebody to look at them: one at a time has the terminal.
extension RunSession {
    struct WaitingPause {
        let paused: PausedStep
        let answer: (PauseAnswer) -> Void
    }

    func pause(_ paused: PausedStep, _ answer: @escaping (PauseAnswer) -> Void) {
        guard !isGivenUp else { return answer(.goOn) }
        pauses.append(WaitingPause(paused: paused, answer: answer))
        if pauses.count == 1 { askNext() }
    }

    private func askNext() {
        guard let next = pauses.first, let ask = settings.pause else { return }
        passOn()
        let paused = next.paused
        loop.offload {
            ask(paused)
        } then: { (choice: PauseChoice) in
            // A cancellation has answered all of them.
            guard !self.pauses.isEmpty else { return }
            self.pauses.removeFirst()
            if choice == .abort {
                self.isGivenUp = true
                self.cancel(.soft, "It was given up after its failure was looked at.")
            }
            next.answer(choice == .retry ? .retry : .goOn)
            self.askNext()
        }
    }

    /// The run is cancelled: nothing waits any more.
    func answerPauses() {
        isGivenUp = true
        let waiting = pauses
        pauses = []
        for pause in waiting { pause.answer(.goOn) }
    }
}

/// What somebody decided who looked at a failed step.
package enum PauseChoice: Hashable, Sendable {
    case goOn
    case retry
    /// The run is cancelled.
    case abort
}
