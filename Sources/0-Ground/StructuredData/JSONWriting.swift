// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    internal import Glibc  // vsnprintf writes numbers with 15 digits
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension DataValue {
    /// One line of JSON without white space. Numbers are written so that they read back exactly;
    /// NaN and the infinities, which JSON lacks, are written as `null`.
    public func jsonText() -> String {
        var bytes: [UInt8] = []
        appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends what ``jsonText()`` gives, as UTF-8.
    public func appendJSON(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append("null")
        case .bool(let value): bytes.append(value ? "true" : "false")
        case .number(let value): bytes.appendExactNumber(value)
        case .string(let value): bytes.appendJSONString(value)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for index in items.indices {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                items[index].appendJSON(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            members.appendJSON(to: &bytes)
        }
    }

    /// JSON as GitHub's `toJSON` prints it: two spaces a level, `\n`, `[]` and `{}` for what is empty, numbers
    /// with 15 significant digits as ``numberText(_:)`` writes them.
    public func prettyJSONText() -> String {
        var bytes: [UInt8] = []
        appendPrettyJSON(to: &bytes, level: 0, maximumBytes: .max)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same text, or `nil` where it would be longer than `maximumBytes`.
    public func prettyJSONText(maximumBytes: Int) -> String? {
        var bytes: [UInt8] = []
        appendPrettyJSON(to: &bytes, level: 0, maximumBytes: maximumBytes)
        return bytes.count > maximumBytes ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Stops soon after `bytes` has become longer than `maximumBytes`.
    private func appendPrettyJSON(to bytes: inout [UInt8], level: Int, maximumBytes: Int) {
        if bytes.count > maximumBytes { return }
        switch self {
        case .number(let value): bytes.append(contentsOf: Self.numberText(value).utf8)
        case .string(let value): bytes.appendJSONString(value, escapingLineSeparators: true)
        case .array(let items) where !items.isEmpty:
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendLineBreak(level: level + 1)
                item.appendPrettyJSON(to: &bytes, level: level + 1, maximumBytes: maximumBytes)
            }
            bytes.appendLineBreak(level: level)
            bytes.append(UInt8(ascii: "]"))
        case .object(let members) where !members.isEmpty:
            bytes.append(UInt8(ascii: "{"))
            for index in members.keys.indices {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendLineBreak(level: level + 1)
                bytes.appendJSONString(members.keys[index], escapingLineSeparators: true)
                bytes.append(": ")
                members.values[index].appendPrettyJSON(to: &bytes, level: level + 1, maximumBytes: maximumBytes)
            }
            bytes.appendLineBreak(level: level)
            bytes.append(UInt8(ascii: "}"))
        default:
            appendJSON(to: &bytes)
        }
    }

    /// A number as the expression language turns it into a string: at most 15 significant digits, `E+15` and up or
    /// `E-05` and down in scientific form, never `-0`; `NaN`, `Infinity`, `-Infinity` (.NET's `G15`).
    public static func numberText(_ number: Double) -> String {
        if number.magnitude < 1e15, let whole = Int(exactly: number) { return String(whole) }
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer in
            let length = withVaList([number]) { vsnprintf(buffer.baseAddress, buffer.count, "%.15G", $0) }
            return String(
                decoding: buffer.prefix(Int(length)).lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}

extension DataObject {
    /// Appends the object as one line of JSON.
    public func appendJSON(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "{"))
        for index in keys.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.appendJSONString(keys[index])
            bytes.append(UInt8(ascii: ":"))
            values[index].appendJSON(to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// One line of JSON without white space.
    public func jsonText() -> String {
        var bytes: [UInt8] = []
        appendJSON(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends `string` in quotes, with the escapes that JSON asks for and no others.
    public mutating func appendJSONString(_ string: String) {
        appendJSONString(string, escapingLineSeparators: false)
    }

    /// - Parameter escapingLineSeparators: also escape U+0085, U+2028 and U+2029, as `toJSON` does.
    fileprivate mutating func appendJSONString(_ string: String, escapingLineSeparators: Bool) {
        append(UInt8(ascii: "\""))
        var string = string
        string.withUTF8 { text in
            var runStart = 0
            var index = 0
            while index < text.count {
                let byte = text[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"),
                    byte < 0x80 || !escapingLineSeparators
                {
                    index += 1
                    continue
                }
                let length = byte < 0x80 ? 1 : Self.lineSeparatorLength(in: text, at: index)
                guard length > 0 else {
                    index += 1
                    continue
                }
                append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart..<index]))
                appendEscape(UnsafeBufferPointer(rebasing: text[index..<index + length]))
                index += length
                runStart = index
            }
            append(contentsOf: UnsafeBufferPointer(rebasing: text[runStart..<text.count]))
        }
        append(UInt8(ascii: "\""))
    }

    private static func lineSeparatorLength(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        if text[index] == 0xC2, index + 1 < text.count, text[index + 1] == 0x85 { return 2 }
        guard text[index] == 0xE2, index + 2 < text.count, text[index + 1] == 0x80 else { return 0 }
        return text[index + 2] == 0xA8 || text[index + 2] == 0xA9 ? 3 : 0
    }

    private mutating func appendEscape(_ scalar: UnsafeBufferPointer<UInt8>) {
        append(UInt8(ascii: "\\"))
        switch scalar[0] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(scalar[0])
        case 0x08: append(UInt8(ascii: "b"))
        case 0x09: append(UInt8(ascii: "t"))
        case 0x0A: append(UInt8(ascii: "n"))
        case 0x0C: append(UInt8(ascii: "f"))
        case 0x0D: append(UInt8(ascii: "r"))
        case 0xC2: append("u0085")
        case 0xE2: append(scalar[2] == 0xA8 ? "u2028" : "u2029")
        default:
            append("u00")
            for digit in [scalar[0] >> 4, scalar[0] & 0xF] {
                append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            }
        }
    }

    fileprivate mutating func appendExactNumber(_ number: Double) {
        if number.magnitude < 0x1p53, let whole = Int(exactly: number), whole != 0 || number.sign == .plus {
            appendDecimal(whole)
        } else if number.isFinite {
            append(contentsOf: number.description.utf8)
        } else {
            append("null")
        }
    }

    private mutating func appendDecimal(_ number: Int) {
        if number < 0 { append(UInt8(ascii: "-")) }
        var rest = number.magnitude
        let start = count
        repeat {
            append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }

    fileprivate mutating func appendLineBreak(level: Int) {
        append(UInt8(ascii: "\n"))
        append(contentsOf: repeatElement(UInt8(ascii: " "), count: level * 2))
    }

    fileprivate mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
