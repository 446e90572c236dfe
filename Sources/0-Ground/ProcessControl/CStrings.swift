// SPDX-License-Identifier: Apache-2.0

/// Hands over the texts as C takes a list of arguments: NUL-terminated, with a null pointer at the end.
/// A text is cut off at its first NUL byte.
func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
) -> Result {
    var bytes: [CChar] = []
    var offsets: [Int] = []
    for text in texts {
        offsets.append(bytes.count)
        bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
        bytes.append(0)
    }
    return bytes.withUnsafeMutableBufferPointer { space in
        var pointers: [UnsafeMutablePointer<CChar>?] = offsets.map { offset in space.baseAddress.map { $0 + offset } }
        pointers.append(nil)
        return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}

func withOptionalCStrings<Result>(
    _ texts: [String]?, _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>?) -> Result
) -> Result {
    guard let texts else { return body(nil) }
    return withCStrings(texts, body)
}

func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}
