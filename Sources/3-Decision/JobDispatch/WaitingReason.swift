// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import PipelineModel
package import RunnerProtocol

/// Why a job waits for a runner, in a sentence.
extension DispatchTable {
    /// `nil` where it does not wait.
    package func waitingReason(of work: JobTry, at now: Int64) -> Reason? {
        guard let demand = demand(work) else { return nil }
        return Reason(.capacity, sentence(demand, before: before(work) ?? 0, now))
    }

    private func sentence(_ demand: JobDemand, before: Int, _ now: Int64) -> String {
        if let runner = demand.runner { return pinned(runner, now) }
        let all = runners.values.filter { $0.offering.group == demand.group }
        guard !all.isEmpty else {
            return demand.group.isEmpty
                ? "No runner is registered." : "No runner is registered in the group '\(demand.group)'."
        }
        let labels = Set(demand.labels)
        let able = all.filter { $0.has(labels) }
        guard !able.isEmpty else { return unknownLabel(demand, all) }
        let noun = Self.noun(able.count, demand.labels)
        let awake = able.filter { $0.isConnected(at: now) }
        guard !awake.isEmpty else {
            let last = able.compactMap(\.heardAt).max()
            let since = last.map { "the last word came \(Self.span(now - $0)) ago" } ?? "none was heard of yet"
            return "\(noun), and \(able.count == 1 ? "it is" : "none is") not connected: \(since)."
        }
        let working = awake.filter { !$0.isPaused }
        guard !working.isEmpty else { return "\(noun), paused." }
        let willing = working.filter { $0.refusal == nil }
        if willing.isEmpty, let refusal = working.lazy.compactMap(\.refusal).min() { return "\(noun); \(refusal)" }
        let holdbacks = willing.compactMap { $0.holdback(project: demand.project, labels: labels) }
        if holdbacks.count == willing.count, let reason = holdbacks.min() { return "\(noun); \(reason)" }
        // Some of what a runner has may be another server's: its own word counts that.
        let busy = working.filter { $0.free == 0 || holds($0.id).count >= $0.offering.capacity }
        guard busy.count == working.count else { return "It is about to be given to a runner." }
        let who = working.count == 1 ? "it is busy" : working.count == 2 ? "both are busy" : "all are busy"
        return "\(noun); \(who)\(place(before))\(forecast(working, before, now))."
    }

    private func pinned(_ id: String, _ now: Int64) -> String {
        guard let runner = runners[id] else { return "The runner that has its earlier steps' files is gone." }
        let name = "The runner '\(runner.offering.name)' has its earlier steps' files, and"
        return runner.isConnected(at: now) ? "\(name) is busy." : "\(name) is not connected."
    }

    /// A label that nobody has, and the one that was most likely meant.
    private func unknownLabel(_ demand: JobDemand, _ all: [DispatchRunner]) -> String {
        let known = all.reduce(into: Set<String>()) { $0.formUnion($1.labels) }
        guard let missing = demand.labels.first(where: { label in !all.contains { $0.has(label) } }) else {
            return "No single runner has all the labels \(Self.list(demand.labels))."
        }
        let near = NearestName.find(missing, among: known.sorted()).map { "; the nearest is '\($0)'" } ?? ""
        return "No runner has the label '\(missing)'\(near)."
    }

    private func place(_ before: Int) -> String {
        before == 0 ? "" : ", and \(before) \(before == 1 ? "job stands" : "jobs stand") before it"
    }

    /// By what such jobs took before; nothing where that is not known of each.
    private func forecast(_ runners: [DispatchRunner], _ before: Int, _ now: Int64) -> String {
        let ends = runners.flatMap { holds($0.id) }.map { lease in
            lease.demand.expectedMs.map { max(0, lease.since + $0 - now) }
        }
        let known = ends.compactMap { $0 }.sorted()
        guard known.count == ends.count, before < known.count else { return "" }
        return "; the next is free in about \(Self.span(known[before]))"
    }

    private static func noun(_ count: Int, _ labels: [String]) -> String {
        let what =
            labels.isEmpty
            ? "any label" : labels.count == 1 ? "the label \(list(labels))" : "the labels \(list(labels))"
        return count == 1 ? "1 runner has \(what)" : "\(count) runners have \(what)"
    }

    private static func list(_ labels: [String]) -> String { labels.map { "'\($0)'" }.joined(separator: ", ") }

    private static func span(_ milliseconds: Int64) -> String {
        let seconds = max(1, (milliseconds + 999) / 1000)
        if seconds < 60 { return "\(seconds) s" }
        let minutes = (seconds + 30) / 60
        return minutes < 120 ? "\(minutes) min" : "\(minutes / 60) h"
    }
}
