// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// How a project reaches its repository and its forge.
struct ConnectionReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let template = "/settings/projects/{project}"

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room(Self.template, .project(.manageProject), pages),
            form(Self.template, .project(.manageProject), pages, set),
        ]
    }

    func with(_ receipt: Receipt, _ page: ConnectionPage) -> ConnectionPage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> ConnectionPage {
        let project = try visit.project()
        let (settings, forge) = (project.settings, project.settings.forge.rawValue)
        var page = ConnectionPage(
            project: project.name, repository: settings.cloneURL, forge: (forge, ProjectSettingsReading.forges),
            branch: settings.defaultBranch, apiAddress: settings.options["apiURL"] ?? "",
            user: settings.options["credentialUser"] ?? "",
            hookAddress: HookAddress.of(project, server))
        page.hasCredential = settings.credentialReference != nil
        page.hasStatusToken = settings.statusTokenReference != nil
        return page
    }

    @Sendable private func set(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> SettingsChange<ConnectionPage> {
        let project = try visit.project()
        let (settings, repository) = (project.settings, try form.required("repository"))
        var options = settings.options
        options["apiURL"] = form["api"]
        options["credentialUser"] = form["user"]
        var body = DataObject()
        // What is as it was is not given anew: who may not give it may change the rest.
        if repository != settings.cloneURL { body["cloneURL"] = .string(repository) }
        if options != settings.options {
            let sorted = options.sorted { $0.key < $1.key }
            body["options"] = .object(DataObject(sorted.map { ($0.key, .string($0.value)) }))
        }
        body.set("forge", form["forge"].map(DataValue.string))
        body.set("defaultBranch", form["branch"].map(DataValue.string))
        body.set("credential", Self.given(form, "credential", forgotten: "forgetCredential"))
        body.set("statusToken", Self.given(form, "statusToken", forgotten: "forgetStatusToken"))
        try await calls.call("changeProject", ["project": project.name], body, as: visit)
        return SettingsChange(sentence: "The connection of \(project.name) was changed.")
    }

    /// What was pasted has blanks around it.
    private static func given(_ form: FormFields, _ name: String, forgotten: String) -> DataValue? {
        if let text = form[name]?.withoutBlanksAround, !text.isEmpty { return .string(text) }
        return form.isOn(forgotten) ? .some(.null) : nil
    }
}
