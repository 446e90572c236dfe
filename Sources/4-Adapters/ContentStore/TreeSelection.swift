// SPDX-License-Identifier: Apache-2.0

/// What of a folder is saved.
package struct TreeSelection: Sendable {
    /// The folder that paths are relative to. A link to it is followed; links in it are not.
    package var root: String
    /// Files and folders below the root, without `.` and `..`; an empty path is the whole root.
    package var paths: [String]
    /// Whether to leave out a file or folder with all in it, by its path below the root.
    package var leavesOut: (@Sendable (_ path: [UInt8]) -> Bool)?

    package init(
        root: String, paths: [String] = [""], leavesOut: (@Sendable (_ path: [UInt8]) -> Bool)? = nil
    ) {
        self.root = root
        self.paths = paths
        self.leavesOut = leavesOut
    }

    /// The paths in order, those that are in others left out.
    func normalized() throws(ContentError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for path in paths {
            let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }.filter { $0 != [46] }
            guard parts.allSatisfy(\.isFileName) else {
                throw .treeUnreadable(path: path, detail: "it is not a path below the folder")
            }
            all.append(Array(parts.joined(separator: [UInt8(ascii: "/")])))
        }
        all.sort(by: TreeOrder.precedes)
        var kept: [[UInt8]] = []
        for path in all {
            if let last = kept.last {
                let isInside = last.isEmpty || path == last || path.starts(with: last + [UInt8(ascii: "/")])
                if isInside { continue }
            }
            kept.append(path)
        }
        return kept
    }
}
