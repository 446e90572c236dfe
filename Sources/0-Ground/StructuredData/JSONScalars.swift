// SPDX-License-Identifier: Apache-2.0

extension JSONReader {
    /// Reads a number of RFC 8259's grammar; what no double holds becomes an infinity or zero.
    mutating func number() throws(JSONError) -> Double {
        let start = offset
        if text[offset] == UInt8(ascii: "-") { offset += 1 }
        let firstDigit = offset
        let wholeDigits = try digits()
        if wholeDigits > 1, text[firstDigit] == UInt8(ascii: "0") {
            throw failure("A number must not start with a zero", at: firstDigit)
        }
        var isWhole = true
        if offset < text.count, text[offset] == UInt8(ascii: ".") {
            isWhole = false
            offset += 1
            _ = try digits()
        }
        if offset < text.count, text[offset] | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            offset += 1
            if offset < text.count, text[offset] == UInt8(ascii: "+") || text[offset] == UInt8(ascii: "-") {
                offset += 1
            }
            _ = try digits()
        }
        // Fifteen digits are exact in a double, so they need no decimal conversion.
        if isWhole, wholeDigits <= 15 {
            var magnitude = 0
            for index in firstDigit..<offset { magnitude = magnitude * 10 + Int(text[index] - 0x30) }
            return firstDigit == start ? Double(magnitude) : -Double(magnitude)
        }
        let literal = String(decoding: UnsafeBufferPointer(rebasing: text[start..<offset]), as: UTF8.self)
        guard let number = Double(literal) else { throw failure("The number cannot be read", at: start) }
        return number
    }

    private mutating func digits() throws(JSONError) -> Int {
        let start = offset
        while offset < text.count, text[offset] &- 0x30 <= 9 { offset += 1 }
        guard offset > start else { throw unexpected("a digit") }
        return offset - start
    }

    /// Reads a string, the reader standing at its opening quote.
    mutating func string() throws(JSONError) -> String {
        let start = offset
        offset += 1
        let runStart = offset
        var isASCII = true
        while offset < text.count {
            let byte = text[offset]
            if byte == UInt8(ascii: "\"") {
                let run = UnsafeBufferPointer(rebasing: text[runStart..<offset])
                offset += 1
                return isASCII
                    ? String(decoding: run, as: UTF8.self) : try checked(run, startingAt: runStart)
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: runStart) }
            guard byte >= 0x20 else { throw failure("A control character must be escaped", at: offset) }
            if byte >= 0x80 { isASCII = false }
            offset += 1
        }
        throw failure("The string is not closed", at: start)
    }

    /// The slow path: the reader stands at the first backslash.
    private mutating func escapedString(from runStart: Int) throws(JSONError) -> String {
        var bytes = Array(text[runStart..<offset])
        while offset < text.count {
            let byte = text[offset]
            switch byte {
            case UInt8(ascii: "\""):
                let end = offset
                offset += 1
                return try bytes.withUnsafeBufferPointer { run in
                    Result { () throws(JSONError) in try checked(run, startingAt: end - run.count) }
                }.get()
            case UInt8(ascii: "\\"):
                try escape(into: &bytes)
            case 0..<0x20:
                throw failure("A control character must be escaped", at: offset)
            default:
                bytes.append(byte)
                offset += 1
            }
        }
        throw failure("The string is not closed", at: runStart - 1)
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(JSONError) {
        let start = offset
        guard offset + 1 < text.count else { throw failure("The string is not closed", at: start) }
        let kind = text[offset + 1]
        offset += 2
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(kind)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            bytes.append(contentsOf: try unicodeEscape(startingAt: start))
        default: throw failure("There is no such escape", at: start)
        }
    }

    /// The UTF-8 bytes of `\uXXXX`, or of a surrogate pair of two of them, the reader standing behind the first `u`.
    private mutating func unicodeEscape(startingAt start: Int) throws(JSONError) -> Unicode.UTF8.EncodedScalar {
        var code = UInt32(try fourHexDigits())
        if (0xD800..<0xDC00).contains(code), offset + 1 < text.count,
            text[offset] == UInt8(ascii: "\\"), text[offset + 1] == UInt8(ascii: "u")
        {
            offset += 2
            let low = UInt32(try fourHexDigits())
            guard (0xDC00..<0xE000).contains(low) else {
                throw failure("A surrogate escape stands alone", at: start)
            }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code), let encoded = Unicode.UTF8.encode(scalar) else {
            throw failure("A surrogate escape stands alone", at: start)
        }
        return encoded
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            guard offset < text.count else { throw unexpected("a hexadecimal digit") }
            let digit: UInt8
            switch text[offset] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = text[offset] - 0x30
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = text[offset] - 0x57
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = text[offset] - 0x37
            default: throw unexpected("a hexadecimal digit")
            }
            code = code << 4 | UInt16(digit)
            offset += 1
        }
        return code
    }

    private func checked(_ run: UnsafeBufferPointer<UInt8>, startingAt start: Int) throws(JSONError) -> String {
        guard let string = String(validating: run, as: UTF8.self) else {
            throw failure("The string is not UTF-8", at: start)
        }
        return string
    }
}
