// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// An environment and its rules, new or in place of the ones before.
package struct EnvironmentSet: DirectoryPayload {
    package static let typeName = "environmentSet"
    package var project: EntryID
    package var rules: EnvironmentRules

    package var data: DataValue { .present(["project": .id(project), "rules": rules.data]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, rules: EnvironmentRules) {
        self.project = project
        self.rules = rules
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        rules = try data.part("rules")
    }

    package func subject(_ names: EntryNames) -> String { "environment \(rules.name) of \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "set the rules of \(subject(names)): \(rules.words(names))"
    }
}

/// Its secrets and variables go with it.
package struct EnvironmentRemoved: DirectoryPayload {
    package static let typeName = "environmentRemoved"
    package var project: EntryID
    package var environment: String

    package var data: DataValue { .present(["project": .id(project), "environment": .string(environment)]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, environment: String) {
        self.project = project
        self.environment = environment
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        environment = try data.string("environment")
    }

    package func subject(_ names: EntryNames) -> String { "environment \(environment) of \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "removed the \(subject(names))"
    }
}

/// Nothing is deployed to it.
package struct EnvironmentFrozen: DirectoryPayload {
    package static let typeName = "environmentFrozen"
    package var project: EntryID
    package var environment: String
    package var freeze: Freeze

    package var data: DataValue {
        .present(["project": .id(project), "environment": .string(environment), "freeze": freeze.data])
    }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, environment: String, freeze: Freeze) {
        self.project = project
        self.environment = environment
        self.freeze = freeze
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        environment = try data.string("environment")
        freeze = try data.part("freeze")
    }

    package func subject(_ names: EntryNames) -> String { "environment \(environment) of \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "froze the \(subject(names))" + (freeze.until.map { " until \($0)" } ?? "") + ": \(freeze.reason)"
    }
}

/// The end of that.
package struct EnvironmentThawed: DirectoryPayload {
    package static let typeName = "environmentThawed"
    package var project: EntryID
    package var environment: String

    package var data: DataValue { .present(["project": .id(project), "environment": .string(environment)]) }
    package var place: AccessTarget { .project(project) }

    package init(project: EntryID, environment: String) {
        self.project = project
        self.environment = environment
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        environment = try data.string("environment")
    }

    package func subject(_ names: EntryNames) -> String { "environment \(environment) of \(names(project))" }
    package func words(_ names: EntryNames) -> String {
        "lifted the freeze of the \(subject(names))"
    }
}

/// A secret or a variable has a value; what it is stands elsewhere.
package struct ValueSet: DirectoryPayload {
    package static let typeName = "valueSet"
    package var key: ValueKey
    package var version: Int
    package var digest: String

    package var data: DataValue { .present(["value": key.data, "version": .int(version), "digest": .string(digest)]) }
    package var place: AccessTarget { key.place.target }

    package init(key: ValueKey, version: Int, digest: String) {
        self.key = key
        self.version = version
        self.digest = digest
    }

    package init(data: DataValue) throws(DataShapeError) {
        key = try data.part("value")
        version = data.int("version", default: 1)
        digest = try data.string("digest")
    }

    package func subject(_ names: EntryNames) -> String {
        "\(key.kind.rawValue) \(key.name) of \(key.place.words(names))"
    }
    package func words(_ names: EntryNames) -> String {
        "set the \(subject(names)), version \(version)"
    }
}

/// It has none any more.
package struct ValueRemoved: DirectoryPayload {
    package static let typeName = "valueRemoved"
    package var key: ValueKey

    package var data: DataValue { .present(["value": key.data]) }
    package var place: AccessTarget { key.place.target }

    package init(key: ValueKey) {
        self.key = key
    }

    package init(data: DataValue) throws(DataShapeError) {
        key = try data.part("value")
    }

    package func subject(_ names: EntryNames) -> String {
        "\(key.kind.rawValue) \(key.name) of \(key.place.words(names))"
    }
    package func words(_ names: EntryNames) -> String {
        "removed the \(subject(names))"
    }
}

extension EnvironmentRules {
    /// `2 approvals of ada, bob, not the author's; waits 10 min; branches main, release/*`.
    func words(_ names: EntryNames) -> String {
        var parts: [String] = []
        if requiredApprovals > 0 {
            let people = reviewers.isEmpty ? "" : " of " + reviewers.map(names).joined(separator: ", ")
            let counted = requiredApprovals == 1 ? "1 approval" : "\(requiredApprovals) approvals"
            parts.append(counted + people + (excludesAuthor ? ", not the author's" : ""))
        }
        if waitMinutes > 0 { parts.append("waits \(waitMinutes) min") }
        if !branchPatterns.isEmpty { parts.append("branches " + branchPatterns.joined(separator: ", ")) }
        return parts.isEmpty ? "none" : parts.joined(separator: "; ")
    }
}
