// SPDX-License-Identifier: Apache-2.0

/// The tables of a database file, and how an older file comes up to date: forward only, a step at a time, each step and the new
/// version's number in one transaction. The version is SQLite's `user_version`, from 1.
package struct DatabaseLayout: Sendable {
    /// SQLite's `application_id`, by which a file is known from that of any other program; `nil`: it has none.
    package var applicationID: Int64?
    /// The tables of now: what a new file is made with.
    package var tables: String
    /// What leads from each version to the next: the first one leads from version 1 to version 2.
    package var steps: [String]

    package init(applicationID: Int64? = nil, tables: String, steps: [String] = []) {
        self.applicationID = applicationID
        self.tables = tables
        self.steps = steps
    }

    package var version: Int { steps.count + 1 }

    /// Makes the tables in a new file, or brings those of an older one up to date.
    ///
    /// - Parameter isNew: called before a new file's tables are made, outside of a transaction.
    /// - Throws: ``SQLiteFailure/Kind/tooNew(found:known:)`` for a file of a newer version, which stays as it is; damaged, for a file
    ///   that is somebody else's; what SQLite fails on. A step that fails has changed nothing.
    package func prepare<Failure>(
        _ connection: SQLiteConnection<Failure>, isNew: () throws(Failure) -> Void = {}
    ) throws(Failure) {
        let found = try number(connection, "PRAGMA user_version")
        if found == version, try isOwn(connection) { return }
        if found == 0, try number(connection, "PRAGMA schema_version") == 0 {
            try isNew()
            return try make(connection)
        }
        try check(found, connection)
        for step in found..<version { try goOn(from: step, connection) }
    }

    /// Whether ``prepare(_:isNew:)`` would take a file; nothing of it is changed.
    ///
    /// - Throws: as that.
    package func check<Failure>(_ connection: SQLiteConnection<Failure>) throws(Failure) {
        let found = try number(connection, "PRAGMA user_version")
        if found == 0, try number(connection, "PRAGMA schema_version") == 0 { return }
        try check(found, connection)
    }

    private func check<Failure>(_ found: Int, _ connection: SQLiteConnection<Failure>) throws(Failure) {
        guard try isOwn(connection) else {
            throw Failure(
                SQLiteFailure(.damaged, path: connection.path, detail: "it is a database of another program"))
        }
        guard found >= 1 else {
            throw Failure(SQLiteFailure(.damaged, path: connection.path, detail: "its version is \(found)"))
        }
        guard found <= version else {
            throw Failure(
                SQLiteFailure(
                    .tooNew(found: found, known: version), path: connection.path,
                    detail: "its layout is \(found), and layouts up to \(version) are known"))
        }
    }

    private func make<Failure>(_ connection: SQLiteConnection<Failure>) throws(Failure) {
        try connection.transaction { () throws(Failure) in
            // Another process may have been first.
            guard try number(connection, "PRAGMA schema_version") == 0 else { return }
            try connection.execute(tables)
            if let applicationID { try connection.execute("PRAGMA application_id = \(applicationID)") }
            try connection.execute("PRAGMA user_version = \(version)")
        }
    }

    private func goOn<Failure>(from step: Int, _ connection: SQLiteConnection<Failure>) throws(Failure) {
        try connection.transaction { () throws(Failure) in
            guard try number(connection, "PRAGMA user_version") == step else { return }
            try connection.execute(steps[step - 1])
            try connection.execute("PRAGMA user_version = \(step + 1)")
        }
    }

    private func isOwn<Failure>(_ connection: SQLiteConnection<Failure>) throws(Failure) -> Bool {
        guard let applicationID else { return true }
        return try number(connection, "PRAGMA application_id") == Int(applicationID)
    }

    private func number<Failure>(_ connection: SQLiteConnection<Failure>, _ sql: StaticString) throws(Failure) -> Int {
        var result: Int64 = 0
        try connection.query(sql) { _ in
        } row: {
            result = $0.number(0)
        }
        return Int(result)
    }
}
