// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunCoordination
internal import StepExecution

/// Shows a run while it goes on: events for programs, a live tree on a terminal, prefixed lines elsewhere.
final class RunView {
    private enum Kind {
        case json(JSONRunView)
        case live(LiveRunView)
        case plain(PlainRunView)
    }

    private let kind: Kind
    private let summary: RunSummaryView

    static func make(_ console: Console, json: Bool) -> RunView {
        let kind: Kind =
            if json { .json(JSONRunView(console)) } else if console.isLive { .live(LiveRunView(console)) } else {
                .plain(PlainRunView(console))
            }
        return RunView(kind, RunSummaryView(console))
    }

    private init(_ kind: Kind, _ summary: RunSummaryView) {
        self.kind = kind
        self.summary = summary
    }

    var observer: RunObserver {
        RunObserver(update: { self.take($0) }, output: { self.take($1, of: $0) })
    }

    private func take(_ update: RunUpdate) {
        summary.note(update)
        switch kind {
        case .json(let view): view.take(update)
        case .live(let view): view.take(update)
        case .plain(let view): view.take(update)
        }
    }

    private func take(_ output: UnsafeRawBufferPointer, of place: StepPlace) {
        switch kind {
        case .json(let view): view.take(output, of: place)
        case .live(let view): view.take(output, of: place)
        case .plain(let view): view.take(output, of: place)
        }
    }

    /// After the run's end: what failed comes last, with what to do next.
    func finish(store: RunStore) {
        if case .json = kind { return }
        summary.show(store: store)
    }
}
