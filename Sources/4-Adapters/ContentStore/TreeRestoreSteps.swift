// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Glibc

/// Carries a ``RestorePlan`` out.
struct TreeRestore {
    /// Files that a thread takes at once: they are mostly of one folder.
    private static let batchCount = 64
    private static let batchBytes: UInt64 = 4 << 20

    let root: TreeHandle
    let rootPath: String
    let manifest: TreeManifest
    let threads: Int
    let shelf: PackShelf

    /// - Returns: what the entries look like now, for the next save.
    func run(_ plan: RestorePlan) throws(ContentError) -> (RestoredTree, [Sightings.Mark]) {
        try remove(plan.removals)
        let levels = folderLevels()
        for level in levels { try makeFolders(level) }
        let marks = Slots<Sightings.Mark>(plan.marks.count, .unknown)
        for (slot, mark) in plan.marks.enumerated() { marks[slot] = mark }
        let batches = batches(of: plan.items)
        let writers = try Workers.each(
            batches.count, threads: threads,
            scratch: { () throws(ContentError) in
                try FileWriting(root: root, rootPath: rootPath, loader: ChunkLoader(shelf))
            }
        ) { (writing: inout FileWriting, number) throws(ContentError) in
            for item in plan.items[batches[number]] {
                let folder = manifest.folders[item.folder]
                marks[item.slot] = try writing.perform(item.step, folder.entries[item.entry], in: folder)
            }
        }
        for level in levels.reversed() { try finishFolders(level) }
        var restored = RestoredTree(
            keptCount: plan.keptCount, removedCount: plan.removals.count, folderCount: manifest.folders.count)
        for writer in writers {
            restored.writtenCount += writer.writtenCount
            restored.writtenBytes += writer.writtenBytes
            restored.keptCount += writer.keptCount
        }
        return (restored, Array(marks.all))
    }

    private func remove(_ paths: [[UInt8]]) throws(ContentError) {
        for path in paths {
            let full = "\(rootPath)/\(path.pathText)"
            let end = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
            // One in a folder that is removed already has gone.
            guard let parent = root.folder(Array(path[..<end])) else { continue }
            let name = Array(path[(end == 0 ? 0 : end + 1)...])
            if name.withCPath({ unlinkat(parent.descriptor, $0, 0) }) == 0 || errno == ENOENT { continue }
            do throws(DiagnosticError) {
                try Trees.remove("/proc/self/fd/\(parent.descriptor)/\(String(decoding: name, as: UTF8.self))")
            } catch {
                throw .notRestored(path: full, detail: error.diagnostic.message)
            }
        }
    }

    private func batches(of items: [RestorePlan.Item]) -> [Range<Int>] {
        var batches: [Range<Int>] = []
        var start = 0
        var bytes: UInt64 = 0
        for (number, item) in items.enumerated() {
            bytes += manifest.folders[item.folder].entries[item.entry].sizeBytes
            if number + 1 - start >= Self.batchCount || bytes >= Self.batchBytes {
                batches.append(start..<(number + 1))
                start = number + 1
                bytes = 0
            }
        }
        if start < items.count { batches.append(start..<items.count) }
        return batches
    }

    // MARK: folders

    /// Numbers of folders by depth, without the root.
    private func folderLevels() -> [[Int]] {
        var levels: [[Int]] = []
        for (number, folder) in manifest.folders.enumerated() where !folder.path.isEmpty {
            let depth = folder.path.reduce(0) { $1 == UInt8(ascii: "/") ? $0 + 1 : $0 }
            while levels.count <= depth { levels.append([]) }
            levels[depth].append(number)
        }
        return levels
    }

    private func makeFolders(_ numbers: [Int]) throws(ContentError) {
        try inBatches(numbers) { (number) throws(ContentError) in
            let folder = manifest.folders[number]
            let path = folder.path
            // A folder of the tree gets its mode at the end, one on the way to it keeps the one that it is made with.
            let mode = folder.isWhole ? 0o700 : folder.mode | 0o700
            let end = path.lastIndex(of: UInt8(ascii: "/")) ?? 0
            let name = Array(path[(end == 0 ? 0 : end + 1)...])
            guard let parent = root.folder(Array(path[..<end])) else { throw failure(path) }
            if make(name, in: parent, mode) { return }
            guard errno == EEXIST, let look = parent.look(name) else { throw failure(path) }
            if look.kind == .folder {
                // It has to be entered and written in; it gets its mode at the end.
                let mode = mode_t(look.mode | 0o700)
                if look.mode & 0o700 != 0o700 { _ = name.withCPath { fchmodat(parent.descriptor, $0, mode, 0) } }
                return
            }
            guard name.withCPath({ unlinkat(parent.descriptor, $0, 0) }) == 0, make(name, in: parent, mode) else {
                throw failure(path)
            }
        }
    }

    private func make(_ name: [UInt8], in parent: TreeHandle, _ mode: UInt16) -> Bool {
        name.withCPath { mkdirat(parent.descriptor, $0, mode_t(mode)) } == 0
    }

    /// Modes and times, when nothing more is written in them.
    private func finishFolders(_ numbers: [Int]) throws(ContentError) {
        try inBatches(numbers) { (number) throws(ContentError) in
            let folder = manifest.folders[number]
            guard folder.isWhole else { return }
            guard let handle = root.folder(folder.path), let look = FileLook.of(handle.descriptor) else {
                throw failure(folder.path)
            }
            if look.mode != folder.mode, fchmod(handle.descriptor, mode_t(folder.mode)) != 0 {
                throw failure(folder.path)
            }
            if look.modified != folder.modifiedNanoseconds,
                !FileWriting.setTime(folder.modifiedNanoseconds, of: handle.descriptor)
            {
                throw failure(folder.path)
            }
        }
    }

    private func inBatches(_ numbers: [Int], _ body: @escaping (Int) throws(ContentError) -> Void)
        throws(ContentError)
    {
        let size = 32
        _ = try Workers.each((numbers.count + size - 1) / size, threads: threads, scratch: { () }) {
            (_: inout Void, batch) throws(ContentError) in
            for number in numbers[(batch * size)..<min(numbers.count, (batch + 1) * size)] { try body(number) }
        }
    }

    private func failure(_ path: [UInt8]) -> ContentError {
        .notRestored(path: "\(rootPath)/\(path.pathText)", detail: String(cString: strerror(errno)))
    }
}
