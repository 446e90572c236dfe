// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What a runner is and offers: said once, when it registers.
package struct RunnerOffering: Hashable, Sendable, DataRepresentable {
    package var name: String
    /// In lower case; what `runs-on` may ask for.
    package var labels: [String]
    /// Projects choose runners by group; empty: the default one.
    package var group: String
    /// Jobs at the same time.
    package var capacity: Int
    /// It takes one job, and is then forgotten.
    package var isEphemeral: Bool

    package init(
        name: String, labels: [String], group: String = "", capacity: Int = 1, isEphemeral: Bool = false
    ) {
        self.name = name
        self.labels = labels.map { $0.lowercased() }
        self.group = group
        self.capacity = capacity
        self.isEphemeral = isEphemeral
    }

    /// What is wrong with it, in a sentence; `nil`: nothing.
    package var fault: String? {
        if name.isEmpty || name.utf8.count > RunnerLimits.nameBytes {
            return "A runner's name has 1 to \(RunnerLimits.nameBytes) bytes."
        }
        if !name.allSatisfy({ $0.isLetter || $0.isNumber || "._-".contains($0) }) {
            return "A runner's name has letters, digits, '.', '_' and '-' only; '\(name)' has others."
        }
        if labels.count > RunnerLimits.labelCount { return "A runner has at most \(RunnerLimits.labelCount) labels." }
        if let bad = labels.first(where: { $0.isEmpty || $0.utf8.count > RunnerLimits.labelBytes }) {
            return "The label '\(bad.prefix(RunnerLimits.labelBytes))' has not 1 to \(RunnerLimits.labelBytes) bytes."
        }
        guard (1...RunnerLimits.capacity).contains(capacity) else {
            return "A runner's capacity is 1 to \(RunnerLimits.capacity) jobs; \(capacity) is not."
        }
        return nil
    }

    public var data: DataValue {
        [
            "name": .string(name), "labels": .array(labels.map(DataValue.string)), "group": .string(group),
            "capacity": .number(Double(capacity)), "ephemeral": .bool(isEphemeral),
        ]
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            name: try data.string("name"), labels: data.strings("labels"), group: data["group"]?.string ?? "",
            capacity: data["capacity"]?.int ?? 1, isEphemeral: data.bool("ephemeral"))
    }
}

/// A one-time token for a place among the server's runners.
package struct RegistrationRequest: Hashable, Sendable, DataRepresentable {
    package var token: String
    package var offering: RunnerOffering

    package init(token: String, offering: RunnerOffering) {
        self.token = token
        self.offering = offering
    }

    public var data: DataValue { ["token": .string(token), "runner": offering.data] }

    public init(data: DataValue) throws(DataShapeError) {
        token = try data.string("token")
        offering = try RunnerOffering(data: data["runner"] ?? .null)
    }
}

package struct RegistrationAnswer: Hashable, Sendable, DataRepresentable {
    package var id: String
    /// What the runner shows from now on, as `Authorization: Bearer …`.
    package var credential: String

    package init(id: String, credential: String) {
        self.id = id
        self.credential = credential
    }

    public var data: DataValue { ["id": .string(id), "credential": .string(credential)] }

    public init(data: DataValue) throws(DataShapeError) {
        id = try data.string("id")
        credential = try data.string("credential")
    }
}
