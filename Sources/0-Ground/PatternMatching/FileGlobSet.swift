// SPDX-License-Identifier: Apache-2.0

/// How a walk looks at the file system; closures, so that this target touches no disk and tests need none.
public struct DirectoryReader {
    public enum EntryKind: Hashable, Sendable {
        case directory
        /// A file, or anything else that is not a folder (a link too, where links are not followed).
        case file
    }

    /// The names in a folder, in any order, without `.` and `..`.
    public var names: (_ folder: String) throws -> [String]
    /// What is at a path; `nil` where nothing is (or, links followed, where a link leads nowhere).
    public var kind: (_ path: String, _ followingLinks: Bool) throws -> EntryKind?
    /// The path without links; asked only where links are followed.
    public var resolvedPath: (_ path: String) throws -> String

    public init(
        names: @escaping (_ folder: String) throws -> [String],
        kind: @escaping (_ path: String, _ followingLinks: Bool) throws -> EntryKind?,
        resolvedPath: @escaping (_ path: String) throws -> String
    ) {
        self.names = names
        self.kind = kind
        self.resolvedPath = resolvedPath
    }
}

/// The patterns of one `hashFiles` call.
///
/// Which files are found, and in which order, follows `@actions/glob` as the runner calls it, so that digests of the
/// files come out as on GitHub: folders are walked depth first, names in byte order; a matched folder brings in all
/// below it; the last pattern that matches a path decides.
public struct FileGlobSet: Sendable {
    /// How many entries one walk may look at.
    public static let maximumEntries = 4_000_000
    /// How deep one walk may go.
    public static let maximumDepth = 512

    private let patterns: [FileGlob]
    private let workspace: String

    /// - Parameters:
    ///   - lines: the arguments of the call; each may hold several lines. Empty lines and `#` lines are skipped.
    ///   - workspace: absolute; relative patterns begin here.
    ///   - home: absolute; what `~` stands for.
    ///   - includesBelow: whether a matched folder brings in all below it.
    public init(
        _ lines: [String], workspace: String, home: String, includesBelow: Bool = true
    ) throws(FileGlobError) {
        var patterns: [FileGlob] = []
        for argument in lines {
            for line in argument.split(whereSeparator: { $0.isNewline }) {
                let trimmed = line.trimmingSpaces()
                if trimmed.isEmpty || trimmed.first == "#" { continue }
                let pattern = try FileGlob(line: String(trimmed), workspace: workspace, home: home)
                patterns.append(pattern)
                if includesBelow, pattern.isFolderOnly || pattern.segments.last != .anyDepth {
                    patterns.append(FileGlob(below: pattern))
                }
            }
        }
        self.patterns = patterns
        self.workspace = workspace.last == "/" && workspace != "/" ? String(workspace.dropLast()) : workspace
    }

    /// Whether the patterns select this absolute path, taken as a file.
    public func matches(file path: String) -> Bool {
        kinds(places(at: path)).contains(.files)
    }

    /// The files below the workspace that the patterns select, in the order in which they are hashed.
    ///
    /// - Throws: ``FileGlobError`` past a limit, and what the reader throws.
    public func files(reader: DirectoryReader, followingLinks: Bool = false) throws -> [String] {
        var walk = FileGlobWalk(reader: reader, followingLinks: followingLinks)
        var found: [String] = []
        for root in searchPaths() where try reader.kind(root, false) != nil {
            try walk.visit(root, places: places(at: root), level: 1, of: self) { path, kind in
                if kind == .file { found.append(path) }
            }
        }
        return try found.filter { path in
            guard path.hasPrefix(workspace + "/") else { return false }
            guard let kind = try reader.kind(path, true) else {
                throw FileGlobError(
                    .brokenFileGlob, "'\(path)' is a link that leads nowhere; hashFiles cannot read it.")
            }
            return kind == .file
        }
    }

    /// The files and folders anywhere that the patterns select, as `@actions/glob` finds them, in its order.
    ///
    /// - Parameter leavesOut: names that are not looked at, and nothing below them.
    /// - Throws: ``FileGlobError`` past a limit, and what the reader throws.
    public func entries(
        reader: DirectoryReader, followingLinks: Bool = true,
        leavesOut: @escaping (String) -> Bool = { _ in false }
    ) throws -> [(path: String, kind: DirectoryReader.EntryKind)] {
        var walk = FileGlobWalk(reader: reader, followingLinks: followingLinks, leavesOut: leavesOut)
        var found: [(path: String, kind: DirectoryReader.EntryKind)] = []
        for root in searchPaths() where try reader.kind(root, false) != nil {
            if let name = root.split(separator: "/").last, leavesOut(String(name)) { continue }
            try walk.visit(root, places: places(at: root), level: 1, of: self) { found.append(($0, $1)) }
        }
        return found
    }

