// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// An exclusive lock on a file, held for as long as this value lives, and let go by the kernel when the
/// process dies. The file holds the number of the process, for the message to whoever comes second.
package final class FileLock: Sendable {
    package let path: String
    private let descriptor: Int32

    /// Takes the lock, or fails at once.
    ///
    /// - Throws: ``DiagnosticCode/lockHeld``, ``DiagnosticCode/lockUnavailable``.
    package convenience init(path: String) throws(DiagnosticError) {
        try self.init(path: path, announces: true)
    }

    /// - Parameter announces: whether the file is the lock's own and holds the process number.
    private init(path: String, announces: Bool) throws(DiagnosticError) {
        let descriptor = pc_lock_file_open(path)
        guard descriptor >= 0 else {
            throw DiagnosticError(
                .lockUnavailable, "The lock file \(path) could not be opened: \(SystemError(number: -descriptor)).",
                remedy: "Check that its directory exists and can be written to.")
        }
        let error = pc_lock(descriptor)
        guard error == 0 else {
            let holder = announces ? Self.holder(descriptor) : nil
            pc_close(descriptor)
            throw Self.failure(path: path, error: SystemError(number: error), holder: holder)
        }
        self.path = path
        self.descriptor = descriptor
        guard announces else { return }
        let text = Array("\(pc_own_pid())\n".utf8)
        // Only a message would miss it.
        _ = pc_contents_replace(descriptor, text, text.count)
    }

    deinit {
        pc_unlock(descriptor)
        pc_close(descriptor)
    }

    /// Waits for a lock on a file that belongs to somebody else, such as the receipts of a job.
    /// Blocks the calling thread.
    ///
    /// - Throws: ``DiagnosticCode/lockHeld`` at the deadline, ``DiagnosticCode/lockUnavailable``.
    package static func waiting(path: String, until deadline: BootInstant) throws(DiagnosticError) -> FileLock {
        var nap: UInt64 = 500_000
        while true {
            do {
                return try FileLock(path: path, announces: false)
            } catch {
                if error.diagnostic.code != .lockHeld || BootInstant.now() >= deadline { throw error }
            }
            pc_nap(nap)
            nap = min(nap * 2, 20_000_000)
        }
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var digits: (UInt64, UInt64) = (0, 0)
        return withUnsafeMutableBytes(of: &digits) { space in
            let count = pc_read(descriptor, space.baseAddress, space.count)
            guard count > 0 else { return nil }
            return Int32(String(decoding: space.prefix(Int(count)).prefix { $0 != 10 }, as: UTF8.self))
        }
    }

    private static func failure(path: String, error: SystemError, holder: Int32?) -> DiagnosticError {
        guard error.isLockHeld else {
            return DiagnosticError(.lockUnavailable, "The file \(path) could not be locked: \(error).")
        }
        let who = holder.map { "process \($0)" } ?? "another process"
        return DiagnosticError(
            .lockHeld, "\(path) is in use by \(who).",
            remedy: "Wait for it to end, or cancel it.")
    }
}
