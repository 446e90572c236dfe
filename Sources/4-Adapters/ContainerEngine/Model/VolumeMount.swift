// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A volume or a folder of the machine, in a container: the short form `[source:]target[:mode]`.
package struct VolumeMount: Hashable, Sendable, CustomStringConvertible {
    /// An absolute path of the machine (made where it is not there), a volume's name, or `nil`: a volume without a name.
    package var source: String?
    /// An absolute path in the container.
    package var target: String
    /// `ro`, `rw`, `z`, `nocopy` …
    package var modes: [String] = []

    package init(source: String?, target: String, modes: [String] = []) {
        self.source = source
        self.target = target
        self.modes = modes
    }

    /// - Throws: ``DiagnosticCode/volumeSyntaxInvalid``.
    package init(_ text: String) throws(DiagnosticError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count) else {
            throw Self.failure(text, "it has \(parts.count) parts, and at most three are allowed")
        }
        let target = parts[parts.count == 1 ? 0 : 1]
        guard target.hasPrefix("/"), target != "/" else {
            throw Self.failure(text, "the path in the container, '\(target)', is not absolute below /")
        }
        self.target = target
        guard parts.count > 1 else { return }
        guard parts[0].hasPrefix("/") || Self.isVolumeName(parts[0]) else {
            throw Self.failure(text, "'\(parts[0])' is neither an absolute path nor a volume's name")
        }
        source = parts[0]
        if parts.count == 3 {
            modes = parts[2].split(separator: ",").map(String.init)
            let unknown = modes.first { !Self.knownModes.contains($0) }
            guard !modes.isEmpty, unknown == nil else { throw Self.failure(text, "'\(parts[2])' is not a mode") }
        }
    }

    package var isReadOnly: Bool { modes.contains("ro") }
    /// A path of the machine, not a volume.
    package var isBind: Bool { source?.hasPrefix("/") == true }

    package var description: String {
        [source, target, modes.isEmpty ? nil : modes.joined(separator: ",")].compactMap(\.self).joined(separator: ":")
    }

    private static let knownModes: Set = [
        "ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated", "private", "rprivate", "shared", "rshared",
        "slave", "rslave", "U",
    ]

    /// Moby's `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
    private static func isVolumeName(_ name: String) -> Bool {
        guard name.utf8.count > 1, let first = name.first, first.isASCII, first.isLetter || first.isNumber else {
            return false
        }
        return name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) }
    }

    private static func failure(_ text: String, _ reason: String) -> DiagnosticError {
        DiagnosticError(
            .volumeSyntaxInvalid, "The volume '\(text)' cannot be read: \(reason).",
            remedy: "Write source:/path/in/container, with :ro behind it for read-only.")
    }
}
