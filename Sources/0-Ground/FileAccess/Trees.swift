// SPDX-License-Identifier: Apache-2.0

internal import CFileAccess
package import Diagnostics

/// Directories and all that is in them. All calls block.
package enum Trees {
    /// Most bytes of names that a listing holds.
    package static let listingLimit = 64 << 20

    package struct Entry: Hashable, Sendable, Comparable {
        package var name: String
        /// A symbolic link is a link, whatever it leads to.
        package var kind: Files.Kind

        package static func < (left: Entry, right: Entry) -> Bool {
            left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
    }

    /// What is in a directory, by the bytes of its name.
    ///
    /// - Throws: ``DiagnosticCode/directoryUnreadable``.
    package static func list(_ path: String) throws(DiagnosticError) -> [Entry] {
        var names: UnsafeMutablePointer<CChar>?
        var size = 0
        let error = fa_list(path, listingLimit, &names, &size)
        if error != 0 { throw Files.failure(.directoryUnreadable, path, "could not be listed", error) }
        defer { fa_free(names) }
        let bytes = UnsafeRawBufferPointer(start: names, count: size)
        var entries: [Entry] = []
        var start = 0
        while start < size {
            let rest = bytes[(start + 1)...]
            let end = rest.firstIndex(of: 0) ?? size
            let name = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
            entries.append(Entry(name: name, kind: Files.Kind(rawValue: UInt32(bytes[start])) ?? .other))
            start = end + 1
        }
        return entries.sorted()
    }

    /// Whether a directory is there and holds nothing.
    package static func isEmpty(_ path: String) -> Bool {
        Files.isDirectory(path) && (try? list(path))?.isEmpty == true
    }

    /// Makes a directory and those above it; one that is there is fine.
    ///
    /// - Throws: ``DiagnosticCode/directoryNotMade``.
    package static func make(_ path: String, mode: UInt16 = 0o755) throws(DiagnosticError) {
        let error = fa_make_directory(path, UInt32(mode))
        if error == 0 || fa_is_present(error) != 0 && Files.isDirectory(path) { return }
        let parent = Files.directory(of: path)
        guard fa_is_missing(error) != 0, parent != path, parent != "." else {
            throw Files.failure(.directoryNotMade, path, "could not be made", error)
        }
        try make(parent, mode: mode)
        let second = fa_make_directory(path, UInt32(mode))
        if second != 0, fa_is_present(second) == 0 || !Files.isDirectory(path) {
            throw Files.failure(.directoryNotMade, path, "could not be made", second)
        }
    }

    /// Asks for folders in this one to be laid out far from each other, as each is filled and removed as a whole. ext4 finds
    /// the place of a new file by walking past all that were removed in its part of the disk in the last minutes: what
    /// takes a second then takes forty.
    package static func spreadFolders(of path: String) { fa_spread_folders(path) }

    /// - Throws: ``DiagnosticCode/fileUnwritable``.
    package static func makeLink(_ path: String, to target: String) throws(DiagnosticError) {
        let error = fa_symlink(target, path)
        if error != 0 { throw Files.failure(.fileUnwritable, path, "could not be made", error) }
    }

    /// Removes all that is in a directory, whatever its names are, and leaves the directory.
    ///
    /// - Throws: ``DiagnosticCode/treeNotRemoved``.
    package static func empty(_ path: String) throws(DiagnosticError) {
        var problem = fa_failure()
        let error = fa_empty_tree(path, &problem)
        if error != 0 {
            throw Files.failure(.treeNotRemoved, path, "could not be emptied (at \(problem.place))", error)
        }
    }

    /// Removes a directory that holds nothing; any other is left as it is.
    package static func removeEmpty(_ path: String) {
        _ = fa_remove_empty(path)
    }

    /// Removes a file or a tree, however deep; one that is not there is fine. Links are removed, never followed.
    ///
    /// - Throws: ``DiagnosticCode/treeNotRemoved``.
    package static func remove(_ path: String) throws(DiagnosticError) {
        var problem = fa_failure()
        let error = fa_remove_tree(path, &problem)
        if error != 0 {
            let where_ = problem.place
            throw Files.failure(
                .treeNotRemoved, path, "could not be removed\(where_ == path ? "" : " (at \(where_))")", error)
        }
    }
}

/// Copying a directory: contents (blocks shared where the file system can), modes, links, times of modification.
package struct TreeCopy: Sendable {
    package var source: String
    /// Made where it is not there (not its parents); files in it with the same names are replaced.
    package var destination: String
    package var threadCount = 4
    /// All contents together.
    package var byteLimit: UInt64 = 64 << 30
    /// Files, links and directories.
    package var entryLimit: UInt64 = 4_000_000

    package init(from source: String, to destination: String) {
        self.source = source
        self.destination = destination
    }

    package struct Totals: Hashable, Sendable {
        package var fileCount: Int
        package var directoryCount: Int
        package var linkCount: Int
        package var byteCount: UInt64
        /// Files that share their blocks with the original.
        package var sharedCount: Int
        /// Devices, sockets, named pipes, and files that went away meanwhile.
        package var skippedCount: Int
    }

    /// Copies everything. What was copied before a failure stays.
    ///
    /// - Throws: ``DiagnosticCode/treeNotCopied``, ``DiagnosticCode/treeTooLarge``.
    package func run() throws(DiagnosticError) -> Totals {
        try perform { copy, totals, problem in fa_copy_tree(&copy, &totals, &problem) }
    }

    /// Copies these files, links and empty directories, and the directories above them.
    ///
    /// - Parameter paths: relative to the source, each followed by a NUL byte, as `git ls-files -z` prints them.
    ///   One that is not there is passed over.
    /// - Throws: ``DiagnosticCode/treeNotCopied``, ``DiagnosticCode/treeTooLarge``.
    package func run(listed paths: [UInt8]) throws(DiagnosticError) -> Totals {
        try perform { copy, totals, problem in
            paths.withUnsafeBytes { bytes in
                let start = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                return fa_copy_listed(&copy, start, bytes.count, &totals, &problem)
            }
        }
    }

    private func perform(
        _ body: (inout fa_copy, inout fa_copy_totals, inout fa_failure) -> Int32
    ) throws(DiagnosticError) -> Totals {
        var totals = fa_copy_totals()
        var problem = fa_failure()
        let error = source.withCString { source in
            destination.withCString { destination in
                var copy = fa_copy(
                    source: source, destination: destination, threads: UInt32(clamping: threadCount),
                    byte_limit: byteLimit, entry_limit: entryLimit)
                return body(&copy, &totals, &problem)
            }
        }
        guard error == 0 else {
            if fa_is_limit(error) != 0 {
                throw DiagnosticError(
                    .treeTooLarge,
                    "\(source) has more than the \(byteLimit) bytes or \(entryLimit) entries that are copied.",
                    remedy: "Ignore what is generated (.gitignore), or run in place with --bind.")
            }
            throw Files.failure(.treeNotCopied, source, "could not be copied (at \(problem.place))", error)
        }
        return Totals(
            fileCount: Int(totals.files), directoryCount: Int(totals.directories), linkCount: Int(totals.links),
            byteCount: totals.bytes, sharedCount: Int(totals.shared), skippedCount: Int(totals.skipped))
    }
}

extension fa_failure {
    fileprivate var place: String {
        withUnsafeBytes(of: path) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
