// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PatternMatching

/// The folders that paths of a step are told by, so that a cache of one run's folders fits those of another.
struct StepFolders: Sendable {
    var workspace: String
    var temporary: String
    var toolCache: String
    var home: String
    /// Outside of these nothing is read or written; `nil`: everywhere the user may.
    var reach: [String]?

    /// A folder that paths are relative to.
    enum Anchor: String, CaseIterable, Sendable {
        case workspace, temporary, tools, home, root
    }

    func path(_ base: Anchor) -> String {
        switch base {
        case .workspace: workspace
        case .temporary: temporary
        case .tools: toolCache
        case .home: home
        case .root: "/"
        }
    }

    /// The nearest base that has the path in it, and the rest.
    func place(_ path: String) -> (base: Anchor, rest: String) {
        let inner = Anchor.allCases.map { (base: $0, folder: self.path($0)) }
            .filter { !$0.folder.isEmpty && $0.folder != "/" && (path == $0.folder || path.hasPrefix($0.folder + "/")) }
        // They lie in one another: the innermost says most.
        guard let nearest = inner.max(by: { $0.folder.utf8.count < $1.folder.utf8.count }) else {
            return (.root, String(path.drop { $0 == "/" }))
        }
        return (nearest.base, String(path.dropFirst(nearest.folder.count).drop { $0 == "/" }))
    }

    func reaches(_ path: String) -> Bool {
        guard let reach else { return true }
        return reach.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}

/// Finds files by the patterns of an action's input, as `@actions/glob` does.
enum PathSearch {
    struct Item: Hashable, Sendable {
        var path: String
        var isFolder: Bool
    }

    static func set(
        _ patterns: [String], _ folders: StepFolders, includesBelow: Bool
    ) throws(DiagnosticError) -> FileGlobSet {
        do throws(FileGlobError) {
            return try FileGlobSet(
                patterns, workspace: folders.workspace, home: folders.home, includesBelow: includesBelow)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    /// - Parameter leavesHidden: names that begin with a dot are not looked at.
    static func items(
        _ set: FileGlobSet, _ folders: StepFolders, leavesHidden: Bool = false
    ) throws(DiagnosticError) -> [Item] {
        do {
            return try set.entries(reader: reader, leavesOut: { leavesHidden && $0.hasPrefix(".") }).compactMap {
                guard folders.reaches($0.path), folders.reaches(Files.realPath($0.path) ?? $0.path) else {
                    throw outside($0.path)
                }
                return Item(path: $0.path, isFolder: $0.kind == .directory)
            }
        } catch let error as DiagnosticError {
            throw error
        } catch {
            throw DiagnosticError(
                (error as? any CodedError)?.diagnostic ?? Diagnostic(.nativeInputInvalid, "\(error)"))
        }
    }

    static func outside(_ path: String) -> DiagnosticError {
        DiagnosticError(
            .nativePathOutside, "'\(path)' lies outside of what the steps of this run may reach.",
            remedy: "Use paths in the workspace or in RUNNER_TEMP, or run code that you trust with --executor host.")
    }

    private static var reader: DirectoryReader {
        DirectoryReader(
            names: { folder in
                let names = try Trees.list(folder).map(\.name)
                // A name that is not UTF-8 cannot be asked for again: the file would be left out without a word.
                if let lost = names.first(where: { $0.contains("\u{FFFD}") }),
                    Files.facts("\(folder)/\(lost)", followingLinks: false) == nil
                {
                    throw DiagnosticError(
                        .nativeInputInvalid, "The name of a file in \(folder) is not UTF-8: '\(lost)'.",
                        remedy: "Rename it, or choose the files with patterns that pass over its folder.")
                }
                return names
            },
            kind: { path, followingLinks in
                switch Files.facts(path, followingLinks: followingLinks)?.kind {
                case .directory?: .directory
                case .file?, .link?: .file
                default: nil
                }
            },
            resolvedPath: { Files.realPath($0) ?? $0 })
    }
}
