// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import Timekeeping

/// Those that wait for what becomes of what they asked for.
extension TriggerDesk {
    /// Asks for something, or for what became of it, and waits until it is dealt with.
    func finished(_ cause: TriggerCause, id: String, of project: String) async throws -> [DeliveryNote] {
        let stream = DeliveryLog.stream(project, id)
        let line = line(project)
        let isNew = try receive(cause, id: id, on: line)
        var delivery = try log.delivery(stream)
        if !isNew, case .failed(let diagnostic, retryAt: nil)? = delivery?.state, !Self.isFinal(diagnostic) {
            // What stood in its way may be gone: whoever asks again wants it tried again.
            try redeliver(id, of: project, by: cause.actor ?? "")
            delivery = try log.delivery(stream)
        }
        var hasWaited = false
        while true {
            switch delivery?.state {
            case .worked(let notes, _): return notes
            case .failed(let diagnostic, retryAt: nil): throw DiagnosticError(diagnostic)
            // An earlier process took it in, or whoever asked has gone: it is tried now, and not when it would be due.
            case .failed: hurry(stream, on: line)
            case .waiting where !hasWaited: break
            case .waiting, nil: throw Self.unknown(id)
            }
            hasWaited = true
            guard !isStopping else { throw Self.stopping }
            delivery = try await withCheckedThrowingContinuation { waiters[stream, default: []].append($0) }
        }
    }

    /// What became of it could not be written down.
    private static func unknown(_ id: String) -> DiagnosticError {
        DiagnosticError(
            .deliveryUndecided, "What was asked for as '\(id.prefix(100))' is not dealt with yet.",
            remedy: "Ask again with the same Idempotency-Key: nothing is begun twice.")
    }

    /// Tries a delivery now that is to be tried again later.
    func hurry(_ stream: StreamID, on line: DeskLine) {
        let isFirst =
            if case .delivery(stream)? = line.tasks.first?.kind { true } else { false }
        guard isFirst, !line.isBusy else { return }
        line.retryAt = nil
        pump(line)
    }

    /// Whoever waits is told after the first try.
    func answer(_ known: [CheckedContinuation<Delivery, any Error>], _ stream: StreamID) {
        do throws(DiagnosticError) {
            guard let delivery = try log.delivery(stream) else {
                throw DiagnosticError(.deliveryMissing, "The delivery '\(stream)' is gone.")
            }
            for waiter in known { waiter.resume(returning: delivery) }
        } catch {
            for waiter in known { waiter.resume(throwing: error) }
        }
    }
}
