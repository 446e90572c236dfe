// SPDX-License-Identifier: Apache-2.0

/// How much a vault keeps. The first three are those of GitHub's secrets
/// (docs.github.com, "Secrets reference", limits for secrets).
package enum VaultLimits {
    /// Longest value in bytes of UTF-8.
    package static let valueBytes = 48 << 10
    package static let secretsPerEnvironment = 100
    /// For the server, too.
    package static let secretsPerProject = 1_000
    /// Longest name of a secret.
    package static let nameBytes = 255
    /// Longest name of a project or an environment.
    package static let ownerBytes = 255
    /// Longest file of a place: every value at its longest, with its box, and the list of them.
    static let fileBytes = 64 << 20
    /// Longest file of the vault's own keys.
    static let keyRingBytes = 1 << 20
    /// Longest file of a master key.
    static let masterKeyBytes = 4_096
}
