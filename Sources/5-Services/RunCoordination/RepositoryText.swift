// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess

/// Texts that a user names, read whole.
package enum RepositoryText {
    package static let workflowLimitBytes = 4 << 20
    package static let secretsLimitBytes = 16 << 20
    package static let payloadLimitBytes = 16 << 20

    package static func exists(_ path: String) -> Bool { Files.facts(path) != nil }

    package static func isFolder(_ path: String) -> Bool { Files.isDirectory(path) }
    package static func isFile(_ path: String) -> Bool { Files.isFile(path) }

    /// Names in a folder, unordered; empty where it cannot be read.
    package static func list(_ folder: String) -> [String] {
        ((try? Trees.list(folder)) ?? []).map(\.name)
    }

    package static func read(_ path: String, limit: Int) throws(DiagnosticError) -> [UInt8] {
        try Files.read(path, limit: limit)
    }

    /// `nil` where there is no such file.
    package static func readIfPresent(_ path: String, limit: Int) throws(DiagnosticError) -> [UInt8]? {
        try Files.readIfPresent(path, limit: limit)
    }
}
