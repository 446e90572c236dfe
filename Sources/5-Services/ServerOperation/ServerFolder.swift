// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import RunCoordination

/// The folder that a server would work in, looked at before it does.
package enum ServerFolder {
    /// Whether the folder can be made and written in, this program reads its journal, and its key opens what is there. What is made for that is removed.
    ///
    /// - Returns: whether a server works in it now; its vaults are left alone then.
    /// - Throws: what a start would say of the folder and of the key.
    package static func check(_ settings: ServerSettings) throws(DiagnosticError) -> Bool {
        try checkWriting(settings.folder)
        let root = Files.realPath(settings.folder) ?? settings.folder
        let lockPath = root + "/server.lock"
        var lock: FileLock?
        if Files.isFile(lockPath) {
            do throws(DiagnosticError) { lock = try FileLock(path: lockPath) } catch { return true }
        }
        try RunStore.checkJournal(of: root, database: settings.database)
        try ServerVaults.check(settings, root: root)
        withExtendedLifetime(lock) {}
        return false
    }

    private static func checkWriting(_ folder: String) throws(DiagnosticError) {
        var missing: [String] = []
        var place = folder
        while Files.facts(place) == nil, place != "/", !place.isEmpty {
            missing.append(place)
            place = Files.directory(of: place)
        }
        defer { for made in missing { Trees.removeEmpty(made) } }
        try Trees.make(folder, mode: 0o700)
        let trial = folder + "/.check"
        try Files.write([], to: trial, mode: 0o600)
        try Files.remove(trial)
    }
}
