// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess

/// The files that an image is built from, as a tar archive (POSIX.1-2001 pax; names that are too long for it in a record
/// before them). Times are left out, so that equal files make equal archives.
struct BuildContext {
    private let folder: String
    /// Relative paths, folders before what is in them.
    private let entries: [(path: String, kind: Files.Kind)]

    static let entryLimit = 100_000
    static let fileLimitBytes = 1 << 30

    init(folder: String, dockerfile: String) throws(DiagnosticError) {
        guard Files.isFile("\(folder)/\(dockerfile)") else {
            throw DiagnosticError(
                .buildContextInvalid, "There is no '\(dockerfile)' in \(folder).",
                remedy: "Name the Dockerfile in the action's 'runs.image'.")
        }
        self.folder = folder
        var found: [(path: String, kind: Files.Kind)] = []
        try Self.collect("", folder, try BuildIgnore(folder: folder, dockerfile: dockerfile), &found)
        entries = found
    }

    private static func collect(
        _ prefix: String, _ folder: String, _ ignored: BuildIgnore, _ found: inout [(path: String, kind: Files.Kind)]
    ) throws(DiagnosticError) {
        for entry in try Trees.list(folder) where !(prefix.isEmpty && entry.name == ".git") {
            guard found.count < entryLimit else {
                throw DiagnosticError(
                    .buildContextInvalid, "An image's files are more than \(entryLimit): \(folder).")
            }
            let isOut = ignored.leavesOut(prefix + entry.name)
            if !isOut { found.append((prefix + entry.name, entry.kind)) }
            guard entry.kind == .directory, !isOut || ignored.hasExceptions else { continue }
            try collect("\(prefix)\(entry.name)/", "\(folder)/\(entry.name)", ignored, &found)
        }
    }

    func pieces() -> Pieces { Pieces(folder: folder, rest: entries[...]) }

    struct Pieces {
        fileprivate let folder: String
        fileprivate var rest: ArraySlice<(path: String, kind: Files.Kind)>
        private var isEnded = false

        fileprivate init(folder: String, rest: ArraySlice<(path: String, kind: Files.Kind)>) {
            self.folder = folder
            self.rest = rest
        }

        mutating func next() throws(DiagnosticError) -> [UInt8]? {
            guard let entry = rest.popFirst() else {
                guard !isEnded else { return nil }
                isEnded = true
                return Array(repeating: 0, count: 1024)
            }
            let path = "\(folder)/\(entry.path)"
            guard let facts = Files.facts(path, followingLinks: false) else { return [] }
            switch facts.kind {
            case .directory: return TarHeader.bytes(entry.path + "/", kind: 0x35, mode: facts.mode)
            case .file:
                let content = try Files.read(path, limit: fileLimitBytes)
                let padding = [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
                return TarHeader.bytes(entry.path, kind: 0x30, mode: facts.mode, size: content.count) + content
                    + padding
            default:
                guard let target = Files.linkTarget(path) else { return [] }
                return TarHeader.bytes(entry.path, kind: 0x32, mode: 0o777, link: target)
            }
        }
    }
}

/// A member's head in a tar archive.
private enum TarHeader {
    /// What a ustar name and link hold.
    private static let nameLimitBytes = 100

    static func bytes(
        _ name: String, kind: UInt8, mode: UInt16, size: Int = 0, link: String = ""
    ) -> [UInt8] {
        var records: [UInt8] = []
        if name.utf8.count > nameLimitBytes { records += record("path", name) }
        if link.utf8.count > nameLimitBytes { records += record("linkpath", link) }
        let own = block(name, kind: kind, mode: mode, size: size, link: link)
        guard !records.isEmpty else { return own }
        let padding = [UInt8](repeating: 0, count: (512 - records.count % 512) % 512)
        return block("pax", kind: 0x78, mode: 0o644, size: records.count, link: "") + records + padding + own
    }

    /// `LENGTH key=value\\n`, where the length counts itself.
    private static func record(_ key: String, _ value: String) -> [UInt8] {
        let rest = " \(key)=\(value)\n"
        var length = rest.utf8.count
        while String(length).utf8.count + rest.utf8.count != length { length += 1 }
        return Array("\(length)\(rest)".utf8)
    }

    private static func block(_ name: String, kind: UInt8, mode: UInt16, size: Int, link: String) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: some Sequence<UInt8>, at offset: Int, limit: Int) {
            for (index, byte) in text.prefix(limit).enumerated() { block[offset + index] = byte }
        }
        func octal(_ number: Int, width: Int) -> String.UTF8View {
            let digits = String(number, radix: 8)
            return (String(repeating: "0", count: max(0, width - digits.count)) + digits).utf8
        }
        put(name.utf8, at: 0, limit: nameLimitBytes)
        put(octal(Int(mode & 0o7777), width: 7), at: 100, limit: 7)
        put(octal(0, width: 7), at: 108, limit: 7)
        put(octal(0, width: 7), at: 116, limit: 7)
        put(octal(size, width: 11), at: 124, limit: 11)
        put(octal(0, width: 11), at: 136, limit: 11)
        put("        ".utf8, at: 148, limit: 8)
        block[156] = kind
        put(link.utf8, at: 157, limit: nameLimitBytes)
        put("ustar".utf8, at: 257, limit: 5)
        put("00".utf8, at: 263, limit: 2)
        put(octal(block.reduce(0) { $0 + Int($1) }, width: 6), at: 148, limit: 6)
        block[154] = 0
        return block
    }
}
