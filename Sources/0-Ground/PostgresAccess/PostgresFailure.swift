// SPDX-License-Identifier: Apache-2.0

/// What a call of PostgreSQL failed on.
package struct PostgresFailure: Error, Hashable {
    package enum Kind: Hashable, Sendable {
        /// Its client library is not on this machine.
        case withoutLibrary
        /// Nobody answers at the address, or the connection broke.
        case unreachable
        /// There was no answer in time.
        case late(waitedMilliseconds: Int)
        /// It does not let this name in.
        case refused
        /// It is about to begin or end.
        case occupied
        /// It has no connection left.
        case crowded
        /// It is a copy that cannot be written to.
        case readOnly
        /// Another transaction was in the way; the same may work now.
        case collided
        case diskFull
        case damaged
        /// A function of the program's own raised it: the state that it gave, and its detail.
        case raised(state: String, detail: String)
        case other
    }

    package var kind: Kind
    /// Where the database is, without a password.
    package var place: String
    /// PostgreSQL's own words.
    package var detail: String

    package init(_ kind: Kind, place: String, detail: String) {
        self.kind = kind
        self.place = place
        self.detail = detail
    }

    /// - Parameter state: five characters, as PostgreSQL's manual lists them.
    static func kind(ofState state: String, detail: String) -> Kind {
        switch state {
        case "28000", "28P01", "3D000": .refused
        case "53300": .crowded
        case "57P01", "57P02", "57P03": .occupied
        case "25006": .readOnly
        case "40001", "40P01": .collided
        case "53100": .diskFull
        case "XX001", "XX002": .damaged
        case let own where own.hasPrefix("MR"): .raised(state: own, detail: detail)
        default: .other
        }
    }
}
