// SPDX-License-Identifier: Apache-2.0

import Crypto
import Diagnostics
import ExpressionLanguage
import Glibc
import PatternMatching
import StructuredData

/// `hashFiles(…)` over the files of a workspace.
enum FileHashing {
    private static let followOption = "--follow-symbolic-links"
    private static let chunkBytes = 256 << 10

    /// The function as expressions call it.
    static func function(workspace: String, home: String) -> ExpressionFunction {
        { (arguments) throws(ExpressionError) in
            var patterns = arguments.map(\.coercedToString)
            var followsLinks = false
            if let first = patterns.first, first.hasPrefix("--") {
                guard first.equalsIgnoringASCIICase(followOption) else {
                    throw ExpressionError(
                        evaluation: "Invalid glob option \(first), avaliable option: '\(followOption)'.")
                }
                followsLinks = true
                patterns.removeFirst()
            }
            do {
                let set = try FileGlobSet(patterns, workspace: workspace, home: home)
                let files = try set.files(reader: reader, followingLinks: followsLinks)
                return .string(try digest.value(of: files))
            } catch {
                throw ExpressionError(evaluation: "hashFiles(\(quoted(patterns))) failed: \(reason(error))")
            }
        }
    }

    private static func quoted(_ patterns: [String]) -> String {
        patterns.map { "'\($0)'" }.joined(separator: ", ")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as FileGlobError: error.diagnostic.message
        case let error as FileHashingError: error.message
        default: "\(error)"
        }
    }

    private static var digest: HashFilesDigest {
        HashFilesDigest(digestOfFile: digest(ofFile:), digestOfBytes: { Array(SHA256.hash(data: $0)) })
    }

    private static func digest(ofFile path: String) throws -> [UInt8] {
        // A pipe would hold up the loop of all jobs.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileHashingError(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileHashingError(path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileHashingError(path, "it is no file") }
        var hash = SHA256()
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkBytes, alignment: 16)
        defer { chunk.deallocate() }
        while true {
            let count = read(descriptor, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileHashingError(path) }
            if count == 0 { return Array(hash.finalize()) }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: chunk[..<count]))
        }
    }

    private static var reader: DirectoryReader {
        DirectoryReader(names: names(in:), kind: kind(of:followingLinks:), resolvedPath: resolvedPath)
    }

    private static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else { throw FileHashingError(folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
                place.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func kind(of path: String, followingLinks: Bool) throws -> DirectoryReader.EntryKind? {
        var status = stat()
        guard (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileHashingError(path)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .directory
        case S_IFREG, S_IFLNK: return .file
        // Pipes, sockets and devices have no contents of their own.
        default: return nil
        }
    }

    private static func resolvedPath(_ path: String) throws -> String {
        guard let resolved = realpath(path, nil) else { throw FileHashingError(path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

private struct FileHashingError: Error {
    var message: String

    init(_ path: String, _ reason: String) { message = "'\(path)': \(reason)" }

    init(_ path: String) { message = "'\(path)': \(String(cString: strerror(errno)))" }
}
