// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import PipelineModel
import RunCoordination
import RunIndex
import TestFolders
import TestPrograms
import Testing

/// Databases that earlier commits wrote, kept as text in `Fixtures/databases`.
@Suite("Databases of earlier commits", .ownFolders)
struct StoredDatabaseTests {
    private static let fixtures =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/Fixtures/databases/"

    private func sqlite(_ path: String, _ command: String) throws {
        let process = ChildProcess()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "sqlite3 '\(path)' \(command)"]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }

    private func inFolder(_ body: (String) throws -> Void) throws { try body(OwnFolders.make()) }

    @Test("A run in an old journal is told as it was", arguments: ["journal-1-ade11cc.sql", "journal-1-ab8cfab.sql"])
    func run(name: String) throws {
        try inFolder { folder in
            try sqlite(folder + "/journal.sqlite", "< '\(Self.fixtures)\(name)'")
            let store = try RunStore(root: folder)
            let report = try RunReport(store: store, run: RunID(1), attempt: 1)
            #expect(report.state == .finished && report.conclusion == .failure)
            #expect(report.jobs.map(\.id.text) == ["build", "test#1", "test#2", "report"])
            #expect(report.jobs.map(\.conclusion) == [.success, .success, .failure, .success])
            #expect(report.jobs[2].reason?.text == "Process completed with exit code 1.")
            #expect(report.jobs[0].steps.map(\.conclusion) == [.success, .success])
            #expect(try store.lastAttempt(of: RunID(1)) == 1)
        }
    }

    @Test("An old list of runs is read as it was")
    func list() throws {
        try inFolder { folder in
            let path = folder + "/index.sqlite"
            try sqlite(path, "< '\(Self.fixtures)runs-1-aafe815.sql'")
            let lists = try RunLists(path: path)
            let rows = try lists.runs(RunQuery())
            #expect(rows.map(\.run.number) == [3, 2, 1])
            #expect(rows.map(\.state) == [.running, .finished, .finished])
            #expect(rows.map(\.conclusion) == [nil, .failure, .success])
            #expect(rows[1].sentence == "The job test ended with failure." && rows[1].attempt == 2)
            var more = rows[0]
            more.run = RunID(4)
            try lists.put([more])
            #expect(try lists.newest() == 4)
        }
    }

    @Test("A list of runs that a newer Martlet wrote is left alone")
    func newer() throws {
        try inFolder { folder in
            let path = folder + "/index.sqlite"
            _ = try RunLists(path: path)
            try sqlite(path, "'PRAGMA user_version = 9'")
            let error = #expect(throws: DiagnosticError.self) { try RunLists(path: path) }
            #expect(error?.diagnostic.code == DiagnosticCode(1311) && error?.diagnostic.remedy?.isEmpty == false)
        }
    }
}
