// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import Synchronization

extension PlaceFile {
    /// Seals every value with the current key.
    mutating func reseal(from keyID: String, ring: KeyRing, path: String) throws(DiagnosticError) {
        for index in entries.indices {
            let entry = entries[index]
            let value = try value(of: entry, keyID: keyID, ring: ring, path: path)
            entries[index].box = try sealedValue(value, name: entry.name, version: entry.version, ring: ring)
        }
    }
}

/// How a master key is changed, in three steps that each can be the last before the power goes:
///
/// 1. The ring gets a new data key, and is sealed to the new master key and to the old ones: each of them opens all.
/// 2. Each file is sealed anew with the new data key.
/// 3. The ring keeps the new data key only, sealed to the new master key only.
///
/// Values are sealed anew, not just the ring: whoever has the old master key and a copy of the old ring can open
/// nothing that is put afterwards.
extension Vault {
    /// Makes `master` the key that opens the vault; the vault must be open with the old one. Where an earlier rotation
    /// to it was cut off this finishes it; where it is done already this changes nothing. Other calls go on meanwhile.
    ///
    /// - Returns: how many files were sealed anew.
    /// - Throws: what reading and writing throw. The vault is then open with the old keys and the new one.
    @discardableResult
    package func rotate(to master: MasterKey) throws(DiagnosticError) -> Int {
        try rotation.withLock { _ throws(DiagnosticError) in
            guard try begin(master) else { return 0 }
            var count = 0
            for name in try files.list(folder) where name.hasSuffix(SecretPlace.fileSuffix) {
                if try reseal(name) { count += 1 }
            }
            try finish(master)
            return count
        }
    }

    /// The master key that a rotation leads to which was cut off; `nil` where none is under way.
    package func rotationTarget() throws(DiagnosticError) -> String? {
        try masters.withLock { held throws(DiagnosticError) in try ring(held).target }
    }

    /// The master keys that open the vault as it is now, by id.
    package func masterKeyIDs() throws(DiagnosticError) -> [String] {
        try masters.withLock { held throws(DiagnosticError) in try ring(held).masters }
    }

    /// Step 1. Returns whether there is something left to do.
    private func begin(_ master: MasterKey) throws(DiagnosticError) -> Bool {
        try masters.withLock { held throws(DiagnosticError) in
            if !held.contains(where: { $0.id == master.id }) { held.insert(master, at: 0) }
            var ring = try ring(held)
            if ring.target == master.id { return true }
            if ring.target == nil, ring.masters == [master.id] { return false }
            ring.current = KeyRing.makeKey()
            ring.keys.append(ring.current)
            ring.target = master.id
            let kept = held.filter { $0.id != master.id && ring.masters.contains($0.id) }
            try files.replace(ringPath, ring.sealed(to: [master] + kept))
            return true
        }
    }

    /// Step 2 for one file. Returns whether it was sealed with an older key.
    private func reseal(_ name: String) throws(DiagnosticError) -> Bool {
        try masters.withLock { held throws(DiagnosticError) in
            let ring = try ring(held)
            let path = "\(folder)/\(name)"
            // Forgotten since the folder was listed.
            guard let bytes = try files.read(path, VaultLimits.fileBytes) else { return false }
            let keyID = PlaceFile.keyID(of: bytes)
            if keyID == ring.current.id { return false }
            var file = try PlaceFile(file: bytes, fileName: name, ring: ring, path: path)
            try file.reseal(from: keyID ?? "", ring: ring, path: path)
            try files.replace(path, file.sealed(ring: ring))
            return true
        }
    }

    /// Step 3. The old master keys are forgotten once nothing needs them.
    private func finish(_ master: MasterKey) throws(DiagnosticError) {
        try masters.withLock { held throws(DiagnosticError) in
            var ring = try ring(held)
            ring.keys = [ring.current]
            ring.target = nil
            try files.replace(ringPath, ring.sealed(to: [master]))
            held = [master]
        }
    }
}
