// SPDX-License-Identifier: Apache-2.0

extension Sequence<UInt8> {
    /// RFC 4648's alphabet for addresses, with padding: how the API wants credentials in a header.
    var base64ForAddresses: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var bits = 0
        var bitCount = 0
        for byte in self {
            bits = (bits << 8 | Int(byte)) & 0xFFFF
            bitCount += 8
            while bitCount >= 6 {
                bitCount -= 6
                text.append(alphabet[bits >> bitCount & 63])
            }
        }
        if bitCount > 0 { text.append(alphabet[bits << (6 - bitCount) & 63]) }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }
}
