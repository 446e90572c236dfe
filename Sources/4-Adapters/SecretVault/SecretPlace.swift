// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
internal import StructuredData

/// Whose a secret is. The nearer place wins: an environment over its project over the server.
package enum SecretPlace: Hashable, Sendable, CustomStringConvertible {
    case server
    /// By a name that the project keeps for good.
    case project(String)
    /// Names of environments are compared without regard to ASCII case.
    case environment(project: String, name: String)

    package var description: String {
        switch self {
        case .server: "the server"
        case .project(let project): "the project \(project)"
        case .environment(let project, let name): "the environment \(name) of \(project)"
        }
    }

    /// Most secrets that it has.
    package var limit: Int {
        if case .environment = self { return VaultLimits.secretsPerEnvironment }
        return VaultLimits.secretsPerProject
    }

    /// What the place is bound to in boxes, and written as in files: the level, and the names.
    var parts: [String] {
        switch self {
        case .server: ["server"]
        case .project(let project): ["project", project]
        case .environment(let project, let name): ["environment", project, Self.folded(name)]
        }
    }

    init?(parts: [String]) {
        switch (parts.first, parts.count) {
        case ("server", 1): self = .server
        case ("project", 2): self = .project(parts[1])
        case ("environment", 3): self = .environment(project: parts[1], name: parts[2])
        default: return nil
        }
    }

    static let fileSuffix = ".secrets"

    /// The name of its file: whatever the place is called, digits and one suffix.
    var fileName: String {
        Hexadecimal.text(Array(SHA256.hash(data: BoundText.bytes(parts))).prefix(16)) + Self.fileSuffix
    }

    /// - Throws: ``DiagnosticCode/secretPlaceInvalid``.
    func check() throws(DiagnosticError) {
        for name in parts.dropFirst() {
            let isName =
                !name.isEmpty && name.utf8.count <= VaultLimits.ownerBytes
                && name.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
            guard isName else {
                throw DiagnosticError(
                    .secretPlaceInvalid,
                    "A project or environment whose name is empty, longer than \(VaultLimits.ownerBytes) bytes or has "
                        + "control characters cannot keep secrets.",
                    remedy: "Give it another name.")
            }
        }
    }

    private static func folded(_ name: String) -> String {
        String(decoding: name.utf8.map { (65...90).contains($0) ? $0 | 32 : $0 }, as: UTF8.self)
    }
}
