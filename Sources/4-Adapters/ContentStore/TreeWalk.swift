// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A folder of a tree as it is on the disk.
struct SeenFolder {
    var path: [UInt8]
    var look: FileLook
    var isWhole: Bool
    /// Files and links, by name.
    var entries: [(name: [UInt8], look: FileLook)]
}

/// Looks at all of a selection, by several threads, and reads no file.
struct TreeWalk {
    private struct Step {
        var path: [UInt8]
        /// What of the folder is wanted; `nil` for all.
        var wanted: [[UInt8]]?
    }

    private struct Found {
        var folders: [SeenFolder] = []
        var next: [Step] = []
        var notes: [TreeNote] = []
    }

    let root: TreeHandle
    let selection: TreeSelection
    let threads: Int
    var vigil: TreeVigil?

    struct Result {
        /// In ``TreeOrder``.
        var folders: [SeenFolder]
        var notes: [TreeNote]
    }

    func run() throws(ContentError) -> Result {
        let paths = try selection.normalized()
        var all = Found()
        all.next = [Step(path: [], wanted: paths.contains([]) ? nil : paths)]
        var depth = 0
        var count = 0
        while !all.next.isEmpty {
            let steps = all.next
            all.next = []
            // Folders a level at a time: each level is as wide as trees are, and needs no waiting queue.
            let batch = max(1, min(32, steps.count / (threads * 4)))
            let parts = try Workers.each((steps.count + batch - 1) / batch, threads: threads, scratch: { Found() }) {
                (found: inout Found, number) throws(ContentError) in
                for step in steps[(number * batch)..<min(steps.count, (number + 1) * batch)] {
                    try look(step, &found)
                }
            }
            for part in parts {
                all.folders += part.folders
                all.next += part.next
                all.notes += part.notes
                count += part.folders.reduce(part.folders.count) { $0 + $1.entries.count }
            }
            depth += 1
            guard depth <= ContentLimits.depth, count <= ContentLimits.treeEntries else {
                throw .pastLimit(
                    "\(selection.root) has more than \(ContentLimits.treeEntries) files and folders, or folders "
                        + "that are nested deeper than \(ContentLimits.depth).")
            }
        }
        all.folders.sort { TreeOrder.precedes($0.path, $1.path) }
        all.notes.sort { $0.path < $1.path }
        return Result(folders: all.folders, notes: all.notes)
    }

    private func look(_ step: Step, _ found: inout Found) throws(ContentError) {
        guard let handle = root.folder(step.path), let own = FileLook.of(handle.descriptor) else {
            let error = errno
            if error == ENOENT || error == ENOTDIR {
                found.notes.append(TreeNote(path: step.path.pathText, reason: .vanished))
                return
            }
            throw failure(step.path, error)
        }
        // Before it is looked at: what changes from now on is told.
        vigil?.add(handle)
        var folder = SeenFolder(path: step.path, look: own, isWhole: step.wanted == nil, entries: [])
        if let wanted = step.wanted {
            lookUp(wanted, in: handle, &folder, &found)
        } else {
            guard let names = handle.list() else { throw failure(step.path, errno) }
            folder.entries.reserveCapacity(names.count)
            for (name, look) in names { take(name, look, wanted: nil, &folder, &found) }
        }
        found.folders.append(folder)
    }

    /// - Parameter wanted: paths below this folder, in order.
    private func lookUp(_ wanted: [[UInt8]], in handle: TreeHandle, _ folder: inout SeenFolder, _ found: inout Found) {
        let slash = UInt8(ascii: "/")
        var start = 0
        while start < wanted.count {
            let name = Array(wanted[start].prefix { $0 != slash })
            var below: [[UInt8]] = []
            var isAll = false
            while start < wanted.count, Array(wanted[start].prefix { $0 != slash }) == name {
                if wanted[start].count == name.count { isAll = true }
                below.append(Array(wanted[start].dropFirst(name.count + 1)))
                start += 1
            }
            if let look = handle.look(name) {
                take(name, look, wanted: isAll ? nil : below, &folder, &found)
            } else {
                let path = folder.path.isEmpty ? name : folder.path + [slash] + name
                found.notes.append(TreeNote(path: path.pathText, reason: .absent))
            }
        }
    }

    private func take(
        _ name: [UInt8], _ look: FileLook, wanted: [[UInt8]]?, _ folder: inout SeenFolder, _ found: inout Found
    ) {
        var path: [UInt8] { folder.path.isEmpty ? name : folder.path + [UInt8(ascii: "/")] + name }
        if let leavesOut = selection.leavesOut, leavesOut(path) { return }
        switch look.kind {
        case .folder: found.next.append(Step(path: path, wanted: wanted))
        case .other: found.notes.append(TreeNote(path: path.pathText, reason: .notAFile))
        case .file, .link:
            if wanted == nil {
                folder.entries.append((name, look))
            } else {
                found.notes.append(TreeNote(path: path.pathText, reason: .absent))
            }
        }
    }

    private func failure(_ path: [UInt8], _ error: Int32) -> ContentError {
        .treeUnreadable(
            path: path.isEmpty ? selection.root : "\(selection.root)/\(path.pathText)",
            detail: String(cString: strerror(error)))
    }
}
