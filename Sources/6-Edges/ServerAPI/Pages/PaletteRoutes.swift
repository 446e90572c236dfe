// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import RunIndex
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// What can be gone to by its name, for the pages' search field: projects, runs, branches, rooms.
struct PaletteRoutes: Sendable {
    let server: Server

    private static let shown = 12
    private static let recentRuns = 100

    var routes: [Route] {
        [
            Route(
                method: "GET", template: "/api/v1/palette", operation: "findPlaces",
                summary: "Places whose names hold a text: projects, recent runs, pages.", guardian: .known,
                query: [.init(name: "q", about: "What to look for.", schema: ["type": "string"])],
                answers: [200: ""], isDocumented: false
            ) { (request) throws(DiagnosticError) in
                let visit = await PageVisit(server, request)
                return .json(.array(try find(visit)))
            }
        ]
    }

    private struct Place {
        var title: String
        var kind: String
        var address: PageAddress
    }

    private func find(_ visit: PageVisit) throws(DiagnosticError) -> [DataValue] {
        let words = (visit.query("q") ?? "").lowercased().split(separator: " ")
        let projects = visit.projects
        var places = projects.map { Place(title: $0.name, kind: "project", address: .project($0.name)) }
        if words.count == 1, let run = RunID(words[0].drop { $0 == "#" }), let row = try server.row(of: run),
            let project = EntryID(row.project), visit.may(.viewRuns, in: project)
        {
            places.insert(place(row), at: 0)
        }
        var query = RunQuery(limit: Self.recentRuns)
        query.projects = projects.map(\.id.description)
        if !projects.isEmpty { places += try server.index.runs(query).map(place) }
        places += Self.rooms(visit)
        let found = places.filter { place in
            let title = "\(place.title) \(place.address.text)".lowercased()
            return words.allSatisfy { title.contains($0.drop { $0 == "#" }) }
        }
        var seen: Set<PageAddress> = []
        return found.filter { seen.insert($0.address).inserted }.prefix(Self.shown).map {
            ["title": .string($0.title), "kind": .string($0.kind), "url": .string($0.address.text)]
        }
    }

    private func place(_ row: RunRow) -> Place {
        Place(
            title: "\(server.projectName(row.project)) › \(row.workflow) #\(row.run) \(row.branch) \(row.subject)",
            kind: row.shownState().rawValue, address: .run(row.run.number))
    }

    private static func rooms(_ visit: PageVisit) -> [Place] {
        [
            Place(title: "Overview", kind: "page", address: .overview),
            Place(title: "Approvals", kind: "page", address: .approvals),
            Place(title: "Your account", kind: "page", address: .account),
            Place(title: "Audit", kind: "page", address: .audit),
        ] + SettingsRoom.allCases.map {
            Place(title: "Settings: \($0.rawValue)", kind: "page", address: .settings($0.rawValue))
        }
    }
}
