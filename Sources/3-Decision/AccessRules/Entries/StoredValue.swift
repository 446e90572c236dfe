// SPDX-License-Identifier: Apache-2.0

package import StructuredData
package import Timekeeping

/// Where a secret or a variable belongs. The narrower one wins.
package enum ValuePlace: Hashable, Sendable, DataRepresentable {
    case server
    case project(EntryID)
    case environment(EntryID, String)

    package var target: AccessTarget {
        switch self {
        case .server: .server
        case .project(let project), .environment(let project, _): .project(project)
        }
    }

    package var data: DataValue {
        switch self {
        case .server: [:]
        case .project(let id): ["project": .id(id)]
        case .environment(let id, let name): ["project": .id(id), "environment": .string(name)]
        }
    }

    package init(data: DataValue) throws(DataShapeError) {
        guard data["project"] != nil else {
            self = .server
            return
        }
        let project = try data.id("project", .project)
        self = data["environment"]?.string.map { .environment(project, $0) } ?? .project(project)
    }

    func words(_ names: EntryNames) -> String {
        switch self {
        case .server: "the server"
        case .project(let id): names(id)
        case .environment(let id, let name): "\(names(id))'s environment \(name)"
        }
    }
}

/// Which secret or variable. Names are compared without regard to case, as GitHub does.
package struct ValueKey: Hashable, Sendable, DataRepresentable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case secret
        case variable
    }

    package let kind: Kind
    package let place: ValuePlace
    /// In upper case.
    package let name: String

    package init(_ kind: Kind, _ name: String, at place: ValuePlace) {
        self.kind = kind
        self.name = name.uppercased()
        if case .environment(let project, let environment) = place {
            self.place = .environment(project, environment.lowercased())
        } else {
            self.place = place
        }
    }

    package var data: DataValue {
        ["kind": .string(kind.rawValue), "name": .string(name), "at": place.data]
    }

    package init(data: DataValue) throws(DataShapeError) {
        self.init(try data.value("kind"), try data.string("name"), at: try data.part("at"))
    }
}

/// That there is a value, not what it is: values are kept sealed elsewhere.
package struct StoredValue: Hashable, Sendable {
    package let key: ValueKey
    /// From 1; counts on when a removed one is set again.
    package var version: Int
    /// A keyed digest, by which a changed value is told from the same one.
    package var digest: String
    package var setAt: Timestamp
}
