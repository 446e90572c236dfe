// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import HTTPMessages
import StructuredData
import Synchronization
package import Timekeeping

/// Sends spans to a collector, in batches, as OTLP over HTTP in JSON. Nobody waits for it: what cannot be sent is
/// dropped and counted.
///
/// Source of the rules: the OpenTelemetry protocol, "OTLP/HTTP": 429, 502, 503 and 504 are tried again, after what
/// `Retry-After` says; a connection that fails is too; everything else is final.
package final class TraceExporter: Sendable {
    private struct State {
        var waiting: [TraceSpan] = []
        var counts = TraceCounts()
        /// The same trouble is told of once.
        var trouble: DiagnosticCode?
        var isFinished = false
    }

    private enum Verdict {
        case taken(rejected: Int, why: String)
        case again(after: Int64?, why: String)
        case refused(String)
    }

    private let destination: TraceDestination
    private let frame: (head: [UInt8], tail: [UInt8])
    private let limits: TraceLimits
    private let transport: HTTPTransport
    private let pause: @Sendable (Timestamp.Span) async -> Void
    private let onTrouble: @Sendable (Diagnostic) -> Void
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - pause: waits; ends early where the task is cancelled.
    ///   - onTrouble: told when something begins to go wrong, not each time it does.
    package init(
        _ destination: TraceDestination, service: TraceService, limits: TraceLimits = TraceLimits(),
        transport: @escaping HTTPTransport, pause: @escaping @Sendable (Timestamp.Span) async -> Void = standardPause,
        onTrouble: @escaping @Sendable (Diagnostic) -> Void = { _ in }
    ) {
        self.destination = destination
        self.limits = limits
        self.transport = transport
        self.pause = pause
        self.onTrouble = onTrouble
        frame = SpanText.frame(service)
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package static let standardPause: @Sendable (Timestamp.Span) async -> Void = { span in
        // A cancelled pause ends early, which is what is wanted.
        try? await Task.sleep(for: .milliseconds(span.milliseconds))
    }

    package var counts: TraceCounts { state.withLock(\.counts) }

    /// Takes a span; never waits.
    package func record(_ span: TraceSpan) {
        let isFirstDrop = state.withLock { state in
            guard state.waiting.count < limits.waitingSpans, !state.isFinished else {
                state.counts.droppedFull += 1
                return state.counts.droppedFull == 1
            }
            state.waiting.append(span)
            return false
        }
        wake.yield()
        guard isFirstDrop else { return }
        onTrouble(
            Diagnostic(
                .tracesDropped, "More than \(limits.waitingSpans) spans wait to be sent; others are dropped.",
                severity: .warning, remedy: "Check that the collector at \(destination.url) is fast enough."))
    }

    /// Sends what comes until ``finish()`` is called or the task is cancelled. To be run once.
    package func run() async {
        for await _ in wakes {
            await pause(.milliseconds(limits.gatherMilliseconds))
            await sendAll()
            if Task.isCancelled { break }
        }
        await sendAll()
        let rest = state.withLock { state in
            let rest = state.waiting.count
            state.waiting = []
            return rest
        }
        if rest > 0 { count { $0.notDelivered += rest } }
    }

    /// No more spans are taken; ``run()`` tries once to send what is there, and ends.
    package func finish() {
        state.withLock { $0.isFinished = true }
        wake.finish()
    }

    // MARK: sending

    private func sendAll() async {
        while !Task.isCancelled, let batch = nextBatch() {
            await send(batch.body, spans: batch.spans)
        }
    }

    private func nextBatch() -> (body: [UInt8], spans: Int)? {
        let spans = state.withLock { Array($0.waiting.prefix(limits.batchSpans)) }
        guard !spans.isEmpty else { return nil }
        let text = SpanText(limits: limits)
        var body = frame.head
        var taken = 0
        // One is sent however large it is: it would be in the way for ever.
        for span in spans where taken == 0 || body.count < limits.batchBytes {
            if taken > 0 { body.append(UInt8(ascii: ",")) }
            text.append(span, to: &body)
            taken += 1
        }
        body += frame.tail
        // Only this task takes spans away.
        state.withLock { $0.waiting.removeFirst(taken) }
        return (body, taken)
    }

    private func send(_ body: [UInt8], spans: Int) async {
        var headers = destination.headers
        headers["Content-Type"] = "application/json"
        let call = HTTPCall("POST", destination.url, headers: headers, body: body)
        var pauseMilliseconds = limits.firstPauseMilliseconds
        var attempt = 1
        while true {
            switch await attemptOnce(call) {
            case .taken(let rejected, let why):
                count {
                    $0.sent += spans - min(spans, rejected)
                    $0.refused += min(spans, rejected)
                }
                if rejected > 0 { tell(.tracesRefused, why) } else { state.withLock { $0.trouble = nil } }
                return
            case .refused(let why):
                count { $0.refused += spans }
                return tell(.tracesRefused, why)
            case .again(let after, let why):
                let isLast = attempt >= limits.attempts || state.withLock(\.isFinished) || Task.isCancelled
                guard !isLast else {
                    count { $0.notDelivered += spans }
                    return tell(.tracesNotDelivered, why)
                }
                await pause(.milliseconds(min(after ?? pauseMilliseconds, limits.longestPauseMilliseconds)))
                pauseMilliseconds = min(pauseMilliseconds * 2, limits.longestPauseMilliseconds)
                attempt += 1
            }
        }
    }

    private func attemptOnce(_ call: HTTPCall) async -> Verdict {
        do throws(DiagnosticError) {
            let answer = try await transport(call)
            switch answer.status {
            case 200...299: return Self.taken(answer.body)
            case 429, 502, 503, 504:
                let seconds = answer.headers["Retry-After"].flatMap { Int64($0) }.map { max(0, min($0, 86_400)) }
                return .again(after: seconds.map { $0 * 1000 }, why: "its answer is \(answer.status)")
            default: return .refused("its answer is \(answer.status)")
            }
        } catch {
            return .again(after: nil, why: error.diagnostic.message)
        }
    }

    /// An answer of success may still reject some spans.
    private static func taken(_ body: [UInt8]) -> Verdict {
        let partial = (try? DataValue(json: body))?["partialSuccess"]
        let rejected = partial?["rejectedSpans"].flatMap { $0.int ?? $0.string.flatMap { Int($0) } } ?? 0
        let why = partial?["errorMessage"]?.string ?? "it gives no reason"
        return .taken(rejected: max(0, rejected), why: why.cut(toBytes: 500))
    }

    private func count(_ change: (inout TraceCounts) -> Void) {
        state.withLock { change(&$0.counts) }
    }

    private func tell(_ code: DiagnosticCode, _ why: String) {
        let isNew = state.withLock { state in
            defer { state.trouble = code }
            return state.trouble != code
        }
        guard isNew else { return }
        let what = code == .tracesRefused ? "does not take spans" : "cannot be reached; spans are dropped"
        onTrouble(
            Diagnostic(
                code, "The collector at \(destination.url) \(what): \(why).", severity: .warning,
                remedy: "Check its address, its token, and that it takes OTLP over HTTP in JSON."))
    }
}
