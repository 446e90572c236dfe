// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import EventJournal
internal import FileAccess
package import RunCoordination

/// Moves the journal of a server that does not run to a database.
package struct ServerMove {
    /// How long a backup is waited for that may be under way.
    private static let lockSeconds: Int64 = 10

    private let folder: String
    private let url: String

    /// - Parameters:
    ///   - folder: the server's.
    ///   - url: `postgres://…`
    package init(folder: String, to url: String) {
        self.folder = folder
        self.url = url
    }

    /// - Throws: ``DiagnosticCode/serverFolderTaken``, and what ``StoreMove`` throws.
    package func run(
        report: @escaping (JournalMove.Progress) -> Void
    ) throws(DiagnosticError) -> StoreMove.Outcome {
        guard Files.isDirectory(folder) else {
            throw DiagnosticError(
                .journalElsewhere, "There is no folder '\(folder)'.", remedy: "Give the server's folder with --data.")
        }
        let lock = try Server.lock(folder)
        let housekeeping = try HousekeepingLock.wait(folder, seconds: Self.lockSeconds)
        defer { withExtendedLifetime((lock, housekeeping)) {} }
        return try StoreMove(root: folder, to: url).run(report: report)
    }
}
