// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Somebody said who is told what in a project. What they said is in a stream of its own; recorded so that one log tells who
/// did what.
package struct NotificationsSet: DirectoryPayload {
    package static let typeName = "notificationsSet"
    package var project: EntryID
    /// Of the document, from 1.
    package var documentVersion: Int

    package var data: DataValue { .present(["project": .id(project), "version": .int(documentVersion)]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, documentVersion: Int) {
        self.project = project
        self.documentVersion = documentVersion
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        documentVersion = data.int("version", default: 1)
    }

    package func subject(_ names: EntryNames) -> String { "project \(names(project))" }
    package func words(_ names: EntryNames) -> String { "set the notifications of the project \(names(project))" }
}

/// Somebody had something sent to a hook: a delivery once more, or something to see whether it is heard.
package struct DeliveryAsked: DirectoryPayload {
    package static let typeName = "deliveryAsked"
    package var hook: EntryID
    package var project: EntryID?
    /// The delivery that is sent once more; `nil`: a test.
    package var delivery: String?

    package var data: DataValue {
        .present(["hook": .id(hook), "project": .id(project), "delivery": .text(delivery)])
    }
    package var place: AccessTarget { project.map { .project($0) } ?? .server }

    package init(hook: EntryID, project: EntryID?, delivery: String?) {
        self.hook = hook
        self.project = project
        self.delivery = delivery?.bounded(AccessLimits.nameBytes)
    }

    package init(data: DataValue) throws(DataShapeError) {
        hook = try data.id("hook", .hook)
        project = data.optionalID("project")
        delivery = data["delivery"]?.string
    }

    package func subject(_ names: EntryNames) -> String { "hook \(names(hook))" }
    package func words(_ names: EntryNames) -> String {
        guard let delivery else { return "had the hook to \(names(hook)) tested" }
        return "had the delivery \(delivery) sent to \(names(hook)) once more"
    }
}
