// SPDX-License-Identifier: Apache-2.0

/// What `git cat-file --batch` prints: one object after the other, in the order in which they were asked for.
struct GitObjectBatch {
    struct Object {
        var id: String
        /// `commit`, `tree`, `blob`, `tag`.
        var type: String
        var content: ArraySlice<UInt8>
    }

    /// `nil` for one that is not there.
    private(set) var objects: [Object?] = []

    init(_ output: [UInt8]) {
        var rest = output[...]
        while let end = rest.firstIndex(of: 10) {
            let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            rest = rest[(end + 1)...]
            // `<id> <type> <size>`, or `<name> missing`.
            guard words.count == 3, let size = Int(words[2]), size >= 0, size <= rest.count else {
                objects.append(nil)
                continue
            }
            let content = rest.prefix(size)
            objects.append(Object(id: String(words[0]), type: String(words[1]), content: content))
            rest = rest.dropFirst(size + 1)
        }
    }
}
