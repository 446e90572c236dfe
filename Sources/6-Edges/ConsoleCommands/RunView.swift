// SPDX-License-Identifier: Apache-2.0

internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import StepExecution
internal import TerminalRendering

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
        return RunView(kind, RunSummaryView(console), console)
    }

    private let console: Console

    private init(_ kind: Kind, _ summary: RunSummaryView, _ console: Console) {
        self.kind = kind
        self.summary = summary
        self.console = console
    }

    /// While the run goes on, nothing that is written waits for whoever reads it.
    var observer: RunObserver {
        let out = console.out
        out.holdsBack = true
        let outlet = RunOutlet(descriptor: out.descriptor) {
            out.writeAvailable()
            return out.pendingBytes == 0
        } isCongested: {
            out.isCongested
        }
        return RunObserver(update: { self.take($0) }, output: { self.take($1, of: $0) }, outlet: outlet)
    }

    func take(_ update: RunUpdate) {
        summary.note(update)
        switch kind {
        case .json(let view): view.take(update)
        case .live(let view): view.take(update)
        case .plain(let view): view.take(update)
        }
    }

    func take(_ output: UnsafeRawBufferPointer, of place: StepPlace) {
        switch kind {
        case .json(let view): view.take(output, of: place)
        case .live(let view): view.take(output, of: place)
        case .plain(let view): view.take(output, of: place)
        }
    }

    /// After the run's end: what failed comes last, with what to do next.
    func finish(store: RunStore) {
        console.out.holdsBack = false
        if case .json = kind { return }
        let (run, attempt) = (summary.run, summary.attempt)
        summary.show { place, count in
            let key = LogKey(
                job: RunStore.fileName(place.job), step: place.attempt.step.description,
                attempt: place.attempt.number)
            let path = store.logs(of: run, attempt: attempt).file(key)
            return ((try? LogReader(path: path).tail(count)) ?? []).map(\.text)
        }
    }

    /// ``finish(store:)`` of a run on a server.
    ///
    /// - Parameters:
    ///   - place: what is written behind commands.
    ///   - tail: the last lines of a step's log.
    func finish(at place: String, tail: (StepPlace, Int) -> [[UInt8]]) {
        if case .json = kind { return }
        summary.show(at: place, tail: tail)
    }

    /// Nobody follows any more, and the run goes on: what is redrawn in place goes away.
    func leave() {
        if case .live(let view) = kind { view.leave() }
        console.flush()
    }
}
