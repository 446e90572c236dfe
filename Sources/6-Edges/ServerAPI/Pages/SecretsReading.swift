// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Secrets by name and place. A value goes in and never comes out.
struct SecretsReading: SettingsReading {
    let server: Server
    let calls: APICalls

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room("/settings/secrets", .known, pages),
            form("/settings/secrets", .known, pages) { (visit, form) throws(DiagnosticError) in
                let name = try form.required("name")
                let place = try Self.place(form["place"] ?? "", visit)
                let set = try await calls.call(
                    "set\(place.operation)Secret", place.path(name), ["value": .string(try form.required("value"))],
                    as: visit)
                let warnings = set.strings("warnings").map { " \($0)" }.joined()
                return SettingsChange(sentence: "\(name.uppercased()) was set for \(place.words).\(warnings)")
            },
            form("/settings/secrets/remove", .known, pages) { (visit, form) throws(DiagnosticError) in
                let name = try form.required("name")
                let place = try Self.place(form["place"] ?? "", visit)
                try await calls.call("remove\(place.operation)Secret", place.path(name), as: visit)
                return SettingsChange(sentence: "\(name) was removed from \(place.words).")
            },
        ]
    }

    func with(_ receipt: Receipt, _ page: SecretsPage) -> SecretsPage {
        var page = page
        page.receipt = receipt
        return page
    }

    /// Where a secret is, as the form says it: empty, `PROJECT`, `PROJECT / ENVIRONMENT`.
    private struct Place {
        var project: String?
        var environment: String?

        var operation: String { project == nil ? "Server" : environment == nil ? "Project" : "Environment" }
        var words: String {
            project.map { [$0, environment].compactMap { $0 }.joined(separator: " / ") } ?? "all projects"
        }

        func path(_ name: String) -> [String: String] {
            var path = ["name": name]
            path["project"] = project
            path["environment"] = environment
            return path
        }
    }

    /// Names of projects may hold slashes: the places that there are decide.
    private static func place(_ text: String, _ visit: PageVisit) throws(DiagnosticError) -> Place {
        guard let place = places(visit).first(where: { $0.value == text }) else {
            throw DiagnosticError(.entryMissing, "There is no place '\(text)' for secrets that you may change.")
        }
        return place.place
    }

    private static func places(_ visit: PageVisit) -> [(value: String, place: Place)] {
        var found: [(String, Place)] = []
        if visit.mayOnServer(.manageSecrets) { found.append(("", Place())) }
        for project in visit.projects where visit.may(.manageSecrets, in: project.id) {
            found.append((project.id.description, Place(project: project.name)))
            for environment in project.environments.values.map(\.name).sorted() {
                found.append(
                    ("\(project.id)/\(environment)", Place(project: project.name, environment: environment)))
            }
        }
        return found
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> SecretsPage {
        let places = Self.places(visit)
        let secrets = visit.directory.values.values.filter { $0.key.kind == .secret }
            .sorted { ($0.key.name, $0.version) < ($1.key.name, $1.version) }
        var shown: [SecretsPage.Secret] = []
        for secret in secrets {
            let value = Self.value(of: secret.key.place, visit.directory)
            guard let place = places.first(where: { $0.value == value })?.place else { continue }
            shown.append(
                SecretsPage.Secret(
                    name: secret.key.name, place: place.words, placeValue: value, changedAt: secret.setAt))
        }
        return SecretsPage(
            secrets: shown, places: places.map { ($0.value, $0.place.words) }, mayChange: !places.isEmpty)
    }

    private static func value(of place: ValuePlace, _ directory: Directory) -> String {
        switch place {
        case .server: ""
        case .project(let id): id.description
        case .environment(let id, let name): "\(id)/\(directory.environment(name, of: id)?.name ?? name)"
        }
    }
}
