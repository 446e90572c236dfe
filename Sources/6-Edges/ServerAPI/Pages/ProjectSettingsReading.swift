// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import RetentionRules
internal import ServerOperation
internal import StructuredData
internal import WebPages

/// Which repositories are built here.
struct ProjectSettingsReading: SettingsReading {
    let server: Server
    let calls: APICalls

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room("/settings/projects", .known, pages),
            form("/settings/projects", .known, pages, add),
            form("/settings/projects/{project}/remove", .project(.manageProject), pages) {
                (visit, _) throws(DiagnosticError) in
                let name = try visit.project().name
                try await calls.call("removeProject", ["project": name], as: visit)
                return SettingsChange(sentence: "The project \(name) was removed. Its runs stay.")
            },
            form("/settings/projects/{project}/retention", .project(.manageProject), pages, keep),
            form("/settings/projects/{project}/secret", .project(.manageHooks), pages) {
                (visit, _) throws(DiagnosticError) in
                let name = try visit.project().name
                let made = try await calls.call("makeWebhookSecret", ["project": name], as: visit)
                let secret = made["secret"]?.string
                return SettingsChange(sentence: "\(name) has a new webhook secret.") { $0.newSecret = secret }
            },
        ]
    }

    func with(_ receipt: Receipt, _ page: ProjectSettingsPage) -> ProjectSettingsPage {
        var page = page
        page.receipt = receipt
        return page
    }

    func page(_ visit: PageVisit) async throws(DiagnosticError) -> ProjectSettingsPage {
        let projects = visit.projects.map { project in
            let forge = project.settings.forge
            var shown = ProjectSettingsPage.Project(
                name: project.name, repository: project.settings.cloneURL,
                isPublic: project.settings.statusVisibility == .everyone)
            shown.hookAddress = HookAddress.of(project, server)
            // A plain remote is polled, and told of sooner where its repository has a hook.
            if forge != .git, project.webhookSecrets.isEmpty {
                shown.trouble = "It has no webhook secret: what the forge sends is refused."
            }
            shown.mayConnect = visit.may(.manageProject, in: project.id)
            if visit.may(.manageProject, in: project.id) { shown.retention = .init(project.settings.options) }
            if project.settings.isPaused { shown.trouble = "It is paused: nothing of it begins." }
            return shown
        }
        return ProjectSettingsPage(
            projects: projects,
            forges: Self.forges,
            mayChange: visit.mayOnServer(.createProjects))
    }

    /// What forms send, and what people read.
    static let forges = [("git", "git"), ("github", "GitHub"), ("gitlab", "GitLab"), ("gitea", "Gitea, Forgejo")].map {
        (value: $0.0, name: $0.1)
    }

    /// The options that say what is kept; the others stay.
    @Sendable private func keep(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> SettingsChange<ProjectSettingsPage> {
        let project = try visit.project()
        var options = project.settings.options
        for option in RetentionPolicy.Option.allCases { options[option.rawValue] = form[option.rawValue] }
        let said = DataObject(options.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
        try await calls.call("changeProject", ["project": project.name], ["options": .object(said)], as: visit)
        return SettingsChange(sentence: "What \(project.name) keeps was changed.")
    }

    @Sendable private func add(
        _ visit: PageVisit, _ form: FormFields
    ) async throws(DiagnosticError) -> SettingsChange<ProjectSettingsPage> {
        let name = try form.required("name")
        var body: DataObject = [
            "name": .string(name), "cloneURL": .string(try form.required("repository")),
            "forge": .string(form["forge"] ?? "git"),
        ]
        body.set("defaultBranch", form["branch"].map(DataValue.string))
        if form.isOn("public") { body["status"] = "everyone" }
        try await calls.call("addProject", body, as: visit)
        return SettingsChange(sentence: "The project \(name) was added.")
    }
}

extension ProjectSettingsPage.Retention {
    fileprivate init(_ options: [String: String]) {
        self.init()
        func text(_ option: RetentionPolicy.Option) -> String { options[option.rawValue] ?? "" }
        (runDays, logDays) = (text(.runDays), text(.logDays))
        (artifactDays, keepLast) = (text(.artifactDays), text(.keepLast))
    }
}

extension APICalls {
    @discardableResult
    func call(
        _ operation: String, _ body: DataObject, as visit: PageVisit
    ) async throws(DiagnosticError) -> DataValue { try await call(operation, [:], body, as: visit) }
}
