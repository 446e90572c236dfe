// SPDX-License-Identifier: Apache-2.0

internal import CFileAccess
package import Diagnostics

/// Reading and writing whole files, without Foundation. Paths are as the system takes them; all calls block.
package enum Files {
    // MARK: reading

    /// The whole file.
    ///
    /// - Throws: ``DiagnosticCode/fileUnreadable``, ``DiagnosticCode/fileTooLarge``.
    package static func read(_ path: String, limit: Int) throws(DiagnosticError) -> [UInt8] {
        guard let bytes = try readIfPresent(path, limit: limit) else {
            throw DiagnosticError(.fileUnreadable, "There is no file \(path).")
        }
        return bytes
    }

    /// The whole file, or `nil` when it is not there.
    ///
    /// - Throws: ``DiagnosticCode/fileUnreadable``, ``DiagnosticCode/fileTooLarge``.
    package static func readIfPresent(_ path: String, limit: Int) throws(DiagnosticError) -> [UInt8]? {
        var size: UInt64 = 0
        let file = fa_open_reading(path, &size)
        if file < 0 {
            if fa_is_missing(-file) != 0 { return nil }
            throw failure(.fileUnreadable, path, "could not be opened", -file)
        }
        defer { fa_close(file) }
        let tooLarge = DiagnosticError(
            .fileTooLarge, "\(path) is larger than the \(limit) bytes that are read of such a file.")
        guard size <= UInt64(limit) else { throw tooLarge }
        // One byte more than expected: a read that comes back short of it is the end.
        var capacity = Int(size) + 1
        var bytes: [UInt8] = []
        while true {
            let before = bytes.count
            var outcome: Int64 = 0
            let more = [UInt8](unsafeUninitializedCapacity: capacity) { space, count in
                outcome = fa_read(file, space.baseAddress, space.count)
                count = max(0, Int(outcome))
            }
            if outcome < 0 { throw failure(.fileUnreadable, path, "could not be read", Int32(-outcome)) }
            if outcome == 0 { return bytes }
            if before == 0 { bytes = more } else { bytes += more }
            if bytes.count > limit { throw tooLarge }
            if bytes.count == Int(size) { capacity = 1 } else { capacity = 65536 }
        }
    }

    /// A piece of a file; shorter than `count` at its end, empty behind it.
    package static func read(_ path: String, from offset: Int, count: Int) throws(DiagnosticError) -> [UInt8] {
        var size: UInt64 = 0
        let file = fa_open_reading(path, &size)
        guard file >= 0 else { throw failure(.fileUnreadable, path, "could not be opened", -file) }
        defer { fa_close(file) }
        var outcome: Int64 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { space, filled in
            outcome = fa_read_at(file, space.baseAddress, space.count, Int64(offset))
            filled = max(0, Int(outcome))
        }
        guard outcome >= 0 else { throw failure(.fileUnreadable, path, "could not be read", Int32(-outcome)) }
        return bytes
    }

    /// The whole file, a piece after the other.
    ///
    /// - Throws: ``DiagnosticCode/fileUnreadable``, and what `body` throws.
    package static func read(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(DiagnosticError) -> Void
    ) throws(DiagnosticError) {
        var size: UInt64 = 0
        let descriptor = fa_open_reading(path, &size)
        guard descriptor >= 0 else { throw failure(.fileUnreadable, path, "could not be opened", -descriptor) }
        defer { fa_close(descriptor) }
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { space.deallocate() }
        while true {
            let count = fa_read(descriptor, space.baseAddress, space.count)
            guard count >= 0 else { throw failure(.fileUnreadable, path, "could not be read", Int32(-count)) }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: space[..<Int(count)]))
        }
    }

    // MARK: writing

    /// Writes into the file as it stands, or a new one. A crash in the middle leaves part of it.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func write(_ bytes: some Sequence<UInt8>, to path: String, mode: UInt16 = 0o644)
        throws(DiagnosticError)
    {
        try write(bytes, to: path, opened: fa_open_writing(path, UInt32(mode), 0), durably: false)
    }

    /// A name beside a path for what is still being made: never twice the same, whoever makes it.
    package static func draft(of path: String) -> String { path + "." + String(fa_unique(), radix: 36) + ".new" }

    /// Writes a file of another name beside it and renames that: readers see the old contents or the new, never a part.
    ///
    /// - Parameter durably: it survives a power failure, too, once this has returned.
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func replace(
        _ path: String, with bytes: some Sequence<UInt8>, mode: UInt16 = 0o644, durably: Bool = false
    ) throws(DiagnosticError) {
        let temporary = draft(of: path)
        do {
            let file = fa_open_writing(temporary, UInt32(mode), 1)
            try write(bytes, to: temporary, opened: file, durably: durably)
            try rename(temporary, to: path)
        } catch {
            _ = fa_unlink(temporary)
            throw error
        }
        guard durably else { return }
        let error = fa_sync_directory(directory(of: path))
        if error != 0 { throw failure(.fileUnwritable, path, "could not be made durable", error) }
    }

    /// Makes a file that other processes see whole or not at all.
    ///
    /// - Returns: `false` where there is one of that name; it is left as it is.
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func create(
        _ path: String, with bytes: some Sequence<UInt8>, mode: UInt16 = 0o644
    ) throws(DiagnosticError) -> Bool {
        let draft = draft(of: path)
        defer { _ = fa_unlink(draft) }
        try write(bytes, to: draft, opened: fa_open_writing(draft, UInt32(mode), 1), durably: false)
        let error = fa_link(draft, path)
        if error != 0, fa_is_present(error) == 0 {
            throw failure(.fileUnwritable, path, "could not be put in place", error)
        }
        return error == 0
    }

    /// Adds to the end of the file, in one write where the system does that.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func append(_ bytes: some Sequence<UInt8>, to path: String, mode: UInt16 = 0o644)
        throws(DiagnosticError)
    {
        try write(bytes, to: path, opened: fa_open_appending(path, UInt32(mode)), durably: false)
    }

    private static func write(
        _ bytes: some Sequence<UInt8>, to path: String, opened file: Int32, durably: Bool
    ) throws(DiagnosticError) {
        if file < 0 { throw failure(.fileUnwritable, path, "could not be opened for writing", -file) }
        defer { fa_close(file) }
        let written = bytes.withContiguousStorageIfAvailable { fa_write_all(file, $0.baseAddress, $0.count) }
        var error: Int32
        if let written {
            error = written
        } else {
            let copy = Array(bytes)
            error = fa_write_all(file, copy, copy.count)
        }
        if error == 0, durably { error = fa_sync(file) }
        if error != 0 { throw failure(.fileUnwritable, path, "could not be written", error) }
    }

    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func rename(_ path: String, to target: String) throws(DiagnosticError) {
        let error = fa_rename(path, target)
        if error != 0 { throw failure(.fileUnwritable, target, "could not be put in place", error) }
    }

    /// Removes one file or link; one that is not there is fine.
    ///
    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func remove(_ path: String) throws(DiagnosticError) {
        let error = fa_unlink(path)
        if error != 0, fa_is_missing(error) == 0 { throw failure(.fileUnwritable, path, "could not be removed", error) }
    }

    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func setMode(_ mode: UInt16, of path: String) throws(DiagnosticError) {
        let error = fa_chmod(path, UInt32(mode))
        if error != 0 { throw failure(.fileUnwritable, path, "could not be given another mode", error) }
    }

    // MARK: looking

    package enum Kind: UInt32, Hashable, Sendable {
        case file = 1
        case directory
        case link
        /// A device, socket or named pipe.
        case other
    }

    package struct Facts: Hashable, Sendable {
        package var kind: Kind
        /// Permission bits.
        package var mode: UInt16
        package var sizeBytes: UInt64
        /// Since 1970.
        package var modifiedNanoseconds: Int64
        package var device: UInt64
        package var inode: UInt64

        package var isExecutable: Bool { kind == .file && mode & 0o111 != 0 }
    }

    /// `nil` when there is nothing, or nothing that may be looked at.
    package static func facts(_ path: String, followingLinks: Bool = true) -> Facts? {
        var raw = fa_facts()
        guard fa_facts(path, followingLinks ? 1 : 0, &raw) == 0 else { return nil }
        return Facts(
            kind: Kind(rawValue: raw.kind) ?? .other, mode: UInt16(truncatingIfNeeded: raw.mode),
            sizeBytes: raw.size, modifiedNanoseconds: raw.modified_ns, device: raw.device, inode: raw.inode)
    }

    package static func isDirectory(_ path: String) -> Bool { facts(path)?.kind == .directory }
    package static func isFile(_ path: String) -> Bool { facts(path)?.kind == .file }

    /// What a symbolic link says; `nil` when it is none.
    package static func linkTarget(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(FA_PATH_LIMIT)) { space in
            let length = fa_readlink(path, space.baseAddress, space.count)
            guard length >= 0 else { return nil }
            return String(decoding: UnsafeRawBufferPointer(space).prefix(Int(length)), as: UTF8.self)
        }
    }

    /// The absolute path without symbolic links; `nil` when there is nothing.
    package static func realPath(_ path: String) -> String? {
        var error: Int32 = 0
        guard let found = fa_realpath(path, &error) else { return nil }
        defer { fa_free(found) }
        return String(cString: found)
    }

    /// The part before the last slash: `.` when there is none.
    package static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func failure(_ code: DiagnosticCode, _ path: String, _ what: String, _ error: Int32) -> DiagnosticError {
        DiagnosticError(code, "\(path) \(what): \(String(cString: fa_error_text(error))).")
    }
}
