// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import SealedStorage
internal import StructuredData

/// The values of a run attempt at rest, sealed: written before the events that stand on them are recorded, and read by
/// the process that goes on with the run. An entry whose event was never recorded does no harm: it is set again.
final class ValuesRecord {
    private let log: SealedLog

    init(store: RunStore, run: RunID, attempt: Int) {
        log = SealedLog(
            path: "\(store.folder(of: run))/values-\(attempt)", key: store.key, name: "\(run)/\(attempt)/values")
    }

    /// On the disk.
    var sizeBytes: UInt64 { Files.facts(log.path)?.sizeBytes ?? 0 }

    func load() throws(DiagnosticError) -> RunValues {
        var values = RunValues()
        for text in try log.entries() {
            guard let changes = try? DataValue(json: text).array else {
                throw DiagnosticError(.runRecordUnreadable, "The run's values in \(log.path) are damaged.")
            }
            for change in changes { values.set(change) }
        }
        return values
    }

    /// Bytes of text after which another entry is begun.
    private static let entryBytes = 4 << 20

    func append(_ changes: [DataValue]) throws(DiagnosticError) {
        guard !changes.isEmpty else { return }
        var text: [UInt8] = []
        for change in changes {
            text.append(UInt8(ascii: text.isEmpty ? "[" : ","))
            change.appendJSON(to: &text)
            if text.count >= Self.entryBytes { try end(&text) }
        }
        if !text.isEmpty { try end(&text) }
    }

    private func end(_ text: inout [UInt8]) throws(DiagnosticError) {
        text.append(UInt8(ascii: "]"))
        try log.append(text)
        text.removeAll(keepingCapacity: true)
    }
}
