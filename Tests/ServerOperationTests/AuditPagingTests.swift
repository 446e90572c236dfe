// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Diagnostics
import EventJournal
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerOperation

@Suite("Pages of a long audit log", .ownFolders)
struct AuditPagingTests {
    @Test("They are read from the end, have the names of their time, and together they are all of it")
    func pages() async throws {
        let harness = try await ServerHarness()
        let keeper = harness.server.directory
        let journal = harness.server.store.journal
        let project = harness.project
        for part in 0..<4 {
            let acts = (0..<900).map { number in
                DirectoryEvent(
                    .acted(Acted(.cancelled, project: project, run: part * 900 + number + 1)), by: .system("test"))
            }
            let version = try #require(try journal.summary(of: DirectoryKeeper.stream)).version
            _ = try journal.append(
                StreamAppend(
                    DirectoryKeeper.stream, expectedVersion: version,
                    events: acts.map {
                        NewEvent(type: $0.typeName, version: $0.version, payload: Array($0.payload.jsonText().utf8))
                    }), now: .now())
            try await keeper.reload()
            var settings = try #require(keeper.current.projects[project]).settings
            settings.name = "name-\(part)"
            _ = try await keeper.perform(.changeProject(project, settings), by: .system("test"))
        }
        let whole = try keeper.audit(after: 0, limit: 10_000) { _ in true }
        #expect(whole.count > 3_600)
        // Once without anything known of an earlier reading, once with it, and once by somebody for whom few rows are.
        for size in [1_000, 700, 90] {
            var found: [AuditRow] = []
            var before: Int?
            while true {
                let page = try await keeper.audit(AuditQuery(), before: before, limit: size) { _ in true }
                guard let last = page.last else { break }
                found += page
                before = last.sequence
            }
            #expect(found.reversed() == whole, "\(size)")
        }
        let few = try await keeper.audit(AuditQuery(), before: nil, limit: 10) { $0.type == "projectChanged" }
        #expect(few.map(\.what).first?.contains("name-3") == true && few.count == 4)
        #expect(keeper.marks.last(before: .max).first > 3_000, "the next page does not begin at the beginning")
    }
}
