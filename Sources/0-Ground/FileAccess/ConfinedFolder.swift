// SPDX-License-Identifier: Apache-2.0

internal import CFileAccess
package import Diagnostics

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Makes files below one folder and nowhere else, whatever the paths are and whatever links stand in the folder.
package final class ConfinedFolder {
    package let path: String
    private let descriptor: Int32
    private var made: Set<String> = []

    /// - Parameter path: of a folder that is there; links on the way to it are followed.
    package init(path: String) throws(DiagnosticError) {
        let opened = fa_open_root(path)
        guard opened >= 0 else { throw Files.failure(.directoryUnreadable, path, "could not be opened", -opened) }
        self.path = path
        descriptor = opened
    }

    deinit {
        fa_close(descriptor)
    }

    /// Whether a relative path can be used here: it is not empty, has no empty part, and none that leads elsewhere.
    package static func accepts(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count < 4096, !path.utf8.contains(0) else { return false }
        return path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count < 256
        }
    }

    /// Makes a folder and those around it; one that is there is fine.
    package func makeFolder(_ folder: String) throws(DiagnosticError) {
        guard !folder.isEmpty, !made.contains(folder) else { return }
        try check(folder)
        if let slash = folder.lastIndex(of: "/") { try makeFolder(String(folder[..<slash])) }
        let error = fa_make_beneath(descriptor, folder, 0o755)
        guard error == 0 || error == EEXIST else {
            throw Files.failure(.directoryNotMade, "\(path)/\(folder)", "could not be made", error)
        }
        made.insert(folder)
    }

    /// A new file, with the folders around it; what is there of that name gives way, and a link is not followed.
    package func file(_ name: String, mode: UInt16 = 0o644) throws(DiagnosticError) -> ConfinedFile {
        try check(name)
        if let slash = name.lastIndex(of: "/") { try makeFolder(String(name[..<slash])) }
        let error = fa_unlink_beneath(descriptor, name)
        guard error == 0 || error == ENOENT else {
            throw Files.failure(.fileUnwritable, "\(path)/\(name)", "could not be replaced", error)
        }
        let opened = fa_open_beneath(descriptor, name, O_WRONLY | O_CREAT | O_EXCL, UInt32(mode))
        guard opened >= 0 else {
            throw Files.failure(.fileUnwritable, "\(path)/\(name)", "could not be made", -opened)
        }
        return ConfinedFile(path: "\(path)/\(name)", descriptor: opened)
    }

    private func check(_ name: String) throws(DiagnosticError) {
        guard Self.accepts(name) else {
            throw DiagnosticError(.fileUnwritable, "'\(name)' is not a path below \(path).")
        }
    }
}

/// A file that a ``ConfinedFolder`` made.
package final class ConfinedFile {
    private let path: String
    private let descriptor: Int32

    init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        fa_close(descriptor)
    }

    package func write(_ bytes: [UInt8]) throws(DiagnosticError) {
        let error = fa_write_all(descriptor, bytes, bytes.count)
        guard error == 0 else { throw Files.failure(.fileUnwritable, path, "could not be written", error) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(DiagnosticError) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        let error = fa_write_all(descriptor, start, bytes.count)
        guard error == 0 else { throw Files.failure(.fileUnwritable, path, "could not be written", error) }
    }
}
