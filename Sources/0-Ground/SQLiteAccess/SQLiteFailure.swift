// SPDX-License-Identifier: Apache-2.0

/// What a call of SQLite failed on.
package struct SQLiteFailure: Error, Hashable {
    package enum Kind: Hashable, Sendable {
        case damaged
        case diskFull
        case notWritable
        case busy(waitedMilliseconds: Int)
        /// A newer version of the program wrote the file.
        case tooNew(found: Int, known: Int)
        case other
    }

    package var kind: Kind
    package var path: String
    /// SQLite's own words.
    package var detail: String

    package init(_ kind: Kind, path: String, detail: String) {
        self.kind = kind
        self.path = path
        self.detail = detail
    }
}

/// The error of whoever keeps something in a database, made of what SQLite failed on.
package protocol SQLiteFailing: Error {
    init(_ failure: SQLiteFailure)
}

extension SQLiteFailure: SQLiteFailing {
    package init(_ failure: SQLiteFailure) { self = failure }
}
