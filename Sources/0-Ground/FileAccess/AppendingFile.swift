// SPDX-License-Identifier: Apache-2.0

internal import CFileAccess
package import Diagnostics

/// A file that is added to and kept open: what it holds is always a whole number of appends.
package final class AppendingFile {
    package let path: String
    private let descriptor: Int32
    /// Bytes of whole appends.
    package private(set) var sizeBytes: UInt64
    /// A part of an append that could not be taken back stands at the end.
    private var isTorn = false

    /// Opens it, or makes it.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package init(path: String, mode: UInt16 = 0o600) throws(DiagnosticError) {
        let opened = fa_open_appending(path, UInt32(mode))
        guard opened >= 0 else {
            throw Files.failure(.fileUnwritable, path, "could not be opened for writing", -opened)
        }
        self.path = path
        descriptor = opened
        sizeBytes = Files.facts(path)?.sizeBytes ?? 0
    }

    deinit {
        fa_close(descriptor)
    }

    /// Adds all of the bytes, in one write where the system does that; on failure none of them stay.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``; also for every append after one that could not be taken back.
    package func append(_ bytes: [UInt8]) throws(DiagnosticError) {
        guard !isTorn else { throw Files.failure(.fileUnwritable, path, "holds a part of an earlier write", 5) }
        let error = fa_write_all(descriptor, bytes, bytes.count)
        guard error == 0 else {
            isTorn = fa_truncate(descriptor, sizeBytes) != 0
            throw Files.failure(.fileUnwritable, path, "could not be written", error)
        }
        sizeBytes += UInt64(bytes.count)
    }

    /// What was added survives a power failure once this has returned.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package func sync() throws(DiagnosticError) {
        let error = fa_sync(descriptor)
        guard error == 0 else { throw Files.failure(.fileUnwritable, path, "could not be made durable", error) }
    }

    /// Cuts off what stands behind `sizeBytes`.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package func cut(to sizeBytes: UInt64) throws(DiagnosticError) {
        let error = fa_truncate(descriptor, sizeBytes)
        guard error == 0 else { throw Files.failure(.fileUnwritable, path, "could not be cut", error) }
        self.sizeBytes = sizeBytes
    }
}
