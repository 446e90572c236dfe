// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import Synchronization
package import Timekeeping

/// The secrets of a server at rest: one sealed file a place, and one with the keys to these, sealed to the master key.
///
/// Nothing is kept in memory but the master keys: each call reads what it needs, so what a failed call left on the disk
/// is what the next one sees. One process; any number of threads. All calls block.
package final class Vault: Sendable {
    package let folder: String
    let files: VaultFiles
    /// The master keys that may open the ring: the one of now first.
    let masters: Mutex<[MasterKey]>
    /// Held by a rotation from end to end; other calls go on meanwhile.
    let rotation = Mutex(())

    static let keyRingName = "keys.ring"

    /// Opens the vault of a folder; an empty folder becomes one.
    ///
    /// - Parameters:
    ///   - master: what the vault is sealed to, or will be after ``rotate(to:)``.
    ///   - previous: what it may still be sealed to.
    /// - Throws: ``DiagnosticCode/masterKeyOther`` with the id of the key that is needed,
    ///   ``DiagnosticCode/vaultDamaged``, ``DiagnosticCode/vaultFormatUnknown``, errors of files.
    package init(
        folder: String, master: MasterKey, previous: [MasterKey] = [], files: VaultFiles = .system
    ) throws(DiagnosticError) {
        self.folder = folder
        self.files = files
        masters = Mutex([master] + previous.filter { $0.id != master.id })
        try Trees.make(folder, mode: 0o700)
        let names = try files.list(folder)
        // Drafts that a killed process left.
        for name in names where name.hasSuffix(".new") { try files.remove("\(folder)/\(name)") }
        if names.contains(Self.keyRingName) {
            _ = try masters.withLock { held throws(DiagnosticError) in try ring(held) }
        } else if names.contains(where: { $0.hasSuffix(SecretPlace.fileSuffix) }) {
            throw DiagnosticError(
                .vaultDamaged, "\(ringPath) is gone, and the secrets beside it cannot be read without it.",
                remedy: "Put it back from a backup. To begin anew, move the other files away.")
        } else {
            try files.replace(ringPath, KeyRing().sealed(to: [master]))
        }
    }

    /// A secret as it may be shown.
    package struct Listed: Hashable, Sendable {
        /// In capitals.
        package var name: String
        /// Grows with each change of the place; not by one.
        package var version: Int
        package var updated: Timestamp
    }

    /// By name. Values are not opened.
    package func list(_ place: SecretPlace) throws(DiagnosticError) -> [Listed] {
        try place.check()
        return try masters.withLock { held throws(DiagnosticError) in
            let (file, _) = try self.file(place, try ring(held))
            return file.entries.map { Listed(name: $0.name, version: $0.version, updated: $0.updated) }
        }
    }

    /// Sets a secret; it is there for good when this returns.
    ///
    /// - Parameter name: kept in capitals.
    /// - Throws: ``DiagnosticCode/secretNameInvalid``, ``DiagnosticCode/secretTooLarge``,
    ///   ``DiagnosticCode/tooManySecrets``, and what reading throws.
    @discardableResult
    package func put(
        _ value: String, name: String, in place: SecretPlace, at now: Timestamp
    ) throws(DiagnosticError) -> Listed {
        let name = try SecretName.checked(name)
        guard value.utf8.count <= VaultLimits.valueBytes else {
            throw DiagnosticError(
                .secretTooLarge,
                "The value of \(name) has \(value.utf8.count) bytes; at most \(VaultLimits.valueBytes) are kept.",
                remedy: "Keep what is larger encrypted in the repository, and the passphrase here.")
        }
        return try change(place) { file, ring throws(DiagnosticError) in
            let found = file.position(of: name)
            guard found != nil || file.entries.count < place.limit else {
                throw DiagnosticError(
                    .tooManySecrets,
                    "\(name) would be one more than the \(place.limit) secrets that \(place) may have.",
                    remedy: "Delete some that are no longer used.")
            }
            let version = file.changes
            let box = try file.sealedValue(Array(value.utf8), name: name, version: version, ring: ring)
            let entry = PlaceFile.Entry(name: name, version: version, updated: now, box: box)
            if let found {
                file.entries[found] = entry
            } else {
                let index = file.entries.firstIndex { $0.name > name } ?? file.entries.count
                file.entries.insert(entry, at: index)
            }
            return Listed(name: name, version: version, updated: now)
        }
    }

    /// - Throws: ``DiagnosticCode/secretMissing`` and what reading throws.
    package func delete(_ name: String, in place: SecretPlace) throws(DiagnosticError) {
        let name = try SecretName.checked(name)
        try change(place) { file, _ throws(DiagnosticError) in
            guard let found = file.position(of: name) else {
                throw DiagnosticError(
                    .secretMissing, "There is no secret \(name) at \(place).",
                    remedy: "Look at the names that are there.")
            }
            file.entries.remove(at: found)
        }
    }

    /// Forgets all secrets of a place, as when its project is removed. None there is fine.
    package func forget(_ place: SecretPlace) throws(DiagnosticError) {
        try place.check()
        try masters.withLock { _ throws(DiagnosticError) in try files.remove(path(place)) }
    }

    /// A secret as a job gets it.
    package struct Opened: Hashable, Sendable {
        package var value: String
        /// The nearest one that has the name.
        package var place: SecretPlace
        package var version: Int
    }

    /// What a job of a project sees, by name (in capitals): its environment's secrets over the project's over the
    /// server's.
    ///
    /// - Parameter names: opens only those; `nil` is all.
    /// - Throws: ``DiagnosticCode/vaultDamaged`` and what reading throws.
    package func secrets(
        project: String, environment: String? = nil, names: Set<String>? = nil
    ) throws(DiagnosticError) -> [String: Opened] {
        var places: [SecretPlace] = [.server, .project(project)]
        if let environment { places.append(.environment(project: project, name: environment)) }
        for place in places { try place.check() }
        let wanted = names.map { Set($0.map { $0.uppercased() }) }
        return try masters.withLock { held throws(DiagnosticError) in
            let ring = try ring(held)
            var nearest: [String: (file: PlaceFile, keyID: String, entry: PlaceFile.Entry)] = [:]
            for place in places {
                let (file, keyID) = try self.file(place, ring)
                for entry in file.entries where wanted?.contains(entry.name) ?? true {
                    nearest[entry.name] = (file, keyID, entry)
                }
            }
            var opened: [String: Opened] = [:]
            for (name, found) in nearest {
                let place = found.file.place
                let bytes = try found.file.value(of: found.entry, keyID: found.keyID, ring: ring, path: path(place))
                opened[name] = Opened(
                    value: String(decoding: bytes, as: UTF8.self), place: place, version: found.entry.version)
            }
            return opened
        }
    }

    // MARK: files

    var ringPath: String { "\(folder)/\(Self.keyRingName)" }

    func path(_ place: SecretPlace) -> String { "\(folder)/\(place.fileName)" }

    func ring(_ held: [MasterKey]) throws(DiagnosticError) -> KeyRing {
        guard let bytes = try files.read(ringPath, VaultLimits.keyRingBytes) else { throw KeyRing.damaged(ringPath) }
        return try KeyRing(file: bytes, path: ringPath, masters: held)
    }

    /// The place's file, an empty one where there is none, with the id of the key that it is sealed with.
    private func file(_ place: SecretPlace, _ ring: KeyRing) throws(DiagnosticError) -> (PlaceFile, keyID: String) {
        let path = path(place)
        guard let bytes = try files.read(path, VaultLimits.fileBytes) else {
            return (PlaceFile(place: place), ring.current.id)
        }
        let file = try PlaceFile(file: bytes, fileName: place.fileName, ring: ring, path: path)
        return (file, PlaceFile.keyID(of: bytes) ?? ring.current.id)
    }

    private func change<Result: Sendable>(
        _ place: SecretPlace, _ body: (inout PlaceFile, KeyRing) throws(DiagnosticError) -> Result
    ) throws(DiagnosticError) -> Result {
        try place.check()
        return try masters.withLock { held throws(DiagnosticError) in
            let ring = try ring(held)
            var (file, keyID) = try self.file(place, ring)
            // A file has one key: what a rotation has not reached yet is sealed anew as a whole.
            if keyID != ring.current.id { try file.reseal(from: keyID, ring: ring, path: path(place)) }
            file.changes += 1
            let result = try body(&file, ring)
            try files.replace(path(place), file.sealed(ring: ring))
            return result
        }
    }
}
