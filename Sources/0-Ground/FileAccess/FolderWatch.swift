// SPDX-License-Identifier: Apache-2.0

internal import CFileAccess
package import Diagnostics

/// Says that something has happened in one of many folders; what it was is for the caller to find out. Folders below
/// them have to be named as well.
package final class FolderWatch: Sendable {
    /// Readable when something has happened.
    package let descriptor: Int32

    /// - Throws: ``DiagnosticCode/foldersUnwatchable``: the system has no such thing, or has no more of them.
    package init(_ folders: some Sequence<String>) throws(DiagnosticError) {
        let opened = fa_watch_open()
        guard opened >= 0 else { throw Self.failure("Folders", -opened) }
        descriptor = opened
        for folder in folders {
            let error = fa_watch_add(descriptor, folder)
            // One that is gone by now has changed already: the next look at the tree shows it.
            guard error == 0 || fa_is_missing(error) != 0 else { throw Self.failure(folder, error) }
        }
    }

    deinit {
        fa_close(descriptor)
    }

    /// Without a folder yet.
    package convenience init() throws(DiagnosticError) { try self.init([]) }

    /// Any thread may call it.
    ///
    /// - Parameter descriptor: of an open folder.
    /// - Returns: `false` where it cannot be watched.
    package func add(_ descriptor: Int32) -> Bool {
        fa_watch_add_open(self.descriptor, descriptor) == 0
    }

    /// Whether nothing has happened since all was taken as seen.
    package var isQuiet: Bool { fa_watch_is_quiet(descriptor) != 0 }

    /// Takes what has happened as seen.
    package func clear() {
        fa_watch_clear(descriptor)
    }

    private static func failure(_ what: String, _ error: Int32) -> DiagnosticError {
        DiagnosticError(
            .foldersUnwatchable, "\(what) cannot be watched: \(String(cString: fa_error_text(error))).",
            remedy: "Allow more (on Linux: sysctl fs.inotify.max_user_watches), or start runs by hand.")
    }
}
