// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess

/// A key as a path, with a mark behind the last part, so that `a` and `a/b` can both be objects.
enum ObjectFileName {
    /// Every other `%` stands before digits.
    private static let mark = "%o"
    /// Of a part, that it and the mark fit into a name.
    private static let partLimitBytes = 250

    /// - Throws: ``DiagnosticCode/objectLimit``.
    static func path(of key: ObjectKey) throws(DiagnosticError) -> String {
        let parts = key.text.split(separator: "/").map(coded)
        if let long = parts.first(where: { $0.utf8.count > partLimitBytes }) {
            throw DiagnosticError(
                .objectLimit, "'\(long.prefix(80))…' is too long for the name of a file.",
                remedy: "Use parts of up to \(partLimitBytes) bytes.")
        }
        return parts.joined(separator: "/") + mark
    }

    private static func coded(_ part: Substring) -> String {
        part.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%25")
    }

    private static func decoded(_ name: some StringProtocol) -> String {
        String(name).split(separator: "%25", omittingEmptySubsequences: false).joined(separator: "%")
    }

    /// What a file or a folder adds to the key; `nil` for what is not of a store.
    static func addition(of entry: Trees.Entry) -> String? {
        switch entry.kind {
        case .file: entry.name.hasSuffix(mark) ? decoded(entry.name.dropLast(mark.count)) : nil
        case .directory: decoded(entry.name) + "/"
        case .link, .other: nil
        }
    }
}

/// Objects of a folder in the order of their keys, without looking into folders whose keys are not asked for.
struct FolderWalk {
    let root: String
    let prefix: String
    let after: String?
    let limit: Int
    private var found: [ObjectFacts] = []

    init(root: String, prefix: String, after: String?, limit: Int) {
        self.root = root
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }

    mutating func page() throws(DiagnosticError) -> ObjectPage {
        guard Files.isDirectory(root) else { return ObjectPage(objects: []) }
        try visit(root, key: "")
        guard found.count > limit else { return ObjectPage(objects: found) }
        found.removeLast()
        return ObjectPage(objects: found, next: found.last?.key.text)
    }

    /// - Parameter start: what the folder is of the key.
    private mutating func visit(_ folder: String, key start: String) throws(DiagnosticError) {
        var entries: [(key: String, entry: Trees.Entry)] = []
        for entry in try Trees.list(folder) {
            if let addition = ObjectFileName.addition(of: entry) { entries.append((start + addition, entry)) }
        }
        entries.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        for (key, entry) in entries where found.count <= limit {
            let path = "\(folder)/\(entry.name)"
            if entry.kind == .directory {
                let mayHold = key.utf8.starts(with: prefix.utf8) || prefix.utf8.starts(with: key.utf8)
                let isBehind =
                    after.map { key.utf8.lexicographicallyPrecedes($0.utf8) && !$0.utf8.starts(with: key.utf8) }
                    ?? false
                if mayHold, !isBehind { try visit(path, key: key) }
                continue
            }
            guard key.utf8.starts(with: prefix.utf8),
                after.map({ $0.utf8.lexicographicallyPrecedes(key.utf8) }) ?? true,
                let known = try? ObjectKey(key), let facts = Files.facts(path)
            else { continue }
            found.append(ObjectFacts(key: known, facts))
        }
    }
}
