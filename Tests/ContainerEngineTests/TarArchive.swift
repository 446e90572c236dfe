// SPDX-License-Identifier: Apache-2.0

/// Writes a tar archive (POSIX ustar), for tests.
struct TarArchive {
    private(set) var bytes: [UInt8] = []

    mutating func add(file name: String, _ content: [UInt8], mode: Int = 0o755) {
        header(name, kind: "0", size: content.count, mode: mode)
        bytes += content
        bytes += Array(repeating: 0, count: (512 - content.count % 512) % 512)
    }

    mutating func add(file name: String, _ text: String, mode: Int = 0o644) {
        add(file: name, Array(text.utf8), mode: mode)
    }

    mutating func add(folder name: String) {
        header(name + "/", kind: "5", mode: name == "tmp" ? 0o1777 : 0o755)
    }

    mutating func add(link name: String, to target: String) {
        header(name, kind: "2", link: target)
    }

    /// With the two empty blocks at the end.
    var finished: [UInt8] { bytes + Array(repeating: 0, count: 1024) }

    private mutating func header(_ name: String, kind: Character, size: Int = 0, mode: Int = 0o777, link: String = "") {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            block.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ number: Int, _ width: Int) -> String {
            let digits = String(number, radix: 8)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        put(name, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(size, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        put(String(kind), at: 156)
        put(link, at: 157)
        put("ustar", at: 257)
        put("00", at: 263)
        put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
        bytes += block
    }
}
