// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// An address that is told what happens.
package struct OutgoingHook: Hashable, Sendable {
    package enum State: String, Hashable, Sendable, CaseIterable {
        case active
        case paused
        /// Switched off by the server after too many failures.
        case failing
    }

    package let id: EntryID
    package var settings: HookSettings
    package var state = State.active
    package var stateReason: String?
}

package struct HookSettings: Hashable, Sendable, DataRepresentable {
    /// `nil`: of all projects.
    package var project: EntryID?
    package var url: String
    /// Names of events; empty for all.
    package var events: [String]
    /// Where its signing secret is kept.
    package var secretReference: String

    package init(project: EntryID?, url: String, events: [String], secretReference: String) {
        self.project = project
        self.url = url
        self.events = events
        self.secretReference = secretReference
    }

    package var target: AccessTarget { project.map { .project($0) } ?? .server }

    package var data: DataValue {
        .present([
            "project": .id(project), "url": .string(url), "events": .texts(nonEmpty: events),
            "secret": .string(secretReference),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = data.optionalID("project")
        url = try data.string("url")
        events = data.strings("events")
        secretReference = data["secret"]?.string ?? ""
    }
}

/// Where people are told: a chat channel or a mail address.
package struct NotificationChannel: Hashable, Sendable {
    package let id: EntryID
    package var settings: ChannelSettings
}

package struct ChannelSettings: Hashable, Sendable, DataRepresentable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case slack
        case mail
        case webhook
    }

    package var project: EntryID?
    package var name: String
    package var kind: Kind
    /// Where the address is kept: a chat's address is a secret.
    package var addressReference: String
    package var events: [String]

    package init(project: EntryID?, name: String, kind: Kind, addressReference: String, events: [String]) {
        self.project = project
        self.name = name
        self.kind = kind
        self.addressReference = addressReference
        self.events = events
    }

    package var target: AccessTarget { project.map { .project($0) } ?? .server }

    package var data: DataValue {
        .present([
            "project": .id(project), "name": .string(name), "kind": .string(kind.rawValue),
            "address": .string(addressReference), "events": .texts(nonEmpty: events),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = data.optionalID("project")
        name = try data.string("name")
        kind = try data.value("kind")
        addressReference = data["address"]?.string ?? ""
        events = data.strings("events")
    }
}
