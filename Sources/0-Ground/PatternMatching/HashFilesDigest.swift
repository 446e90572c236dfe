// SPDX-License-Identifier: Apache-2.0

/// The value of `hashFiles`: the SHA-256 of the SHA-256 digests of the files, one after another.
public struct HashFilesDigest {
    /// The raw 32-byte SHA-256 of one file's content.
    public var digestOfFile: (_ path: String) throws -> [UInt8]
    /// The raw 32-byte SHA-256 of bytes.
    public var digestOfBytes: (_ bytes: [UInt8]) -> [UInt8]

    public init(
        digestOfFile: @escaping (_ path: String) throws -> [UInt8],
        digestOfBytes: @escaping (_ bytes: [UInt8]) -> [UInt8]
    ) {
        self.digestOfFile = digestOfFile
        self.digestOfBytes = digestOfBytes
    }

    /// 64 lower-case hexadecimal digits, or an empty text where there is no file.
    public func value(of files: [String]) throws -> String {
        guard !files.isEmpty else { return "" }
        var digests: [UInt8] = []
        digests.reserveCapacity(files.count * 32)
        for file in files { digests += try digestOfFile(file) }
        let digits = Array("0123456789abcdef".utf8)
        var hex: [UInt8] = []
        for byte in digestOfBytes(digests) {
            hex.append(digits[Int(byte >> 4)])
            hex.append(digits[Int(byte & 15)])
        }
        return String(decoding: hex, as: UTF8.self)
    }
}
