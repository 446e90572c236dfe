// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import Synchronization

/// What is known of attempts that are over does not change: what was asked for last is kept.
final class AttemptShelf<Value: Sendable>: Sendable {
    private struct Key: Hashable {
        var run: RunID
        var attempt: Int
    }

    private struct Shelf: Sendable {
        var values: [Key: Value] = [:]
        var order: [Key] = []
    }

    private let shelf = Mutex(Shelf())
    private let kept: Int

    init(keeping kept: Int) { self.kept = kept }

    func value(
        _ run: RunID, _ attempt: Int, isFinal: (Value) -> Bool, make: () throws(DiagnosticError) -> Value
    ) throws(DiagnosticError) -> Value {
        let key = Key(run: run, attempt: attempt)
        if let known = shelf.withLock({ $0.values[key] }) { return known }
        let value = try make()
        guard isFinal(value) else { return value }
        shelf.withLock { shelf in
            if shelf.values.updateValue(value, forKey: key) == nil { shelf.order.append(key) }
            if shelf.order.count > kept { shelf.values[shelf.order.removeFirst()] = nil }
        }
        return value
    }
}
