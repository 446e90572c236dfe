// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
package import SecretVault

/// A server's two vaults, both sealed to its master key: secrets, and variables.
package struct ServerVaults: Sendable {
    package let secrets: Vault
    package let variables: Vault

    /// The key that a change of keys makes, before it takes the place of the one in the folder.
    private static let nextKeyName = "/master-key.new"

    /// Whether a server's folder has something that its key opens.
    static func hasSecrets(_ root: String) -> Bool {
        ["vault", "variables"].contains { DiskUse.bytes(below: "\(root)/\($0)") > 0 }
    }

    static func open(_ settings: ServerSettings, root: String) throws(DiagnosticError) -> ServerVaults {
        let key = try masterKey(settings, root: root)
        // A change of keys that was cut off: what it had sealed anew opens with the next key only.
        let next = root + nextKeyName
        let others = Files.isFile(next) ? [try MasterKey(file: next)] : []
        return try open(root: root, key, others)
    }

    /// Whether the key that the settings name can be read, and opens what is there. A key that is not there is not made.
    static func check(_ settings: ServerSettings, root: String) throws(DiagnosticError) {
        if Files.isDirectory(root + "/vault") || settings.keyPath != nil || hasSecrets(root)
            || settings.environment["MARTLET_KEY"]?.isEmpty == false
        {
            let key = try masterKey(settings, root: root)
            guard Files.isDirectory(root + "/vault") else { return }
            let next = root + nextKeyName
            _ = try open(root: root, key, Files.isFile(next) ? [try MasterKey(file: next)] : [])
        }
    }

    private static func open(
        root: String, _ key: MasterKey, _ others: [MasterKey]
    ) throws(DiagnosticError) -> ServerVaults {
        ServerVaults(
            secrets: try Vault(folder: root + "/vault", master: key, previous: others),
            variables: try Vault(folder: root + "/variables", master: key, previous: others))
    }

    private static func masterKey(_ settings: ServerSettings, root: String) throws(DiagnosticError) -> MasterKey {
        if let text = settings.environment["MARTLET_KEY"], !text.isEmpty {
            return try MasterKey(text: text, source: "MARTLET_KEY")
        }
        if let path = settings.keyPath { return try MasterKey(file: path) }
        let path = root + "/master-key"
        guard Files.isFile(path) || !hasSecrets(root) else {
            throw DiagnosticError(
                .masterKeyMissing, "There are secrets in '\(root)', and the key that opens them is not there.",
                remedy: "Put it back as '\(path)', or give --key-file or MARTLET_KEY. Without it remove the folders "
                    + "'vault' and 'variables', and set all secrets anew.")
        }
        return try MasterKey.loadOrMake(path)
    }

    /// Makes another key the master key. No server may work in the folder meanwhile; what was cut off is finished by doing
    /// it again.
    ///
    /// - Parameter target: the file with the new key, made where it is not there; `nil`: the one in the folder is replaced.
    /// - Returns: how many places were sealed anew.
    /// - Throws: ``DiagnosticCode/serverFolderTaken``, what the vaults throw.
    package static func rotateKey(_ settings: ServerSettings, to target: String?) throws(DiagnosticError) -> Int {
        try Trees.make(settings.folder, mode: 0o700)
        let lock = try Server.lock(settings.folder)
        defer { withExtendedLifetime(lock) {} }
        let root = Files.realPath(settings.folder) ?? settings.folder
        let next = root + nextKeyName
        if target == nil, settings.keyPath != nil || settings.environment["MARTLET_KEY"]?.isEmpty == false {
            throw DiagnosticError(
                .serverSettings, "The key is kept outside of the folder, and so is the new one.",
                remedy: "Give --to-file with the file of the new key, and start the server with that.")
        }
        let new = try MasterKey.loadOrMake(target ?? next)
        let old = try masterKey(settings, root: root)
        let vaults = try open(root: root, new, [old])
        let count = try vaults.secrets.rotate(to: new) + vaults.variables.rotate(to: new)
        if target == nil { try Files.rename(next, to: root + "/master-key") }
        return count
    }
}
