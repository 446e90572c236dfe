// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Keeps content from being collected as long as it lives; it goes with its process, however that ends.
package final class ContentLease: Sendable {
    private let paths: StorePaths
    private let file: StoreFile
    private let held = Mutex<Set<ContentRoot>>([])

    init(_ paths: StorePaths) throws(ContentError) {
        self.paths = paths
        file = try paths.passing { () throws(ContentError) in
            let file = try StoreFile.create("\(paths.leases)/\(StorePaths.uniqueName())")
            try file.lock(.exclusive)
            return file
        }
    }

    deinit { unlink(file.path) }

    /// Within the gate, or while a session keeps the content.
    func hold(_ root: ContentRoot) throws(ContentError) {
        try held.withLock { (held) throws(ContentError) in
            guard !held.contains(root) else { return }
            try file.write(Array("\(root)\n".utf8))
            held.insert(root)
        }
    }

    /// What the lease of a live process holds; `nil` where its process has ended.
    static func read(_ path: String) throws(ContentError) -> [ContentRoot]? {
        guard let file = try StoreFile.openIfPresent(path), !file.tryLock(.shared) else { return nil }
        let text = String(decoding: try file.read(count: file.size, at: 0), as: UTF8.self)
        return text.split(separator: "\n").compactMap { ContentRoot($0) }
    }
}

/// What a lease or a reference keeps: content as it is, or a tree with all that is in it.
package struct ContentRoot: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case blob
        case tree
    }

    package var kind: Kind
    package var id: ContentID

    package init(_ kind: Kind, _ id: ContentID) {
        self.kind = kind
        self.id = id
    }

    init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 2, let kind = Kind(rawValue: String(words[0])), let id = ContentID(words[1]) else {
            return nil
        }
        self.init(kind, id)
    }

    package var description: String { "\(kind.rawValue) \(id)" }
}
