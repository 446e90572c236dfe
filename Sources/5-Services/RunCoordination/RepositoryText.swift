// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import Glibc

/// Texts that a user names, read whole.
package enum RepositoryText {
    package static let workflowLimitBytes = 4 << 20
    package static let secretsLimitBytes = 16 << 20
    package static let payloadLimitBytes = 16 << 20

    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Names in a folder, unordered; empty where it cannot be read.
    package static func list(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    package static func read(_ path: String, limit: Int) throws(DiagnosticError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw failure(path)
            }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else {
                throw DiagnosticError(.fileUnreadable, "'\(path)' holds more than \(limit) bytes; no more are read.")
            }
        }
    }

    private static func failure(_ path: String) -> DiagnosticError {
        DiagnosticError(
            .fileUnreadable, "'\(path)' could not be read: \(String(cString: strerror(errno))).",
            remedy: "Check the path, and that you may read it.")
    }
}
