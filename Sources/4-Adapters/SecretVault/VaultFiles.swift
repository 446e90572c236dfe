// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess

/// What a vault asks of the file system. Given as closures, so that a test can cut it off at each of them.
package struct VaultFiles: Sendable {
    /// The whole file, or `nil` where there is none; at most so many bytes.
    package var read: @Sendable (_ path: String, _ limit: Int) throws(DiagnosticError) -> [UInt8]?
    /// The old contents or the new, whatever happens; the new ones for good once it returns.
    package var replace: @Sendable (_ path: String, _ bytes: [UInt8]) throws(DiagnosticError) -> Void
    package var remove: @Sendable (_ path: String) throws(DiagnosticError) -> Void
    /// The names in the folder, in order.
    package var list: @Sendable (_ folder: String) throws(DiagnosticError) -> [String]

    package init(
        read: @escaping @Sendable (String, Int) throws(DiagnosticError) -> [UInt8]?,
        replace: @escaping @Sendable (String, [UInt8]) throws(DiagnosticError) -> Void,
        remove: @escaping @Sendable (String) throws(DiagnosticError) -> Void,
        list: @escaping @Sendable (String) throws(DiagnosticError) -> [String]
    ) {
        self.read = read
        self.replace = replace
        self.remove = remove
        self.list = list
    }

    /// The files of this machine.
    package static let system = VaultFiles(
        read: { path, limit throws(DiagnosticError) in try Files.readIfPresent(path, limit: limit) },
        replace: { path, bytes throws(DiagnosticError) in
            try Files.replace(path, with: bytes, mode: 0o600, durably: true)
        },
        remove: { path throws(DiagnosticError) in try Files.remove(path) },
        list: { folder throws(DiagnosticError) in
            try Trees.list(folder).filter { $0.kind == .file }.map(\.name).sorted()
        }
    )
}
