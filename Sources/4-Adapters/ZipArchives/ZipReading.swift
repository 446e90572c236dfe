// SPDX-License-Identifier: Apache-2.0

internal import CMinizip
package import Diagnostics
package import FileAccess

/// Unpacks zip archives, a piece of a file at a time: below the folder and nowhere else, through no link, and only files
/// and folders.
package enum ZipReading {
    private static let chunkBytes = 256 << 10

    /// - Returns: how many files were written.
    /// - Throws: ``DiagnosticCode/zipUnreadable``, ``DiagnosticCode/zipUnsafe``, and codes of file access.
    @discardableResult
    package static func unpack(
        _ path: String, to folder: ConfinedFolder, limits: ZipLimits = ZipLimits(),
        checkpoint: Checkpoint = { () throws(DiagnosticError) in }
    ) throws(DiagnosticError) -> Int {
        // The library takes an index that is cut off for an empty one.
        guard ZipEnd.isWhole(path), let archive = unzOpen64(path) else {
            throw unreadable(path, "it is no zip archive")
        }
        defer { unzClose(archive) }
        var totals = unz_global_info64()
        guard unzGetGlobalInfo64(archive, &totals) == UNZ_OK else { throw unreadable(path, "its index is damaged") }
        guard totals.number_entry <= limits.entryCount else {
            throw unsafe(path, "it has more than \(limits.entryCount) files")
        }
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { space.deallocate() }
        var (left, count) = (limits.sizeBytes, 0)
        for number in 0..<totals.number_entry {
            let moved = number == 0 ? unzGoToFirstFile(archive) : unzGoToNextFile(archive)
            guard moved == UNZ_OK else { throw unreadable(path, "its index ends early") }
            try checkpoint()
            let name = try entryName(archive, path)
            if name.hasSuffix("/") {
                try folder.makeFolder(String(name.dropLast()))
                continue
            }
            try unpackFile(archive, name, path, folder, &left, space)
            count += 1
        }
        return count
    }

    private static func entryName(_ archive: unzFile, _ path: String) throws(DiagnosticError) -> String {
        var info = unz_file_info64()
        var bytes = [CChar](repeating: 0, count: ZipLimits.nameBytes)
        guard unzGetCurrentFileInfo64(archive, &info, &bytes, UInt(bytes.count), nil, 0, nil, 0) == UNZ_OK else {
            throw unreadable(path, "its index is damaged")
        }
        guard info.size_filename < bytes.count else { throw unsafe(path, "a name in it is too long") }
        let name = String(decoding: bytes.prefix(Int(info.size_filename)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let plain = name.hasSuffix("/") ? String(name.dropLast()) : name
        guard ConfinedFolder.accepts(plain), !plain.contains("\\") else {
            throw unsafe(path, "'\(name)' leads out of the folder that it is unpacked into")
        }
        // Made by a Unix system, the upper half is the mode.
        let kind = info.version >> 8 == 3 ? (info.external_fa >> 16) & 0o170000 : 0
        guard kind == 0 || kind == 0o100000 || kind == 0o040000 else {
            throw unsafe(path, "'\(name)' is a link or a device")
        }
        guard info.flag & 1 == 0 else { throw unreadable(path, "it is encrypted") }
        return name
    }

    private static func unpackFile(
        _ archive: unzFile, _ name: String, _ path: String, _ folder: ConfinedFolder, _ left: inout UInt64,
        _ space: UnsafeMutableRawBufferPointer
    ) throws(DiagnosticError) {
        guard unzOpenCurrentFile(archive) == UNZ_OK else { throw unreadable(path, "'\(name)' cannot be unpacked") }
        defer { unzCloseCurrentFile(archive) }
        let file = try folder.file(name)
        while true {
            let count = unzReadCurrentFile(archive, space.baseAddress, UInt32(space.count))
            guard count >= 0 else { throw unreadable(path, "'\(name)' is damaged") }
            if count == 0 { break }
            guard UInt64(count) <= left else { throw unsafe(path, "it is larger than is allowed when it is unpacked") }
            left -= UInt64(count)
            try file.write(UnsafeRawBufferPointer(rebasing: space[..<Int(count)]))
        }
        guard unzCloseCurrentFile(archive) == UNZ_OK else { throw unreadable(path, "'\(name)' is damaged") }
    }

    private static func unreadable(_ path: String, _ detail: String) -> DiagnosticError {
        DiagnosticError(.zipUnreadable, "The archive \(path) cannot be read: \(detail).")
    }

    private static func unsafe(_ path: String, _ detail: String) -> DiagnosticError {
        DiagnosticError(.zipUnsafe, "The archive \(path) is not unpacked: \(detail).")
    }
}
