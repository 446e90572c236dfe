// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Runners can register with a token.
package struct RegistrationIssued: DirectoryPayload {
    package static let typeName = "registrationIssued"
    package var registration: EntryID
    package var offer: RegistrationOffer
    package var sha256: String

    package var data: DataValue {
        .present(["registration": .id(registration), "offer": offer.data, "sha256": .string(sha256)])
    }

    package init(registration: EntryID, offer: RegistrationOffer, sha256: String) {
        self.registration = registration
        self.offer = offer
        self.sha256 = sha256
    }

    package init(data: DataValue) throws(DataShapeError) {
        registration = try data.id("registration", .registration)
        offer = try data.part("offer")
        sha256 = try data.string("sha256")
    }

    package func subject(_ names: EntryNames) -> String { "registration \(offer.prefix)…" }
    package func words(_ names: EntryNames) -> String {
        "made the registration token \(offer.prefix)… for the group \(offer.group) until \(offer.expiresAt)"
    }
}

/// No more runners with it.
package struct RegistrationRevoked: DirectoryPayload {
    package static let typeName = "registrationRevoked"
    package var registration: EntryID

    package var data: DataValue { .present(["registration": .id(registration)]) }

    package init(registration: EntryID) {
        self.registration = registration
    }

    package init(data: DataValue) throws(DataShapeError) {
        registration = try data.id("registration", .registration)
    }

    package func subject(_ names: EntryNames) -> String { "registration \(names(registration))" }
    package func words(_ names: EntryNames) -> String {
        "revoked the registration token \(names(registration))"
    }
}

/// A machine takes jobs from now on.
package struct RunnerRegistered: DirectoryPayload {
    package static let typeName = "runnerRegistered"
    package var runner: EntryID
    package var traits: RunnerTraits
    package var sha256: String
    /// What it came with; `nil` for the server's own.
    package var registration: EntryID?

    package var data: DataValue {
        .present([
            "runner": .id(runner), "traits": traits.data, "sha256": .string(sha256), "registration": .id(registration),
        ])
    }

    package init(runner: EntryID, traits: RunnerTraits, sha256: String, registration: EntryID? = nil) {
        self.runner = runner
        self.traits = traits
        self.sha256 = sha256
        self.registration = registration
    }

    package init(data: DataValue) throws(DataShapeError) {
        runner = try data.id("runner", .runner)
        traits = try data.part("traits")
        sha256 = try data.string("sha256")
        registration = data.optionalID("registration")
    }

    package func subject(_ names: EntryNames) -> String { "runner \(traits.name)" }
    package func words(_ names: EntryNames) -> String {
        "registered the runner \(traits.name) in the group \(traits.group) with the labels "
            + traits.labels.joined(separator: ", ")
    }
}

/// What it is from now on.
package struct RunnerChanged: DirectoryPayload {
    package static let typeName = "runnerChanged"
    package var runner: EntryID
    package var traits: RunnerTraits
    package var isDisabled: Bool

    package var data: DataValue {
        .present(["runner": .id(runner), "traits": traits.data, "disabled": .flag(isDisabled)])
    }

    package init(runner: EntryID, traits: RunnerTraits, isDisabled: Bool) {
        self.runner = runner
        self.traits = traits
        self.isDisabled = isDisabled
    }

    package init(data: DataValue) throws(DataShapeError) {
        runner = try data.id("runner", .runner)
        traits = try data.part("traits")
        isDisabled = data.bool("disabled")
    }

    package func subject(_ names: EntryNames) -> String { "runner \(traits.name)" }
    package func words(_ names: EntryNames) -> String {
        "changed the runner \(traits.name): group \(traits.group), labels \(traits.labels.joined(separator: ", ")), "
            + "capacity \(traits.capacity)" + (isDisabled ? ", disabled" : "")
    }
}

/// Its token is good for nothing any more.
package struct RunnerRemoved: DirectoryPayload {
    package static let typeName = "runnerRemoved"
    package var runner: EntryID
    package var reason: String?

    package var data: DataValue { .present(["runner": .id(runner), "reason": .text(reason)]) }

    package init(runner: EntryID, reason: String? = nil) {
        self.runner = runner
        self.reason = reason
    }

    package init(data: DataValue) throws(DataShapeError) {
        runner = try data.id("runner", .runner)
        reason = data["reason"]?.string
    }

    package func subject(_ names: EntryNames) -> String { "runner \(names(runner))" }
    package func words(_ names: EntryNames) -> String {
        "removed the runner \(names(runner))" + (reason.map { ": \($0)" } ?? "")
    }
}
