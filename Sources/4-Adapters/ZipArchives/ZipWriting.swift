// SPDX-License-Identifier: Apache-2.0

internal import CMinizip
package import Diagnostics
internal import FileAccess
internal import Glibc

/// A file that goes into an archive.
package struct ZipItem: Hashable, Sendable {
    /// In the archive, with `/`.
    package var name: String
    /// Where its bytes are; links are followed.
    package var path: String

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }
}

/// Called again and again in what takes long; it throws where that is to end.
package typealias Checkpoint = () throws(DiagnosticError) -> Void

/// Makes zip archives, a piece of a file at a time.
package enum ZipWriting {
    private static let chunkBytes = 256 << 10
    /// Names are UTF-8: bit 11 of the flags, APPNOTE 4.4.4.
    private static let utf8Names: UInt = 1 << 11
    /// Version 2.0 of the format, made by a Unix system.
    private static let madeBy: UInt = 3 << 8 | 20
    private static let deflateMemory: Int32 = 8

    /// - Parameters:
    ///   - path: of a new file; one that is there gives way. What is left of it after a failure is removed.
    ///   - level: 0 to 9; 0 stores.
    /// - Throws: ``DiagnosticCode/zipUnwritable``.
    package static func write(
        _ items: [ZipItem], to path: String, level: Int, checkpoint: Checkpoint = { () throws(DiagnosticError) in }
    ) throws(DiagnosticError) {
        guard let archive = zipOpen64(path, APPEND_STATUS_CREATE) else { throw failure(path) }
        do throws(DiagnosticError) {
            let space = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
            defer { space.deallocate() }
            for item in items { try add(item, to: archive, level: level, space, checkpoint) }
        } catch {
            zipClose(archive, nil)
            unlink(path)
            throw error
        }
        guard zipClose(archive, nil) == ZIP_OK else {
            unlink(path)
            throw failure(path)
        }
    }

    private static func add(
        _ item: ZipItem, to archive: zipFile, level: Int, _ space: UnsafeMutableRawBufferPointer,
        _ checkpoint: Checkpoint
    ) throws(DiagnosticError) {
        let descriptor = open(item.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(item.path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(item.path) }
        var info = zip_fileinfo()
        info.tmz_date = date(status.st_mtim.tv_sec)
        // As the original's: modes are not kept.
        info.external_fa = 0o100644 << 16
        let isLarge: Int32 = status.st_size >= 0xFFFF_0000 ? 1 : 0
        let opened = zipOpenNewFileInZip4_64(
            archive, item.name, &info, nil, 0, nil, 0, nil, level == 0 ? 0 : Z_DEFLATED, Int32(level), 0, -MAX_WBITS,
            deflateMemory, Z_DEFAULT_STRATEGY, nil, 0, madeBy, utf8Names, isLarge)
        guard opened == ZIP_OK else { throw failure(item.path) }
        while true {
            try checkpoint()
            let count = read(descriptor, space.baseAddress, space.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(item.path) }
            if count == 0 { break }
            guard zipWriteInFileInZip(archive, space.baseAddress, UInt32(count)) == ZIP_OK else {
                throw failure(item.path)
            }
        }
        guard zipCloseFileInZip(archive) == ZIP_OK else { throw failure(item.path) }
    }

    private static func date(_ seconds: Int) -> tm_zip {
        var (seconds, parts) = (seconds, tm())
        gmtime_r(&seconds, &parts)
        return tm_zip(
            tm_sec: .init(parts.tm_sec), tm_min: .init(parts.tm_min), tm_hour: .init(parts.tm_hour),
            tm_mday: .init(parts.tm_mday), tm_mon: .init(parts.tm_mon),
            tm_year: .init(max(1980, parts.tm_year + 1900)))
    }

    private static func failure(_ path: String) -> DiagnosticError {
        let error = errno
        let detail = error == 0 ? "the archive could not be written" : String(cString: strerror(error))
        return DiagnosticError(
            .zipUnwritable, "'\(path)' could not be put into an archive: \(detail).",
            remedy: "Check the rights of the file and the room on the disk.")
    }
}
