// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import SQLiteAccess

/// The index's tables and statements.
final class Connection {
    private let base: SQLiteConnection<IndexError>
    private static let layout = DatabaseLayout(
        tables: """
            CREATE TABLE runs (
                run INTEGER PRIMARY KEY, attempt INTEGER NOT NULL, project TEXT NOT NULL, path TEXT NOT NULL,
                workflow TEXT NOT NULL, title TEXT NOT NULL, event TEXT NOT NULL, ref TEXT NOT NULL,
                sha TEXT NOT NULL, actor TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL,
                conclusion TEXT, sentence TEXT NOT NULL, created INTEGER NOT NULL, finished INTEGER,
                unavailable INTEGER NOT NULL DEFAULT 0,
                began_at INTEGER
            ) STRICT;
            """,
        steps: [
            "ALTER TABLE runs ADD COLUMN unavailable INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE runs ADD COLUMN began_at INTEGER",
        ])

    init(_ path: String) throws(DiagnosticError) {
        base = try coded { () throws(IndexError) in
            let connection = try SQLiteConnection<IndexError>(path: path)
            try connection.execute(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA mmap_size = 268435456")
            return connection
        }
    }

    func copy(to target: String) throws(DiagnosticError) {
        try coded { () throws(IndexError) in try base.copy(to: target) }
    }

    func prepare() throws(DiagnosticError) {
        try coded { () throws(IndexError) in
            try Self.layout.prepare(base)
            try base.execute(Self.orders)
        }
    }

    /// Made where they are missing: an order is no reason to make the table anew.
    private static let orders = """
        CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY) STRICT;
        CREATE INDEX IF NOT EXISTS runs_by_project ON runs (project, run);
        CREATE INDEX IF NOT EXISTS runs_by_workflow ON runs (project, path, ref, run);
        CREATE INDEX IF NOT EXISTS runs_by_ref ON runs (project, ref, run);
        CREATE INDEX IF NOT EXISTS runs_by_state ON runs (state, run) WHERE state <> 'finished';
        CREATE INDEX IF NOT EXISTS runs_by_conclusion ON runs (conclusion, run);
        CREATE INDEX IF NOT EXISTS runs_by_project_conclusion ON runs (project, conclusion, run);
        CREATE INDEX IF NOT EXISTS runs_by_sha ON runs (sha, run);
        CREATE INDEX IF NOT EXISTS runs_by_actor ON runs (actor, run);
        """

    /// Whether every run that was there when it was made is in it.
    func isWhole() throws(DiagnosticError) -> Bool {
        var found = false
        try coded { () throws(IndexError) in
            try base.query("SELECT 1 FROM marks WHERE name = 'whole'") { _ in
            } row: { _ in
                found = true
            }
        }
        return found
    }

    func markWhole() throws(DiagnosticError) {
        try coded { () throws(IndexError) in try base.execute("INSERT OR IGNORE INTO marks VALUES ('whole')") }
    }

    func put(_ rows: [RunRow]) throws(DiagnosticError) {
        try coded { () throws(IndexError) in
            try base.transaction { () throws(IndexError) in
                for row in rows {
                    try base.run(
                        """
                        INSERT OR REPLACE INTO runs VALUES
                        (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
                        """
                    ) { statement in
                        statement.bind(1, Int64(row.run.number))
                        statement.bind(2, Int64(row.attempt))
                        let texts = [
                            row.project, row.workflowPath, row.workflow, row.title, row.event, row.ref, row.sha,
                            row.actor, row.subject, row.state.rawValue,
                        ]
                        for (index, text) in texts.enumerated() { statement.bind(Int32(index + 3), text) }
                        if let conclusion = row.conclusion { statement.bind(13, conclusion.rawValue) }
                        statement.bind(14, row.sentence)
                        statement.bind(15, row.createdAt)
                        statement.bind(16, row.finishedAt)
                        statement.bind(17, row.hasUnavailable ? 1 : 0)
                        statement.bind(18, row.beganAt)
                    }
                }
            }
        }
    }

    func remove(_ run: RunID) throws(DiagnosticError) {
        try coded { () throws(IndexError) in
            try base.run("DELETE FROM runs WHERE run = ?1") { $0.bind(1, Int64(run.number)) }
        }
    }

    func row(_ run: RunID) throws(DiagnosticError) -> RunRow? {
        var found: RunRow?
        try coded { () throws(IndexError) in
            try base.query("SELECT * FROM runs WHERE run = ?1") {
                $0.bind(1, Int64(run.number))
            } row: {
                found = Self.row($0)
            }
        }
        return found
    }

    func newest() throws(DiagnosticError) -> Int {
        var found: Int64 = 0
        try coded { () throws(IndexError) in
            try base.query("SELECT coalesce(max(run), 0) FROM runs") { _ in
            } row: {
                found = $0.number(0)
            }
        }
        return Int(found)
    }

    func ends() throws(DiagnosticError) -> [RunEnd] {
        var found: [RunEnd] = []
        // Of 100 000 runs few are of another workflow than the others.
        var paths: [String: String] = [:]
        try coded { () throws(IndexError) in
            try base.query(
                "SELECT run, project, path, CASE state WHEN 'finished' THEN coalesce(finished, created) END FROM runs"
            ) { _ in
            } row: {
                let path = $0.text(2)
                let known = paths[path] ?? path
                if paths.count < RunQuery.maximumLimit { paths[known] = known }
                found.append(
                    RunEnd(
                        run: RunID(Int($0.number(0))), project: $0.text(1), workflowPath: known,
                        finishedAt: $0.optionalNumber(3)))
            }
        }
        return found
    }

    func previous(of row: RunRow) throws(DiagnosticError) -> RunRow? {
        var found: RunRow?
        try coded { () throws(IndexError) in
            try base.query(
                """
                SELECT * FROM runs WHERE project = ?1 AND path = ?2 AND ref = ?3 AND run < ?4
                AND conclusion IN ('success', 'failure') ORDER BY run DESC LIMIT 1
                """
            ) {
                $0.bind(1, row.project)
                $0.bind(2, row.workflowPath)
                $0.bind(3, row.ref)
                $0.bind(4, Int64(row.run.number))
            } row: {
                found = Self.row($0)
            }
        }
        return found
    }

    func failingSince(_ row: RunRow) throws(DiagnosticError) -> RunRow? {
        var found: RunRow?
        try coded { () throws(IndexError) in
            try base.query(
                """
                SELECT * FROM runs INDEXED BY runs_by_workflow
                WHERE project = ?1 AND path = ?2 AND ref = ?3 AND run <= ?4
                AND conclusion = 'failure' AND run > coalesce((
                    SELECT max(run) FROM runs WHERE project = ?1 AND path = ?2 AND ref = ?3 AND run < ?4
                    AND conclusion = 'success'), 0)
                ORDER BY run LIMIT 1
                """
            ) {
                $0.bind(1, row.project)
                $0.bind(2, row.workflowPath)
                $0.bind(3, row.ref)
                $0.bind(4, Int64(row.run.number))
            } row: {
                found = Self.row($0)
            }
        }
        return found
    }

    /// From path to path by the index: a project may have many more runs than workflows.
    func workflows(of project: String) throws(DiagnosticError) -> [RunRow] {
        var rows: [RunRow] = []
        try coded { () throws(IndexError) in
            try base.query(
                """
                WITH RECURSIVE paths (path) AS (
                    SELECT min(path) FROM runs WHERE project = ?1
                    UNION ALL
                    SELECT (SELECT min(path) FROM runs WHERE project = ?1 AND path > paths.path)
                    FROM paths WHERE paths.path IS NOT NULL)
                SELECT runs.* FROM paths JOIN runs ON runs.run = (
                    SELECT run FROM runs WHERE project = ?1 AND path = paths.path ORDER BY run DESC LIMIT 1)
                WHERE paths.path IS NOT NULL
                """
            ) {
                $0.bind(1, project)
            } row: {
                rows.append(Self.row($0))
            }
        }
        return rows
    }

    func rows(_ query: RunQuery) throws(DiagnosticError) -> [RunRow] {
        var conditions: [String] = []
        var texts: [String] = []
        func add(_ column: String, _ value: String?) {
            guard let value else { return }
            texts.append(value)
            conditions.append("\(column) = ?\(texts.count + 2)")
        }
        // Few runs are open, of one commit or of one person: they are found by that, and not by looking through all of a project.
        var isNarrow = query.sha != nil || query.actor != nil
        if let state = query.state, state != .finished {
            // As the order of open runs has it: it is considered for these words only.
            conditions.append("state <> 'finished'")
            isNarrow = true
        }
        add("state", query.state?.rawValue)
        add("path", query.workflowPath)
        add("workflow", query.workflow)
        add("ref", query.ref)
        add("sha", query.sha)
        add("event", query.event)
        add("conclusion", query.conclusion?.rawValue)
        add("actor", query.actor)
        switch query.isIncomplete {
        case true?: conditions.append("unavailable = 1 AND conclusion IN ('success', 'skipped')")
        case false?: conditions.append("unavailable = 0")
        case nil: break
        }
        if let projects = query.projects {
            let places = projects.map { project in
                texts.append(project)
                return "?\(texts.count + 2)"
            }
            conditions.append("\(isNarrow ? "+" : "")project IN (\(places.joined(separator: ", ")))")
        }
        let filter = (["run < ?1"] + conditions).joined(separator: " AND ")
        var rows: [RunRow] = []
        let limit = min(max(1, query.limit), RunQuery.maximumLimit)
        try coded { () throws(IndexError) in
            try base.queryOnce("SELECT * FROM runs WHERE \(filter) ORDER BY run DESC LIMIT ?2") { statement in
                statement.bind(1, Int64(query.before?.number ?? Int(Int32.max)))
                statement.bind(2, Int64(limit))
                for (index, text) in texts.enumerated() { statement.bind(Int32(index + 3), text) }
            } row: {
                rows.append(Self.row($0))
            }
        }
        return rows
    }

    private static func row(_ statement: SQLiteStatement) -> RunRow {
        var row = RunRow(
            run: RunID(Int(statement.number(0))), attempt: Int(statement.number(1)), project: statement.text(2),
            workflowPath: statement.text(3), workflow: statement.text(4), event: statement.text(6),
            createdAt: statement.number(14))
        row.title = statement.text(5)
        row.ref = statement.text(7)
        row.sha = statement.text(8)
        row.actor = statement.text(9)
        row.subject = statement.text(10)
        row.state = RunRow.State(rawValue: statement.text(11)) ?? .finished
        row.conclusion = statement.optionalText(12).flatMap(Conclusion.init)
        row.sentence = statement.text(13)
        row.finishedAt = statement.optionalNumber(15)
        row.hasUnavailable = statement.number(16) != 0
        row.beganAt = statement.optionalNumber(17)
        return row
    }
}

/// What can go wrong with the index.
struct IndexError: SQLiteFailing {
    let failure: SQLiteFailure

    init(_ failure: SQLiteFailure) { self.failure = failure }
}

/// Gives SQLite's failures their code.
private func coded<Value>(_ body: () throws(IndexError) -> Value) throws(DiagnosticError) -> Value {
    do throws(IndexError) {
        return try body()
    } catch {
        let failure = error.failure
        if case .tooNew = failure.kind {
            throw DiagnosticError(
                .indexTooNew, "The list of runs in '\(failure.path)' is of a newer Martlet: \(failure.detail).",
                remedy: "Use the newer Martlet; or remove the file: the list is made anew from the journal.")
        }
        throw DiagnosticError(
            .indexFailed, "The list of runs in '\(failure.path)' cannot be used: \(failure.detail).",
            remedy: "Stop the server, remove the file, and start it again: the list is made anew from the journal.")
    }
}

extension DiagnosticCode {
    /// The index of runs cannot be read or written.
    static let indexFailed = DiagnosticCode(1130)
    /// A newer version wrote the index.
    static let indexTooNew = DiagnosticCode(1311)
}
