// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// An address that is told what happens, new or changed.
package struct HookSet: DirectoryPayload {
    package static let typeName = "hookSet"
    package var hook: EntryID
    package var settings: HookSettings

    package var data: DataValue { .present(["hook": .id(hook), "settings": settings.data]) }
    package var place: AccessTarget { settings.target }

    package init(hook: EntryID, settings: HookSettings) {
        self.hook = hook
        self.settings = settings
    }

    package init(data: DataValue) throws(DataShapeError) {
        hook = try data.id("hook", .hook)
        settings = try data.part("settings")
    }

    package func subject(_ names: EntryNames) -> String { "hook \(settings.url)" }
    package func words(_ names: EntryNames) -> String {
        "set the hook to \(settings.url) for "
            + (settings.events.isEmpty ? "all events" : settings.events.joined(separator: ", "))
    }
}

/// It is paused, resumed, or was switched off after failures.
package struct HookStateSet: DirectoryPayload {
    package static let typeName = "hookStateSet"
    package var hook: EntryID
    package var state: OutgoingHook.State
    package var reason: String?
    package var project: EntryID?

    package var data: DataValue {
        .present([
            "hook": .id(hook), "state": .string(state.rawValue), "reason": .text(reason), "project": .id(project),
        ])
    }
    package var place: AccessTarget { project.map { .project($0) } ?? .server }

    package init(hook: EntryID, state: OutgoingHook.State, reason: String? = nil, project: EntryID? = nil) {
        self.hook = hook
        self.state = state
        self.reason = reason
        self.project = project
    }

    package init(data: DataValue) throws(DataShapeError) {
        hook = try data.id("hook", .hook)
        state = try data.value("state")
        reason = data["reason"]?.string
        project = data.optionalID("project")
    }

    package func subject(_ names: EntryNames) -> String { "hook \(names(hook))" }
    package func words(_ names: EntryNames) -> String {
        "set the hook to \(names(hook)) to \(state.rawValue)" + (reason.map { ": \($0)" } ?? "")
    }
}

/// Nothing is sent there any more.
package struct HookRemoved: DirectoryPayload {
    package static let typeName = "hookRemoved"
    package var hook: EntryID
    package var project: EntryID?

    package var data: DataValue { .present(["hook": .id(hook), "project": .id(project)]) }
    package var place: AccessTarget { project.map { .project($0) } ?? .server }

    package init(hook: EntryID, project: EntryID? = nil) {
        self.hook = hook
        self.project = project
    }

    package init(data: DataValue) throws(DataShapeError) {
        hook = try data.id("hook", .hook)
        project = data.optionalID("project")
    }

    package func subject(_ names: EntryNames) -> String { "hook \(names(hook))" }
    package func words(_ names: EntryNames) -> String {
        "removed the hook to \(names(hook))"
    }
}

/// Where people are told, new or changed.
package struct ChannelSet: DirectoryPayload {
    package static let typeName = "channelSet"
    package var channel: EntryID
    package var settings: ChannelSettings

    package var data: DataValue { .present(["channel": .id(channel), "settings": settings.data]) }
    package var place: AccessTarget { settings.target }

    package init(channel: EntryID, settings: ChannelSettings) {
        self.channel = channel
        self.settings = settings
    }

    package init(data: DataValue) throws(DataShapeError) {
        channel = try data.id("channel", .channel)
        settings = try data.part("settings")
    }

    package func subject(_ names: EntryNames) -> String { "channel \(settings.name)" }
    package func words(_ names: EntryNames) -> String {
        "set the \(settings.kind.rawValue) channel \(settings.name)"
    }
}

/// Nobody is told there any more.
package struct ChannelRemoved: DirectoryPayload {
    package static let typeName = "channelRemoved"
    package var channel: EntryID
    package var project: EntryID?

    package var data: DataValue { .present(["channel": .id(channel), "project": .id(project)]) }
    package var place: AccessTarget { project.map { .project($0) } ?? .server }

    package init(channel: EntryID, project: EntryID? = nil) {
        self.channel = channel
        self.project = project
    }

    package init(data: DataValue) throws(DataShapeError) {
        channel = try data.id("channel", .channel)
        project = data.optionalID("project")
    }

    package func subject(_ names: EntryNames) -> String { "channel \(names(channel))" }
    package func words(_ names: EntryNames) -> String {
        "removed the channel \(names(channel))"
    }
}
