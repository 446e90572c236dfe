// SPDX-License-Identifier: Apache-2.0

/// What a stored tree is made of. Names are bytes, as Linux has them: they need not be UTF-8.
package struct TreeEntry: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        case file = 1
        case link = 2
    }

    package var name: [UInt8]
    package var kind: Kind
    /// Permission bits, set-user-id and the like included.
    package var mode: UInt16
    /// Since 1970.
    package var modifiedNanoseconds: Int64
    /// Of a file.
    package var sizeBytes: UInt64
    /// Of a file.
    package var chunks: [ContentChunk]
    /// Of a link.
    package var target: [UInt8]
}

package struct TreeFolder: Hashable, Sendable {
    /// Below the tree's root; empty for the root itself.
    package var path: [UInt8]
    package var mode: UInt16
    package var modifiedNanoseconds: Int64
    /// Whether all that was in the folder is in the tree; else it is only on the way to what is.
    package var isWhole: Bool
    /// Files and links, by the bytes of their names. Folders stand for themselves.
    package var entries: [TreeEntry]

    /// The path of something in the folder.
    func path(of name: [UInt8]) -> [UInt8] {
        path.isEmpty ? name : path + [UInt8(ascii: "/")] + name
    }
}

/// A stored tree: its folders, each behind the one that it is in.
package struct TreeManifest: Hashable, Sendable {
    package var folders: [TreeFolder] = []

    package init() {}
}

/// The order of paths: a folder comes before what is in it, and all of that before what follows the folder.
enum TreeOrder {
    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBufferPointer { left in
            right.withUnsafeBufferPointer { right in
                let count = min(left.count, right.count)
                var index = 0
                while index < count, left[index] == right[index] { index &+= 1 }
                guard index < count else { return left.count < right.count }
                return rank(left[index]) < rank(right[index])
            }
        }
    }

    private static func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
}

/// Something to know about a tree that was saved or restored, which is no error.
package struct TreeNote: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable {
        /// A socket, device or named pipe; or a folder's place holds another file system's nothing.
        case notAFile
        /// It went away while the tree was saved.
        case vanished
        /// It was written while it was read: what is stored may be partly old and partly new.
        case changedMeanwhile
        /// A path that was asked for, where there is nothing.
        case absent
    }

    /// Below the root.
    package var path: String
    package var reason: Reason

    package init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }
}

extension [UInt8] {
    /// For messages.
    var pathText: String { isEmpty ? "." : String(decoding: self, as: UTF8.self) }

    /// Whether it can be a name in a folder.
    var isFileName: Bool {
        !isEmpty && count <= 255 && self != [46] && self != [46, 46]
            && !contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }

    /// As a C string, which lives as long as the call.
    func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { space in
            for index in indices { space.initializeElement(at: index, to: CChar(bitPattern: self[index])) }
            space.initializeElement(at: count, to: 0)
            guard let start = space.baseAddress else {
                preconditionFailure("an allocation of one byte or more is there")
            }
            return body(UnsafePointer(start))
        }
    }
}
