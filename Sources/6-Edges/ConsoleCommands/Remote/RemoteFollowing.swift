// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StepExecution
internal import StructuredData
internal import TerminalRendering

/// Shows a run on a server while it goes on. An interrupt ends the showing; the run goes on.
struct RemoteFollowing {
    private enum News: Sendable {
        case item(RunFollower.Item)
        case ended(ServerError?)
        case interrupted
    }

    let target: RemoteTarget
    let run: Int
    let attempt: Int
    let console: Console

    /// Shows it as a local run is shown.
    func show(json: Bool) throws -> RunOutcome {
        let view = RunView.make(console, json: json)
        var outcome: RunOutcome?
        var names: [String: String] = [:]
        try follow(.all) { item in
            switch item {
            case .line(let place, let line):
                guard let step = StepPlace(place) else { return }
                (line + [0x0A]).withUnsafeBytes { view.take($0, of: step) }
            case .update(let object):
                if let job = object["job"]?.string, let name = object["name"]?.string, object["step"] == nil {
                    names[job] = name
                }
                guard let update = RunUpdate(object: object, jobName: { names[$0] ?? $0 }) else { return }
                if case .runFinished(let found) = update { outcome = found }
                view.take(update)
            }
        } interrupted: {
            view.leave()
        }
        guard let outcome else {
            // Whoever read it has gone.
            if console.out.isClosed { throw ExitStatus.error.exit }
            throw endless()
        }
        view.finish(at: target.suffix) { place, count in
            let log = RunTelling.Place(
                job: place.job.text, step: place.attempt.step.description, attempt: place.attempt.number)
            let (run, attempt) = (run, attempt)
            return
                (try? target.ask { server in
                    try await RemoteLog(server, run: run, attempt: attempt, place: log).tail(count)
                }) ?? []
        }
        return outcome
    }

    /// Gives everything, on this thread.
    func follow(
        _ logs: RunFollower.Logs, _ body: (RunFollower.Item) throws -> Void, interrupted: () -> Void
    ) throws {
        let handover = Handover<News>()
        StopSignals.watch { handover.push(.interrupted) }
        let follower = RunFollower(target.server, run: run, attempt: attempt, logs: logs)
        let task = Task {
            do throws(ServerError) {
                try await follower.follow { await handover.put(.item($0)) }
                handover.push(.ended(nil))
            } catch {
                handover.push(.ended(error))
            }
        }
        defer { task.cancel() }
        while !console.out.isClosed {
            for news in handover.take() {
                switch news {
                case .item(let item): try body(item)
                case .ended(let error):
                    if let error { throw error }
                    return
                case .interrupted:
                    interrupted()
                    console.err.writeLine(
                        "Run \(run) goes on. Follow it: martlet logs \(run) -f\(target.suffix)  "
                            + "Cancel it: martlet cancel \(run)\(target.suffix)")
                    throw ExitStatus.interrupted.exit
                }
            }
            console.out.flush()
        }
    }

    private func endless() -> DiagnosticError {
        DiagnosticError(
            .serverAnswerForeign, "The server did not say how run \(run) ended.",
            remedy: "See it with: martlet why \(run)\(target.suffix)")
    }
}

extension StepPlace {
    init?(_ place: RunTelling.Place) {
        guard let step = StepPath(place.step) else { return nil }
        self.init(job: JobID(place.job), attempt: StepAttempt(step: step, number: place.attempt))
    }
}
