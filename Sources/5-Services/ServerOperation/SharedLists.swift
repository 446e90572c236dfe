// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import EventJournal
internal import FileAccess
internal import PipelineModel
internal import RunCoordination
internal import RunIndex
internal import StructuredData
internal import Synchronization

/// The lists of runs of servers that share a database: each has all of them in a file of its own, writes the runs whose home it is
/// for the others, and follows what those write.
final class SharedLists: Sendable {
    private let store: RunStore
    private let index: RunLists
    private let path: String
    /// Up to which turn the file has what the database has; one at a time follows.
    private let turn: Mutex<Int64>

    private static let rowsAtOnce = 1_000
    private static let turnBytes = 32

    /// - Parameter folder: the server's own, where the index is.
    init(store: RunStore, index: RunLists, folder: String) throws(DiagnosticError) {
        (self.store, self.index) = (store, index)
        path = folder + "/index.turn"
        let text = try Files.readIfPresent(path, limit: Self.turnBytes)
        turn = Mutex(text.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0)
    }

    /// Writes runs for all servers, this one among them.
    func put(_ rows: [RunRow]) throws(DiagnosticError) {
        if let database = store.database, !rows.isEmpty {
            let listed = rows.map { ($0.run.number, Optional(Array(DataValue.object($0.object).jsonText().utf8))) }
            try store.recorded { (_) throws(JournalError) in try database.list(listed) }
        }
        try index.put(rows)
    }

    func remove(_ run: RunID) throws(DiagnosticError) {
        if let database = store.database {
            try store.recorded { (_) throws(JournalError) in try database.list([(run.number, nil)]) }
        }
        try index.remove(run)
    }

    /// Takes what other servers wrote since the last time. What this one wrote comes once more, as it was.
    ///
    /// - Returns: what was written, at most as many rows as are read at once: whoever begins with a long list tells nobody of it.
    @discardableResult
    func follow() throws(DiagnosticError) -> [RunRow] {
        guard let database = store.database else { return [] }
        return try turn.withLock { (turn) throws(DiagnosticError) in
            let first = turn
            var newest: [RunRow] = []
            while true {
                let (after, limit) = (turn, Self.rowsAtOnce)
                let listed = try store.recorded { (_) throws(JournalError) in
                    try database.listing(after: after, limit: limit)
                }
                guard let last = listed.last else { break }
                newest = listed.compactMap { $0.row.flatMap { RunRow($0) } }
                try index.put(newest)
                for gone in listed where gone.row == nil { try index.remove(RunID(gone.run)) }
                turn = last.turn
            }
            // Behind the index: what is read twice is the same.
            if turn != first { try Files.replace(path, with: String(turn).utf8) }
            return newest
        }
    }
}

extension RunRow {
    /// As other servers read it.
    var object: DataObject {
        var object: DataObject = [
            "run": .number(Double(run.number)), "attempt": .number(Double(attempt)), "project": .string(project),
            "path": .string(workflowPath), "workflow": .string(workflow), "title": .string(title),
            "event": .string(event), "ref": .string(ref), "sha": .string(sha), "actor": .string(actor),
            "subject": .string(subject), "state": .string(state.rawValue), "sentence": .string(sentence),
            "createdAt": .number(Double(createdAt)),
        ]
        object.set("conclusion", conclusion.map { .string($0.rawValue) })
        if hasUnavailable { object["unavailable"] = true }
        object.set("finishedAt", finishedAt.map { .number(Double($0)) })
        object.set("beganAt", beganAt.map { .number(Double($0)) })
        return object
    }

    /// `nil`: it cannot be read; a newer server wrote it.
    init?(_ bytes: [UInt8]) {
        guard let data = try? DataValue(json: bytes), let run = data["run"]?.int, let attempt = data["attempt"]?.int,
            let createdAt = data["createdAt"]?.int,
            let state = data["state"]?.string.flatMap(RunRow.State.init(rawValue:))
        else { return nil }
        func text(_ name: String) -> String { data[name]?.string ?? "" }
        self.init(
            run: RunID(run), attempt: attempt, project: text("project"), workflowPath: text("path"),
            workflow: text("workflow"), event: text("event"), createdAt: Int64(createdAt))
        (title, ref, sha, actor) = (text("title"), text("ref"), text("sha"), text("actor"))
        (subject, sentence, self.state) = (text("subject"), text("sentence"), state)
        conclusion = data["conclusion"]?.string.flatMap(Conclusion.init(rawValue:))
        hasUnavailable = data.bool("unavailable")
        finishedAt = data["finishedAt"]?.int.map { Int64($0) }
        beganAt = data["beganAt"]?.int.map { Int64($0) }
    }
}
