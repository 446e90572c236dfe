// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// All series of one metric.
final class MetricFamily: Sendable {
    struct Series {
        var value = 0.0
        /// Values up to each bound and above the one before, for a histogram; the last one counts those above all.
        var buckets: [UInt64] = []
        var count: UInt64 = 0
    }

    private struct State {
        var series: [[String]: Series] = [:]
        /// Values that were counted in the series of overflow.
        var overflow: UInt64 = 0
        var readers: [@Sendable () -> [MetricSample]] = []
    }

    /// Of a label's value; a longer one is cut.
    static let labelBytes = 200
    static let overflowText = "overflow"

    let definition: MetricDefinition
    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ definition: MetricDefinition) {
        self.definition = definition
        if case .histogram(let bounds) = definition.kind { self.bounds = bounds } else { bounds = [] }
        var state = State()
        // A metric without labels is there from the start: its rate is then known from the first event on.
        if definition.labels.isEmpty { state.series[[]] = Series(buckets: Self.noCounts(bounds)) }
        self.state = Mutex(state)
    }

    private static func noCounts(_ bounds: [Double]) -> [UInt64] {
        bounds.isEmpty ? [] : [UInt64](repeating: 0, count: bounds.count + 1)
    }

    func add(_ amount: Double, _ labels: [String]) { change(labels) { $0.value += amount } }

    func set(_ value: Double, _ labels: [String]) { change(labels) { $0.value = value } }

    func observe(_ value: Double, _ labels: [String]) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        change(labels) {
            $0.value += value
            $0.count += 1
            $0.buckets[bucket] += 1
        }
    }

    func read(by reader: @escaping @Sendable () -> [MetricSample]) {
        state.withLock { $0.readers.append(reader) }
    }

    var overflow: UInt64 { state.withLock(\.overflow) }

    private func change(_ labels: [String], _ body: (inout Series) -> Void) {
        precondition(labels.count == definition.labels.count, "\(definition.name) has other labels")
        let labels = Self.bounded(labels)
        state.withLock { state in
            if state.series[labels] == nil, state.series.count >= definition.seriesLimit {
                state.overflow += 1
                body(&state.series[overflowLabels, default: Series(buckets: Self.noCounts(bounds))])
            } else {
                body(&state.series[labels, default: Series(buckets: Self.noCounts(bounds))])
            }
        }
    }

    private var overflowLabels: [String] { definition.labels.map { _ in Self.overflowText } }

    private static func bounded(_ labels: [String]) -> [String] {
        guard labels.contains(where: { $0.utf8.count > labelBytes }) else { return labels }
        return labels.map { $0.cut(toBytes: labelBytes) }
    }

    /// The series now, sorted by their labels; what readers give is among them.
    func snapshot() -> [(labels: [String], series: Series)] {
        let (known, readers) = state.withLock { ($0.series, $0.readers) }
        // Readers are asked outside of the lock: they may count something themselves.
        var series = known
        if !readers.isEmpty, definition.labels.isEmpty { series[[]] = nil }
        for reader in readers {
            for sample in reader() where sample.labels.count == definition.labels.count {
                let labels = Self.bounded(sample.labels)
                let isOver = series[labels] == nil && series.count >= definition.seriesLimit
                series[isOver ? overflowLabels : labels, default: Series()].value += sample.value
            }
        }
        return series.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { ($0.key, $0.value) }
    }
}

extension String {
    /// The text, or as many whole characters of its beginning as fit.
    func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        var end = utf8.index(utf8.startIndex, offsetBy: limit)
        while end > startIndex, end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
