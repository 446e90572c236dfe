// SPDX-License-Identifier: Apache-2.0

internal import SQLiteAccess

extension SQLiteJournal {
    /// Copies a journal's file as it is at one moment, while others write to it. Blobs are not in it.
    ///
    /// - Parameter target: a file that is not there.
    package static func copy(_ source: String, to target: String) throws(JournalError) {
        do {
            let connection = try SQLiteConnection(path: source)
            try connection.copy(to: target)
        }
        // The copy has another way of writing than journals have.
        let copied = try SQLiteConnection(path: target)
        try copied.execute("PRAGMA journal_mode = WAL")
    }
}
