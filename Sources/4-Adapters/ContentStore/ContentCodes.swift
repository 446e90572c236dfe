// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
import Glibc

/// The codes of this target: MRT0800 – MRT0819.
extension DiagnosticCode {
    /// The content store cannot be made or written.
    package static let contentNotWritable = DiagnosticCode(800)
    /// No space for the content store.
    package static let contentDiskFull = DiagnosticCode(801)
    /// A file of the content store cannot be read.
    package static let contentUnreadable = DiagnosticCode(802)
    /// Content that the store does not have.
    package static let contentMissing = DiagnosticCode(803)
    /// Content whose bytes are not those that were stored.
    package static let contentDamaged = DiagnosticCode(804)
    /// A file or folder that was to be saved cannot be read.
    package static let treeUnreadable = DiagnosticCode(805)
    /// A file or folder could not be restored.
    package static let treeNotRestored = DiagnosticCode(806)
    /// A stored tree cannot be understood.
    package static let treeNotUnderstood = DiagnosticCode(807)
    /// A tree, content or name past its limit.
    package static let contentPastLimit = DiagnosticCode(808)
    /// A store that a newer version wrote.
    package static let contentStoreTooNew = DiagnosticCode(809)
}

/// What can go wrong with stored content.
package enum ContentError: CodedError, Hashable {
    case notWritable(path: String, detail: String)
    case diskFull(path: String, detail: String)
    case unreadable(path: String, detail: String)
    case missing(ContentDigest, neededFor: String? = nil)
    /// The blob can be dropped with ``ContentFolder/drop(_:)``.
    case damaged(ContentDigest, detail: String, neededFor: String? = nil)
    case treeUnreadable(path: String, detail: String)
    case notRestored(path: String, detail: String)
    case treeNotUnderstood(detail: String)
    case pastLimit(String)
    case tooNew(path: String)

    package var diagnostic: Diagnostic {
        switch self {
        case .notWritable(let path, let detail):
            Diagnostic(
                .contentNotWritable, "The content store's '\(path)' cannot be written: \(detail).",
                remedy: "Check the owner and the rights of the folder, or set MARTLET_HOME.")
        case .diskFull(let path, let detail):
            Diagnostic(
                .contentDiskFull, "There is no room to write '\(path)': \(detail).",
                remedy: "Free some space and run again; what was stored before is kept.")
        case .unreadable(let path, let detail):
            Diagnostic(.contentUnreadable, "The content store's '\(path)' cannot be read: \(detail).")
        case .missing(let digest, let path):
            Diagnostic(
                .contentMissing, "The content store does not have \(digest)\(Self.need(path)).",
                remedy: "It was removed to make room, or was never stored here: make it anew.")
        case .damaged(let digest, let detail, let path):
            Diagnostic(
                .contentDamaged, "The stored content \(digest)\(Self.need(path)) is damaged: \(detail).",
                remedy: "It is made anew when it is stored again. If this repeats, check the disk.")
        case .treeUnreadable(let path, let detail):
            Diagnostic(
                .treeUnreadable, "'\(path)' cannot be saved: \(detail).",
                remedy: "Make it readable, or leave it out.")
        case .notRestored(let path, let detail):
            Diagnostic(
                .treeNotRestored, "'\(path)' could not be restored: \(detail).",
                remedy: "The folder holds a part of the tree: restore it again, or empty it.")
        case .treeNotUnderstood(let detail):
            Diagnostic(.treeNotUnderstood, "A stored tree cannot be understood: \(detail).")
        case .pastLimit(let message):
            Diagnostic(.contentPastLimit, message)
        case .tooNew(let path):
            Diagnostic(
                .contentStoreTooNew, "The content store '\(path)' was written by a newer version of Martlet.",
                remedy: "Use that version, or another MARTLET_HOME.")
        }
    }

    /// The content that cannot be had, where that is what is wrong: for a cache this is a miss.
    package var lostContent: ContentDigest? {
        switch self {
        case .missing(let digest, _), .damaged(let digest, _, _): digest
        default: nil
        }
    }

    /// The same, where it is about content that the file at `path` needs.
    func needed(for path: String) -> ContentError {
        switch self {
        case .missing(let digest, _): .missing(digest, neededFor: path)
        case .damaged(let digest, let detail, _): .damaged(digest, detail: detail, neededFor: path)
        default: self
        }
    }

    private static func need(_ path: String?) -> String { path.map { ", which '\($0)' needs" } ?? "" }

    /// From `errno`. A limit on the size of files is met like a full disk.
    static func write(_ path: String, _ error: Int32 = errno) -> ContentError {
        let detail = String(cString: strerror(error))
        return [ENOSPC, EDQUOT, EFBIG].contains(error)
            ? .diskFull(path: path, detail: detail) : .notWritable(path: path, detail: detail)
    }

    static func read(_ path: String, _ error: Int32 = errno) -> ContentError {
        .unreadable(path: path, detail: String(cString: strerror(error)))
    }
}

/// What grows has a limit.
package enum ContentLimits {
    /// Files, links and folders of one tree.
    package static let treeEntries = 4_000_000
    /// The description of one tree.
    package static let manifestBytes: UInt64 = 2 << 30
    /// Chunks of one content: about 1 TB.
    package static let chunkCount = 16 << 20
    /// One chunk: none that is cut here is larger.
    package static let chunkBytes = 256 << 10
    /// A reference's name, its namespace, or its metadata.
    package static let referenceBytes = 64 << 10
    /// Depth of folders in a tree.
    package static let depth = 512
}
