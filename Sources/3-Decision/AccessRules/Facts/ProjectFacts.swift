// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// A repository is built here from now on.
package struct ProjectAdded: DirectoryPayload {
    package static let typeName = "projectAdded"
    package var project: EntryID
    package var settings: ProjectSettings

    package var data: DataValue { .present(["project": .id(project), "settings": settings.data]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, settings: ProjectSettings) {
        self.project = project
        self.settings = settings
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        settings = try data.part("settings")
    }

    package func subject(_ names: EntryNames) -> String { "project \(settings.name)" }
    package func words(_ names: EntryNames) -> String {
        "added the project \(settings.name) (\(settings.cloneURL))"
    }
}

/// All of its settings, as they are from now on.
package struct ProjectChanged: DirectoryPayload {
    package static let typeName = "projectChanged"
    package var project: EntryID
    package var settings: ProjectSettings

    package var data: DataValue { .present(["project": .id(project), "settings": settings.data]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, settings: ProjectSettings) {
        self.project = project
        self.settings = settings
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        settings = try data.part("settings")
    }

    package func subject(_ names: EntryNames) -> String { "project \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "changed the settings of the project \(names(project))"
            + (names(project) == settings.name ? "" : ", which is called \(settings.name) now")
    }
}

/// Its tokens, environments, names of values and hooks go with it.
package struct ProjectRemoved: DirectoryPayload {
    package static let typeName = "projectRemoved"
    package var project: EntryID

    package var data: DataValue { .present(["project": .id(project)]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID) {
        self.project = project
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
    }

    package func subject(_ names: EntryNames) -> String { "project \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "removed the project \(names(project))"
    }
}

/// The secret of its incoming webhooks; the one before it stays good until the next.
package struct WebhookSecretSet: DirectoryPayload {
    package static let typeName = "webhookSecretSet"
    package var project: EntryID
    /// Where the secret is kept.
    package var reference: String

    package var data: DataValue { .present(["project": .id(project), "secret": .string(reference)]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, reference: String) {
        self.project = project
        self.reference = reference
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        reference = try data.string("secret")
    }

    package func subject(_ names: EntryNames) -> String { "project \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "set the webhook secret of \(names(project))"
    }
}

/// A role in a project, in place of the one before.
package struct RoleGranted: DirectoryPayload {
    package static let typeName = "roleGranted"
    package var project: EntryID
    package var account: EntryID
    package var role: Role

    package var data: DataValue {
        .present(["project": .id(project), "account": .id(account), "role": .string(role.rawValue)])
    }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, account: EntryID, role: Role) {
        self.project = project
        self.account = account
        self.role = role
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        account = try data.id("account", .account)
        role = try data.value("role")
    }

    package func subject(_ names: EntryNames) -> String { "project \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "gave \(names(account)) the role \(role.rawValue) in \(names(project))"
    }
}

/// No role any more.
package struct RoleWithdrawn: DirectoryPayload {
    package static let typeName = "roleWithdrawn"
    package var project: EntryID
    package var account: EntryID

    package var data: DataValue { .present(["project": .id(project), "account": .id(account)]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, account: EntryID) {
        self.project = project
        self.account = account
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        account = try data.id("account", .account)
    }

    package func subject(_ names: EntryNames) -> String { "project \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "took the role in \(names(project)) from \(names(account))"
    }
}
