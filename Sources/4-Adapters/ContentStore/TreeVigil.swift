// SPDX-License-Identifier: Apache-2.0

internal import FileAccess
internal import Synchronization

/// Watches a tree from one save to the next, so that one in which nothing happened need not be looked at again.
///
/// It tells what is written, made, removed, renamed or has other modes, by whatever process of this machine. It does not
/// tell what comes through a mapping that was made before the last save, or through a hard link in a folder outside.
package final class TreeVigil: Sendable {
    /// Folders of a tree that are watched: each costs the kernel about a kilobyte.
    static let folderLimit = 16_384

    private let watch: FolderWatch?
    private let state = Mutex((count: 0, isWhole: false))

    /// Where the system has no such thing, or has no more of them, it never says that a tree is as it was.
    package init() { watch = try? FolderWatch() }

    /// Whether nothing has happened in the tree since the save that it was given to last.
    package var isQuiet: Bool {
        guard let watch, state.withLock({ $0.isWhole }) else { return false }
        return watch.isQuiet
    }

    /// A save begins: what has happened so far is what it sees.
    func begin() {
        watch?.clear()
        state.withLock { $0 = (0, watch != nil) }
    }

    func add(_ folder: TreeHandle) {
        guard let watch else { return }
        let hasRoom = state.withLock { state in
            state.count += 1
            if state.count > Self.folderLimit { state.isWhole = false }
            return state.isWhole
        }
        if hasRoom, !watch.add(folder.descriptor) { state.withLock { $0.isWhole = false } }
    }

    /// It did not come to its end.
    func fail() { state.withLock { $0.isWhole = false } }
}
