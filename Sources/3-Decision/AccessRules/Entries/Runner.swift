// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// A machine that takes jobs.
package struct Runner: Hashable, Sendable {
    package let id: EntryID
    package var traits: RunnerTraits
    package var tokenSHA256: String
    package var isDisabled = false
    package var registeredAt: Timestamp

    package var name: String { traits.name }
}

package struct RunnerTraits: Hashable, Sendable, DataRepresentable {
    package var name: String
    /// In lower case, sorted.
    package var labels: [String]
    package var group: String
    /// Jobs at once.
    package var capacity: Int
    /// Takes one job and is gone.
    package var isEphemeral: Bool

    package static let standardGroup = "default"

    package init(
        name: String, labels: [String], group: String = standardGroup, capacity: Int = 1, isEphemeral: Bool = false
    ) {
        self.name = name
        self.labels = Set(labels.map { $0.lowercased() }).sorted()
        self.group = group
        self.capacity = capacity
        self.isEphemeral = isEphemeral
    }

    package var data: DataValue {
        .present([
            "name": .string(name), "labels": .texts(labels), "group": .string(group), "capacity": .int(capacity),
            "ephemeral": .flag(isEphemeral),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(
            name: try data.string("name"), labels: data.strings("labels"),
            group: data["group"]?.string ?? Self.standardGroup, capacity: data.int("capacity", default: 1),
            isEphemeral: data.bool("ephemeral"))
    }
}

/// A token with which runners register: once, or until it expires.
package struct RunnerRegistration: Hashable, Sendable {
    package let id: EntryID
    package var offer: RegistrationOffer
    package var sha256: String
    package var issuedAt: Timestamp
}

package struct RegistrationOffer: Hashable, Sendable, DataRepresentable {
    package var prefix: String
    package var group: String
    /// Labels that its runners have beside their own.
    package var labels: [String]
    /// Its runners are ephemeral, whatever they say.
    package var isEphemeral: Bool
    /// Gone with the first runner.
    package var isOnce: Bool
    package var expiresAt: Timestamp

    package init(
        prefix: String, group: String = RunnerTraits.standardGroup, labels: [String] = [], isEphemeral: Bool = false,
        isOnce: Bool = true, expiresAt: Timestamp
    ) {
        self.prefix = prefix
        self.group = group
        self.labels = labels
        self.isEphemeral = isEphemeral
        self.isOnce = isOnce
        self.expiresAt = expiresAt
    }

    package var data: DataValue {
        .present([
            "prefix": .string(prefix), "group": .string(group), "labels": .texts(nonEmpty: labels),
            "ephemeral": .flag(isEphemeral), "once": .flag(isOnce), "expires": .time(expiresAt),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        prefix = data["prefix"]?.string ?? ""
        group = data["group"]?.string ?? RunnerTraits.standardGroup
        labels = data.strings("labels")
        isEphemeral = data.bool("ephemeral")
        isOnce = data.bool("once")
        expiresAt = data.time("expires") ?? Timestamp(milliseconds: 0)
    }
}
