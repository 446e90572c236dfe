// SPDX-License-Identifier: Apache-2.0

/// Where a link of a commit leads.
enum LinkTarget {
    /// Whether it stays below the root, whatever other links there are: so many `..` at its beginning as there are folders above it, and
    /// none after a name, for a name may be a link itself.
    ///
    /// - Parameter path: of the link, relative to the root; the folders around it are real ones.
    static func staysInside(_ target: String, at path: String) -> Bool {
        guard !target.isEmpty, !target.hasPrefix("/"), !target.utf8.contains(0) else { return false }
        var depth = path.split(separator: "/").count - 1
        var isBelow = false
        for part in target.split(separator: "/") where part != "." {
            if part == ".." {
                depth -= 1
                guard !isBelow, depth >= 0 else { return false }
            } else {
                isBelow = true
            }
        }
        return true
    }

    /// Whether one of the folders around a path is a link.
    static func isBelow(_ links: Set<String>, _ path: String) -> Bool {
        var folder = path[...]
        while let slash = folder.lastIndex(of: "/") {
            folder = folder[..<slash]
            if links.contains(String(folder)) { return true }
        }
        return false
    }
}
