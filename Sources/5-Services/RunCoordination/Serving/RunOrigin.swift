// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import EventJournal
package import PipelineModel
internal import RunEngine
internal import StructuredData

/// What a run was begun for, and no other run is: recorded in the transaction that begins it. Two servers that both take a delivery
/// for theirs, or one that ends in the middle, leave one run.
package enum RunOrigin {
    private static let type = "runOrigin"

    /// - Parameter key: ``RunRecord/origin``.
    package static func stream(_ project: String, _ key: String) -> StreamID {
        StreamID("origin/\(project)/\(Hexadecimal.text(SHA256.hash(data: Array(key.utf8))))")
    }

    package static func append(_ run: RunID, for key: String, project: String) -> StreamAppend {
        let object: DataObject = ["run": .number(Double(run.number))]
        let event = NewEvent(type: type, payload: Array(object.jsonText().utf8))
        return StreamAppend(stream(project, key), expectedVersion: 0, events: [event])
    }

    /// The run that a key stands for; `nil`: none was begun for it.
    package static func run(of key: String, project: String, in store: RunStore) throws(DiagnosticError) -> RunID? {
        let events = try store.journaled { (journal) throws(JournalError) in
            try journal.events(of: stream(project, key), from: 1, limit: 1)
        }
        guard let event = events.first else { return nil }
        return (try? DataValue(json: event.event.payload))?["run"]?.int.map { RunID($0) }
    }

    /// What is to be recorded with a run's events.
    ///
    /// - Returns: `nil`: they do not begin it, or it is recorded already.
    /// - Throws: ``DiagnosticCode/runBegunBefore``.
    static func append(beginning run: ServedRun, _ events: [RunEvent]) throws(DiagnosticError) -> StreamAppend? {
        let isBeginning = events.contains { if case .runStarted = $0 { true } else { false } }
        guard isBeginning, run.attempt == 1, let key = run.record.origin else { return nil }
        guard let known = try self.run(of: key, project: run.project, in: run.store) else {
            return append(run.run, for: key, project: run.project)
        }
        guard known == run.run else {
            throw DiagnosticError(
                .runBegunBefore, "Run \(run.run) does not begin: run \(known) was begun for the same.",
                remedy: "See run \(known).")
        }
        return nil
    }
}
