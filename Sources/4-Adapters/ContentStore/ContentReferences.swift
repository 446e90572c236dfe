// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A name for stored content, which keeps it: a cache's key, a run's artifact, a snapshot.
package struct ContentReference: Hashable, Sendable {
    package var namespace: String
    package var name: String
    package var root: ContentRoot
    /// What the caller wants to know about it later.
    package var metadata: [UInt8]
    /// Seconds since 1970; set by the store.
    package var createdAt: Int64 = 0
    /// Seconds since 1970, of the last time that it was taken into use; set by the store.
    package var usedAt: Int64 = 0

    package init(namespace: String, name: String, root: ContentRoot, metadata: [UInt8] = []) {
        self.namespace = namespace
        self.name = name
        self.root = root
        self.metadata = metadata
    }
}

extension ContentFolder {
    /// Names content that a lease holds.
    ///
    /// - Parameter replacing: whether one of that name gives way.
    /// - Returns: `false` where there is one of that name, and it stays.
    @discardableResult
    package func setReference(_ reference: ContentReference, replacing: Bool = true) throws(ContentError) -> Bool {
        var reference = reference
        reference.createdAt = Int64(time(nil))
        let folder = ReferenceFile.folder(reference.namespace, in: paths)
        let bytes = try ReferenceFile.encode(reference)
        try StorePaths.makeFolder(folder)
        let path = "\(folder)/\(ReferenceFile.name(of: reference.name))"
        return try paths.passing { () throws(ContentError) in
            if replacing {
                try StoreFile.replace(path, with: bytes)
                return true
            }
            return try StoreFile.createWhole(path, with: bytes)
        }
    }

    /// `nil` where there is none of that name.
    package func reference(_ namespace: String, _ name: String) throws(ContentError) -> ContentReference? {
        try ReferenceFile.read("\(ReferenceFile.folder(namespace, in: paths))/\(ReferenceFile.name(of: name))")
    }

    /// Takes a reference into use: its content is kept by the lease, and it counts as used now. `nil` where there is none
    /// of that name, or its content is not there any more.
    package func use(_ namespace: String, _ name: String, under lease: ContentLease) throws(ContentError)
        -> ContentReference?
    {
        let path = "\(ReferenceFile.folder(namespace, in: paths))/\(ReferenceFile.name(of: name))"
        return try paths.passing { () throws(ContentError) in
            guard let reference = try ReferenceFile.read(path), try contains(reference.root.id) else { return nil }
            try lease.hold(reference.root)
            utimensat(AT_FDCWD, path, nil, 0)
            return reference
        }
    }

    /// All of a namespace, by name.
    package func references(in namespace: String, prefix: String = "") throws(ContentError) -> [ContentReference] {
        let folder = ReferenceFile.folder(namespace, in: paths)
        var found: [ContentReference] = []
        for name in try StorePaths.names(in: folder) {
            if let reference = try ReferenceFile.read("\(folder)/\(name)"), reference.name.hasPrefix(prefix) {
                found.append(reference)
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    /// Removes a name; the content goes with the next collection, unless it has others. `false` where there was none.
    @discardableResult
    package func removeReference(_ namespace: String, _ name: String) throws(ContentError) -> Bool {
        let path = "\(ReferenceFile.folder(namespace, in: paths))/\(ReferenceFile.name(of: name))"
        if unlink(path) == 0 { return true }
        guard errno == ENOENT else { throw .write(path) }
        return false
    }
}

/// A reference's file: its time of modification is that of the last use, so that a use costs one call.
enum ReferenceFile {
    private static let signature: [UInt8] = Array("MRTREF01".utf8)
    private static let nameBytes = 180

    static func folder(_ namespace: String, in paths: StorePaths) -> String {
        "\(paths.references)/\(name(of: namespace))"
    }

    /// Letters, digits, `_` and `-` stand for themselves; a long name is its digest, and stands in the file.
    static func name(of text: String) -> String {
        var name = ""
        let digits = Array("0123456789ABCDEF")
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                name.append("%")
                name.append(digits[Int(byte >> 4)])
                name.append(digits[Int(byte & 15)])
            }
        }
        // An equals sign is in no other name.
        return name.isEmpty || name.utf8.count > nameBytes ? "=" + ContentDigest(of: Array(text.utf8)).hex : name
    }

    static func encode(_ reference: ContentReference) throws(ContentError) -> [UInt8] {
        let size = reference.namespace.utf8.count + reference.name.utf8.count + reference.metadata.count
        guard size <= ContentLimits.referenceBytes else {
            throw .pastLimit(
                "A reference's name and metadata have \(size) bytes; \(ContentLimits.referenceBytes) are allowed.")
        }
        var sink = ByteSink(capacity: size + 200)
        sink.put(signature)
        sink.put(counted: Array("\(reference.root)".utf8))
        sink.put(counted: Array(reference.namespace.utf8))
        sink.put(counted: Array(reference.name.utf8))
        sink.put(fixed: reference.createdAt)
        sink.put(counted: reference.metadata)
        return sink.bytes
    }

    /// `nil` where there is none, or one that cannot be understood.
    static func read(_ path: String) throws(ContentError) -> ContentReference? {
        guard let file = try StoreFile.openIfPresent(path) else { return nil }
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw .read(path) }
        let bytes = try file.read(count: min(Int(status.st_size), ContentLimits.referenceBytes + 1024), at: 0)
        guard bytes.starts(with: signature) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            var source = ByteSource(UnsafeRawBufferPointer(rebasing: bytes[signature.count...]))
            let root = ContentRoot(String(decoding: source.counted(), as: UTF8.self))
            let namespace = String(decoding: source.counted(), as: UTF8.self)
            let name = String(decoding: source.counted(), as: UTF8.self)
            let created: Int64 = source.fixed()
            let metadata = source.counted()
            guard let root, !source.isBroken else { return nil }
            var reference = ContentReference(namespace: namespace, name: name, root: root, metadata: metadata)
            reference.createdAt = created
            reference.usedAt = Int64(status.st_mtim.tv_sec)
            return reference
        }
    }
}
