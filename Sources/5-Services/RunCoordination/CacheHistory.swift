// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import PipelineModel
internal import RuntimeServices
package import StructuredData
internal import Synchronization
internal import Timekeeping

/// The look-ups of a run's caches, and why each ended as it did: one JSON object a line.
package final class CacheHistory: Sendable {
    /// One look-up, told to people.
    package struct Entry {
        package var job: String
        package var step: String?
        package var keys: [String]
        /// `hit`, `fallback` or `miss`.
        package var outcome: String
        package var text: String
        package var data: DataValue
    }

    private let path: String
    private let lock = Mutex(())
    private static let sizeLimitBytes = 64 << 20

    package init(store: RunStore, run: RunID) {
        path = store.folder(of: run) + "/caches"
    }

    /// Called on a thread of the services. What cannot be written is not worth failing a step for.
    ///
    /// - Parameters:
    ///   - note: what else people should know of it.
    ///   - outcome: where what was found was of no use after all.
    func append(_ lookup: CacheLookup, note: String? = nil, outcome: String? = nil) {
        var object = Self.object(lookup)
        if let outcome { object["outcome"] = .string(outcome) }
        if let note { object["text"] = .string((object["text"]?.string ?? "") + " " + note) }
        write(object)
    }

    /// What a cache that was saved has that the one restored before it had not.
    func appendSaved(key: String, origin: EntryOrigin, text: String) {
        var object: DataObject = [
            "job": .string(origin.job), "keys": .array([.string(key)]), "at": .string(Timestamp.now().description),
            "outcome": "saved", "text": .string(text),
        ]
        object.set("step", origin.step.map(DataValue.string))
        write(object)
    }

    private func write(_ object: DataObject) {
        let line = DataValue.object(object).jsonText() + "\n"
        lock.withLock { _ in try? Files.append(line.utf8, to: path, mode: 0o600) }
    }

    /// - Parameter key: only those that asked for a key which begins with it.
    package func entries(key: String?) throws(DiagnosticError) -> [Entry] {
        guard let bytes = try Files.readIfPresent(path, limit: Self.sizeLimitBytes) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let data = try? DataValue(json: Array(line)) else { return nil }
            let entry = Entry(
                job: data["job"]?.string ?? "", step: data["step"]?.string, keys: data.strings("keys"),
                outcome: data["outcome"]?.string ?? "", text: data["text"]?.string ?? "", data: data)
            guard let key else { return entry }
            return entry.keys.contains { $0.hasPrefix(key) } ? entry : nil
        }
    }

    private static func object(_ lookup: CacheLookup) -> DataObject {
        let (outcome, text) = told(lookup)
        var object: DataObject = [
            "job": .string(lookup.job), "keys": .array(lookup.keys.map(DataValue.string)),
            "version": .string(lookup.version), "scopes": .array(lookup.scopes.map(DataValue.string)),
            "at": .string(lookup.time.description), "outcome": .string(outcome), "text": .string(text),
        ]
        object.set("step", lookup.step.map(DataValue.string))
        object.set("entry", lookup.entry.map { .string($0.key) })
        return object
    }

    private static func told(_ lookup: CacheLookup) -> (outcome: String, text: String) {
        switch lookup.outcome {
        case .exact(let entry):
            return ("hit", "Found '\(entry.key)', saved by run \(entry.origin.run), job \(entry.origin.job).")
        case .prefix(let entry, let number):
            let asked = number == 0 ? "the key is its beginning" : "restore key \(number) is its beginning"
            return (
                "fallback",
                "Found '\(entry.key)', for \(asked); it was saved by run \(entry.origin.run), job \(entry.origin.job)."
            )
        case .missed(.noSuchKey(let nearest)):
            let near =
                nearest.map { " The nearest is '\($0.key)', saved by run \($0.origin.run)." } ?? " There is none yet."
            return ("miss", "No cache begins with any of the keys.\(near)")
        case .missed(.otherVersion(let entry)):
            return (
                "miss",
                "'\(entry.key)' was saved by run \(entry.origin.run) with other paths or another compression: the version differs."
            )
        case .missed(.otherScope(let entry)):
            return (
                "miss",
                "'\(entry.key)' was saved for \(entry.scope), whose caches \(lookup.scopes.joined(separator: " and ")) cannot see."
            )
        }
    }
}
