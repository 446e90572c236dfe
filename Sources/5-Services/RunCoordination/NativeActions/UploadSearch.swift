// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PatternMatching
internal import ZipArchives

/// The files that an upload's `path` stands for, and the folder that their names in the artifact begin at.
///
/// Source of the rules: actions/upload-artifact, `shared/search.ts`.
struct UploadSearch {
    var files: [ZipItem] = []
    var root = ""
    /// Said in the log.
    var notes: [String] = []

    init(_ patterns: [String], _ folders: StepFolders, includesHidden: Bool) throws(DiagnosticError) {
        let set = try PathSearch.set(patterns, folders, includesBelow: true)
        let items = try PathSearch.items(set, folders, leavesHidden: !includesHidden)
        var paths: [String] = []
        // By bytes: two names that look the same may be two files.
        var seen: Set<[UInt8]> = []
        for item in items where !item.isFolder {
            // Several paths lead to one file where links do.
            if seen.insert(Array(item.path.utf8)).inserted { paths.append(item.path) }
        }
        let starts = set.searchPaths()
        if starts.count > 1 {
            root = Self.commonAncestor(starts)
            notes = [
                "Multiple search paths detected. Calculating the least common ancestor of all paths",
                "The least common ancestor is \(root). This will be the root directory of the artifact",
            ]
        } else if let start = starts.first {
            root = paths == [start] ? Files.directory(of: start) : start
        }
        let start = root == "/" ? "/" : root + "/"
        for path in paths {
            let name = path.hasPrefix(start) ? String(path.dropFirst(start.count)) : path
            try Self.check(name)
            files.append(ZipItem(name: name, path: path))
        }
    }

    /// The toolkit's rule: what other systems could not unpack is not uploaded.
    private static func check(_ name: String) throws(DiagnosticError) {
        let barred: Set<Unicode.Scalar> = ["\"", ":", "<", ">", "|", "*", "?", "\r", "\n"]
        guard let found = name.unicodeScalars.first(where: barred.contains) else { return }
        throw DiagnosticError(
            .nativeInputInvalid,
            "The path for one of the files in artifact is not valid: \(name). Contains the following character: \(found)",
            remedy: "Rename the file, or leave it out with a pattern that begins with '!'.")
    }

    private static func commonAncestor(_ paths: [String]) -> String {
        let parts = paths.map { $0.split(separator: "/") }
        var common = parts[0]
        for other in parts.dropFirst() {
            common = Array(zip(common, other).prefix { $0 == $1 }.map(\.0))
        }
        return "/" + common.joined(separator: "/")
    }
}
