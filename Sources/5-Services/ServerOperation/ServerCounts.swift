// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import EventJournal
internal import PipelineModel
internal import RetentionRules
package import RunCoordination
internal import Synchronization
package import Telemetry

/// Counts what happens on a server, for its metrics.
package final class ServerCounts: Sendable {
    package let metrics: MetricsRegistry
    /// Of the last reading.
    private let census = Mutex(ServingCensus())
    private let disk = Mutex<UInt64?>(nil)

    init(version: String) {
        metrics = ServerMetrics.registry(version: version)
        metrics.read(ServerMetrics.jobs) { [weak self] in self?.jobs() ?? [] }
        metrics.read(ServerMetrics.runners) { [weak self] in self?.runners() ?? [] }
        metrics.read(ServerMetrics.diskFree) { [weak self] in
            self?.disk.withLock { $0 }.map { [MetricSample([], Double($0))] } ?? []
        }
        metrics.read(ServerMetrics.runnerCapacity) { [weak self] in self?.groups { Double($0.capacity) } ?? [] }
        metrics.read(ServerMetrics.runnerBusy) { [weak self] in self?.groups { Double($0.busy) } ?? [] }
    }

    /// What is to be read next.
    func take(_ census: ServingCensus) { self.census.withLock { $0 = census } }

    // MARK: what happens

    func note(_ change: RunChange) {
        let trigger = change.record.plan.trigger.event
        switch change.kind {
        case .began: metrics.add(to: ServerMetrics.runsStarted, [trigger])
        case .finished(let conclusion):
            metrics.add(to: ServerMetrics.runsFinished, [trigger, conclusion.rawValue])
            guard let start = change.startedAt else { return }
            metrics.observe(
                Double(max(0, change.at - start)) / 1_000, in: ServerMetrics.runSeconds, [conclusion.rawValue])
        case .held, .gated, .running: break
        }
    }

    func note(_ change: JobChange) {
        metrics.add(to: ServerMetrics.jobsFinished, [change.conclusion.rawValue])
        guard let start = change.startedAt else { return }
        metrics.observe(
            Double(max(0, change.at - start)) / 1_000, in: ServerMetrics.jobSeconds, [change.conclusion.rawValue])
    }

    func note(_ note: ServingNote) {
        switch note {
        case .jobAssigned(let label, let waited):
            metrics.observe(Double(waited) / 1_000, in: ServerMetrics.queueSeconds, [Self.label(label)])
        case .leaseLost(let isReturned):
            metrics.add(to: ServerMetrics.leasesLost, [isReturned ? "queued_again" : "job_failed"])
        case .runnerLost(let group): metrics.add(to: ServerMetrics.runnersLost, [Self.group(group)])
        case .logReceived(let bytes): metrics.add(Double(bytes), to: ServerMetrics.logBytes)
        }
    }

    func note(_ append: AppendNote) {
        metrics.add(to: ServerMetrics.journalAppends, [append.outcome.rawValue])
        guard append.outcome == .stored else { return }
        metrics.observe(append.duration / .seconds(1), in: ServerMetrics.journalSeconds)
    }

    func noteWebhook(_ forge: String, _ outcome: String) {
        metrics.add(to: ServerMetrics.webhooks, [forge, outcome])
    }

    func noteDelivery(_ kind: String, _ outcome: String) {
        metrics.add(to: ServerMetrics.deliveries, [kind, outcome])
    }

    func note(_ report: Housekeeping.Report) {
        for removal in report.removals { metrics.add(to: ServerMetrics.removed, [removal.part.rawValue]) }
        for (kind, count) in [("stream", report.streams), ("artifact", report.artifacts), ("cache", report.caches)]
        where count > 0 { metrics.add(Double(count), to: ServerMetrics.removed, [kind]) }
        metrics.add(Double(report.freedBytes), to: ServerMetrics.freedBytes)
    }

    func note(freeBytes: UInt64) { disk.withLock { $0 = freeBytes } }

    // MARK: what there is

    private func jobs() -> [MetricSample] {
        census.withLock(\.jobs).map { MetricSample([$0.state.rawValue, Self.label($0.label)], Double($1)) }
    }

    private func runners() -> [MetricSample] {
        census.withLock(\.runners).flatMap { name, group in
            [
                MetricSample([Self.group(name), "online"], Double(group.online)),
                MetricSample([Self.group(name), "offline"], Double(group.offline)),
            ]
        }
    }

    private func groups(_ value: (ServingCensus.RunnerGroup) -> Double) -> [MetricSample] {
        census.withLock(\.runners).map { MetricSample([Self.group($0)], value($1)) }
    }

    private static func group(_ name: String) -> String { name.isEmpty ? RunnerTraits.standardGroup : name }

    private static func label(_ label: String) -> String { label.isEmpty ? "none" : label }
}

extension Server {
    /// What a scrape gets.
    package func metricsText(_ format: MetricFormat) async -> String {
        counts.take(await runs.census)
        return counts.metrics.text(format)
    }
}
