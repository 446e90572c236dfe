// SPDX-License-Identifier: Apache-2.0

/// How much room files take.
package enum DiskUse {
    /// The sizes of all files below a folder, in bytes; links are not followed, and what cannot be looked at counts nothing.
    package static func bytes(below path: String) -> UInt64 {
        var open = [path]
        var bytes: UInt64 = 0
        while let folder = open.popLast() {
            for entry in (try? Trees.list(folder)) ?? [] {
                let inner = "\(folder)/\(entry.name)"
                if entry.kind == .directory {
                    open.append(inner)
                } else {
                    bytes += Files.facts(inner, followingLinks: false)?.sizeBytes ?? 0
                }
            }
        }
        return bytes
    }
}
