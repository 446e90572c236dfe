// SPDX-License-Identifier: Apache-2.0

package import AccessRules
package import Crypto
package import Diagnostics
internal import RunCoordination
internal import SecretRedaction
package import SecretVault
internal import StructuredData
internal import ThreadExecution
package import Timekeeping
internal import TriggerIntake

/// Secrets and variables: what they are stands in the vaults, that they are in the directory.
extension Server {
    /// Sets a value. The vault has it before the directory says so: what a killed process leaves is a value that is newer
    /// than its version.
    ///
    /// - Returns: what there is now.
    /// - Throws: what the directory refuses, ``DiagnosticCode/secretTooLarge``, ``DiagnosticCode/tooManySecrets``.
    package func setValue(
        _ value: String, of key: ValueKey, by actor: Actor, as principal: Principal, now: Timestamp
    ) async throws(DiagnosticError) -> StoredValue {
        let command = DirectoryCommand.setValue(key, digest: digest(value, of: key))
        // What is refused is not kept either.
        let known = directory.current
        try known.decision(principal, for: command, now: now).required()
        let changes = try known.decide(command, by: actor, now: now)
        if let same = known.values[key], changes.isEmpty { return same }
        let vault = vault(of: key)
        let place = key.place.vaultPlace
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            _ = try vault.put(value, name: key.name, in: place, at: now)
        }
        _ = try await directory.perform(command, by: actor, as: principal, now: now)
        guard let stored = directory.current.values[key] else {
            throw DiagnosticError(.entryMissing, "The value was removed as it was set.")
        }
        return stored
    }

    package func removeValue(
        _ key: ValueKey, by actor: Actor, as principal: Principal, now: Timestamp
    ) async throws(DiagnosticError) {
        _ = try await directory.perform(.removeValue(key), by: actor, as: principal, now: now)
        let vault = vault(of: key)
        let place = key.place.vaultPlace
        do throws(DiagnosticError) {
            try await BlockingWork.attempt { () throws(DiagnosticError) in try vault.delete(key.name, in: place) }
        } catch {
            guard error.diagnostic.code == .secretMissing else { throw error }
        }
    }

    /// What a place had that is no more.
    package func forgetValues(at place: ValuePlace) async throws(DiagnosticError) {
        let vaults = [vault, variables]
        let wanted = place.vaultPlace
        try await BlockingWork.attempt { () throws(DiagnosticError) in
            for vault in vaults { try vault.forget(wanted) }
        }
    }

    /// The values of a place, by name. Only of variables.
    package func variables(at place: ValuePlace) async throws(DiagnosticError) -> [String: String] {
        let vault = variables
        let wanted = place.vaultPlace
        let (project, environment): (String, String?) =
            switch place {
            case .server: ("-", nil)
            case .project(let id): (id.description, nil)
            case .environment(let id, let name): (id.description, name)
            }
        return try await BlockingWork.attempt { () throws(DiagnosticError) in
            let found = try vault.secrets(project: project, environment: environment)
            return found.filter { $0.value.place == wanted }.mapValues(\.value)
        }
    }

    /// What `vars` holds for a run: the narrowest place wins. By name, in capitals.
    package func variables(project: EntryID, environment: String?) throws(DiagnosticError) -> [String: String] {
        try variables.secrets(project: project.description, environment: environment).mapValues(\.value)
    }

    /// What `vars` holds for the runs of a project as they are planned: no job has come to its environment yet.
    static func variables(
        _ vault: Vault
    ) -> @Sendable (TriggerProject) throws(DiagnosticError) -> DataObject {
        { (project) throws(DiagnosticError) in
            let found = try vault.secrets(project: project.id)
            return DataObject(found.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value.value)) })
        }
    }

    private func vault(of key: ValueKey) -> Vault { key.kind == .secret ? vault : variables }

    /// Tells a changed value from the same one, and is of no use to whoever has not the store's key.
    private func digest(_ value: String, of key: ValueKey) -> String {
        let parts = ["martlet value digest", key.data.jsonText(), value]
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ",")
        return Hexadecimal.text(
            Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: store.sealingKey)).prefix(16))
    }
}

extension ValuePlace {
    /// Projects keep their ids, whatever they are called.
    package var vaultPlace: SecretPlace {
        switch self {
        case .server: .server
        case .project(let id): .project(id.description)
        case .environment(let id, let name): .environment(project: id.description, name: name)
        }
    }
}

/// What is to be said of a secret's value when it is set.
package enum SecretWarning {
    /// Values that stand in logs anyway: masking them hides ordinary words, and nobody has to find them out.
    private static let ordinary: Set<String> = [
        "true", "false", "null", "none", "yes", "password", "passwd", "secret", "token", "test", "testing", "admin",
        "administrator", "root", "user", "guest", "default", "example", "changeme", "localhost", "production",
        "staging",
        "development", "main", "master", "latest", "release", "debug", "letmein", "welcome", "qwerty", "1234", "12345",
        "123456", "1234567", "12345678", "123456789", "0000", "1111",
    ]
    private static let minimumVariety = 3

    package static func texts(_ value: String) -> [String] {
        if value.utf8.count < SecretRedactor.minimumLength {
            return [
                "The value has fewer than \(SecretRedactor.minimumLength) bytes and is not masked in logs."
            ]
        }
        let isGuessable =
            ordinary.contains(value.lowercased()) || Set(value.unicodeScalars).count < minimumVariety
        return isGuessable ? ["The value is easily guessed, and masking it hides ordinary words in logs."] : []
    }
}