    /// Whether the last pattern that matches this absolute path is an exclusion.
    public func excludes(_ path: String) -> Bool {
        let places = places(at: path)
        return patterns.indices.last { patterns[$0].isMatch(places[$0]) }.map { patterns[$0].isNegated } ?? false
    }

    /// Where walks begin: the plain beginnings of the patterns, without those below another one.
    public func searchPaths() -> [String] {
        let candidates = patterns.filter { !$0.isNegated }.map(\.searchPath)
        let known = Set(candidates)
        var included: Set<String> = []
        return candidates.filter { path in
            var parent = Substring(path)
            while parent != "/", let slash = parent.lastIndex(of: "/") {
                parent = slash == parent.startIndex ? "/" : parent[..<slash]
                if known.contains(String(parent)) { return false }
            }
            return included.insert(path).inserted
        }
    }

    private func places(at path: String) -> [FileGlob.Places] {
        var places = patterns.map(\.start)
        for name in path.split(separator: "/") { advance(&places, over: String(name)) }
        return places
    }

    fileprivate func advance(_ places: inout [FileGlob.Places], over name: String) {
        for index in patterns.indices where places[index] != 0 {
            places[index] = patterns[index].places(places[index], after: name)
        }
    }

    fileprivate struct Kinds: OptionSet {
        let rawValue: UInt8
        static let files = Kinds(rawValue: 1)
        static let folders = Kinds(rawValue: 2)
    }

    /// What a path with these places is selected as; the last pattern that matches decides.
    fileprivate func kinds(_ places: [FileGlob.Places]) -> Kinds {
        var kinds: Kinds = []
        for (index, pattern) in patterns.enumerated() where pattern.isMatch(places[index]) {
            let own: Kinds = pattern.isFolderOnly ? .folders : [.files, .folders]
            kinds = pattern.isNegated ? kinds.subtracting(own) : kinds.union(own)
        }
        return kinds
    }

    fileprivate func mayMatchBelow(_ places: [FileGlob.Places]) -> Bool {
        zip(patterns, places).contains { pattern, places in !pattern.isNegated && places != 0 }
    }
}

/// One walk, depth first.
private struct FileGlobWalk {
    let reader: DirectoryReader
    let followingLinks: Bool
    var seen = 0
    /// The real paths of the folders above, by level, where links are followed.
    var chain: [String] = []
    let leavesOut: (String) -> Bool

    init(reader: DirectoryReader, followingLinks: Bool, leavesOut: @escaping (String) -> Bool = { _ in false }) {
        self.reader = reader
        self.followingLinks = followingLinks
        self.leavesOut = leavesOut
    }

    mutating func visit(
        _ path: String, places: [FileGlob.Places], level: Int, of set: FileGlobSet,
        found: (String, DirectoryReader.EntryKind) -> Void
    ) throws {
        seen += 1
        guard seen <= FileGlobSet.maximumEntries, level <= FileGlobSet.maximumDepth else {
            let message =
                "The walk for hashFiles met over \(FileGlobSet.maximumEntries) entries or "
                + "\(FileGlobSet.maximumDepth) levels of folders at '\(path)'."
            throw FileGlobError(.walkTooLarge, message, remedy: "Write patterns that begin with a folder's name.")
        }
        let kinds = set.kinds(places)
        let goesOn = set.mayMatchBelow(places)
        guard !kinds.isEmpty || goesOn, let kind = try reader.kind(path, followingLinks) else { return }
        guard kind == .directory else {
            if kinds.contains(.files) { found(path, .file) }
            return
        }
        if followingLinks {
            let real = try reader.resolvedPath(path)
            while chain.count >= level { chain.removeLast() }
            guard !chain.contains(real) else { return }
            chain.append(real)
        }
        if kinds.contains(.folders) { found(path, .directory) }
        guard goesOn else { return }
        let names = try reader.names(path).filter { !leavesOut($0) }.sorted {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
        for name in names {
            var below = places
            set.advance(&below, over: name)
            try visit(
                path == "/" ? "/" + name : path + "/" + name, places: below, level: level + 1, of: set, found: found)
        }
    }
}
