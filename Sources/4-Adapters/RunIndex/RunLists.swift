// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import PipelineModel
internal import SQLiteAccess
internal import Synchronization

/// Lists of runs in an SQLite file. It is made from the journal, and can be thrown away: a server that finds none makes it
/// anew. Calls from several threads read side by side.
package final class RunLists: Sendable {
    private let writer: Mutex<Connection>
    private let readers: ReaderPool

    /// Opens the file, or makes it; an older one is brought up to date.
    package init(path: String) throws(DiagnosticError) {
        let connection = try Connection(path)
        try connection.prepare()
        writer = Mutex(connection)
        readers = ReaderPool(path: path)
    }

    /// Copies a list's file as it is at one moment, while others write to it.
    package static func copy(_ source: String, to target: String) throws(DiagnosticError) {
        try Connection(source).copy(to: target)
    }

    /// Writes rows; one that is there is replaced. One transaction.
    package func put(_ rows: [RunRow]) throws(DiagnosticError) {
        guard !rows.isEmpty else { return }
        try onWriter { (connection) throws(DiagnosticError) in try connection.put(rows) }
    }

    /// Whether every run that was there when the file was made is in it: else it is still to be filled from the journal.
    package func isWhole() throws(DiagnosticError) -> Bool {
        try readers.with { (connection) throws(DiagnosticError) in try connection.isWhole() }
    }

    package func markWhole() throws(DiagnosticError) {
        try onWriter { (connection) throws(DiagnosticError) in try connection.markWhole() }
    }

    package func remove(_ run: RunID) throws(DiagnosticError) {
        try onWriter { (connection) throws(DiagnosticError) in try connection.remove(run) }
    }

    package func runs(_ query: RunQuery) throws(DiagnosticError) -> [RunRow] {
        try readers.with { (connection) throws(DiagnosticError) in try connection.rows(query) }
    }

    package func run(_ id: RunID) throws(DiagnosticError) -> RunRow? {
        try readers.with { (connection) throws(DiagnosticError) in try connection.row(id) }
    }

    /// The run before of the same workflow and ref that came to an end that counts: neither cancelled nor skipped.
    package func previous(of row: RunRow) throws(DiagnosticError) -> RunRow? {
        try readers.with { (connection) throws(DiagnosticError) in try connection.previous(of: row) }
    }

    /// The first of the unbroken row of failures that a run of a workflow and ref stands in; `nil`: it stands in none.
    package func failingSince(_ row: RunRow) throws(DiagnosticError) -> RunRow? {
        try readers.with { (connection) throws(DiagnosticError) in try connection.failingSince(row) }
    }

    /// The newest run of each workflow of a project, by the workflow's path.
    package func workflows(of project: String) throws(DiagnosticError) -> [RunRow] {
        try readers.with { (connection) throws(DiagnosticError) in try connection.workflows(of: project) }
    }

    /// The newest run that the index knows; 0 where it is empty.
    package func newest() throws(DiagnosticError) -> Int {
        try readers.with { (connection) throws(DiagnosticError) in try connection.newest() }
    }

    /// All runs, as far as it matters for whether they stay.
    package func ends() throws(DiagnosticError) -> [RunEnd] {
        try readers.with { (connection) throws(DiagnosticError) in try connection.ends() }
    }

    private func onWriter(_ body: (Connection) throws(DiagnosticError) -> Void) throws(DiagnosticError) {
        try writer.withLock { (connection) throws(DiagnosticError) in try body(connection) }
    }
}

/// Connections that only read; one is opened when all are in use.
private final class ReaderPool: Sendable {
    private final class Reader: Sendable {
        let connection: Mutex<Connection>

        init(_ path: String) throws(DiagnosticError) { connection = Mutex(try Connection(path)) }
    }

    private let path: String
    private let free = Mutex<[Reader]>([])
    private static let kept = 8

    init(path: String) { self.path = path }

    func with<Value: Sendable>(
        _ body: (Connection) throws(DiagnosticError) -> Value
    ) throws(DiagnosticError) -> Value {
        let known = free.withLock { $0.popLast() }
        let reader: Reader
        if let known { reader = known } else { reader = try Reader(path) }
        defer { free.withLock { if $0.count < Self.kept { $0.append(reader) } } }
        return try reader.connection.withLock { (connection) throws(DiagnosticError) in try body(connection) }
    }
}
