// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import PipelineModel
internal import ProcessControl
internal import RunEngine
internal import StepExecution

/// What other processes of this user may say to the one that drives a run: a word a line, through a pipe in the run's
/// folder.
package enum RunControl {
    package enum Word: String, CaseIterable, Sendable {
        case cancel
        /// Without waiting for what steps do when they are cancelled.
        case cancelByForce = "cancel force"
        /// The concurrency groups of the repository have something for this run.
        case lookAtGroups = "groups"
    }

    /// Whether a process drives the run now.
    package static func isDriven(_ run: RunID, of store: RunStore) -> Bool {
        NamedPipe.isListened(at: path(run, of: store))
    }

    static func path(_ run: RunID, of store: RunStore) -> String { store.folder(of: run) + "/control" }

    /// - Returns: `false` where nobody drives the run.
    @discardableResult
    package static func say(_ word: Word, to run: RunID, of store: RunStore) -> Bool {
        NamedPipe.say(word.rawValue, at: path(run, of: store))
    }
}

extension RunSession {
    /// Listens to what is said to this run, until it is over.
    func listen() throws(DiagnosticError) {
        let pipe = try NamedPipe(listeningAt: RunControl.path(run, of: store))
        _ = loop.watch(pipe.descriptor) { [weak self] _ in
            for line in pipe.lines() { self?.hear(line) }
        }
    }

    private func hear(_ line: String) {
        switch RunControl.Word(rawValue: line) {
        case .cancel: cancel(.soft, "It was cancelled with `martlet cancel`.")
        case .cancelByForce: cancel(.force, "It was cancelled by force with `martlet cancel`.")
        case .lookAtGroups: lookAtGroups()
        // Of a newer version; nothing this one could do.
        case nil: break
        }
    }

    func cancel(_ level: CancelLevel, _ text: String) {
        enqueue(.run(.cancelRequested(.run, level, Reason(.cancelled, text))))
        answerPauses()
        drain()
    }
}
