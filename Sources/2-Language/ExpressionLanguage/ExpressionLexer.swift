// SPDX-License-Identifier: Apache-2.0

/// Cuts the text of an expression into tokens, byte by byte.
struct ExpressionLexer {
    private let text: UnsafeBufferPointer<UInt8>
    private var offset = 0
    private(set) var tokens: [ExpressionToken] = []

    init(_ text: UnsafeBufferPointer<UInt8>) {
        self.text = text
        tokens.reserveCapacity(16)
    }

    /// Reads all tokens; the range of what is none, where there is such a thing.
    mutating func run() -> Range<Int>? {
        while true {
            skipWhiteSpace()
            guard offset < text.count else { return nil }
            if let fault = token() { return fault }
        }
    }

    private var previous: ExpressionToken.Kind { tokens.last?.kind ?? .none }

    private mutating func token() -> Range<Int>? {
        switch text[offset] {
        case UInt8(ascii: "("): add(previous == .function ? .startParameters : .startGroup, length: 1)
        case UInt8(ascii: "["): add(.startIndex, length: 1)
        // Which of its two kinds a closing parenthesis has, only the parser knows.
        case UInt8(ascii: ")"): add(.endGroup, length: 1)
        case UInt8(ascii: "]"): add(.endIndex, length: 1)
        case UInt8(ascii: ","): add(.separator, length: 1)
        case UInt8(ascii: "*"): add(.wildcard, length: 1)
        case UInt8(ascii: "'"): return string()
        case UInt8(ascii: "!"): addOperator(.not, withEquals: .notEqual)
        case UInt8(ascii: ">"): addOperator(.greater, withEquals: .greaterOrEqual)
        case UInt8(ascii: "<"): addOperator(.less, withEquals: .lessOrEqual)
        case UInt8(ascii: "="): return addDoubled(.equal)
        case UInt8(ascii: "&"): return addDoubled(.and)
        case UInt8(ascii: "|"): return addDoubled(.or)
        case UInt8(ascii: "."):
            // Where an operand may begin, a full stop begins a number rather than a property.
            guard previous.isOperandStart else {
                add(.dereference, length: 1)
                return nil
            }
            return number()
        case UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        default: return keyword()
        }
        return nil
    }

    private mutating func add(_ kind: ExpressionToken.Kind, length: Int) {
        tokens.append(ExpressionToken(kind: kind, start: offset, end: offset + length))
        offset += length
    }

    private mutating func addOperator(_ single: ExpressionToken.Kind, withEquals: ExpressionToken.Kind) {
        let isDoubled = offset + 1 < text.count && text[offset + 1] == UInt8(ascii: "=")
        add(isDoubled ? withEquals : single, length: isDoubled ? 2 : 1)
    }

    private mutating func addDoubled(_ kind: ExpressionToken.Kind) -> Range<Int>? {
        if offset + 1 < text.count, text[offset + 1] == text[offset] {
            add(kind, length: 2)
            return nil
        }
        let start = offset
        offset += 1
        skipToBoundary()
        return start..<offset
    }

    private mutating func string() -> Range<Int>? {
        let start = offset
        offset += 1
        while offset < text.count {
            if text[offset] == UInt8(ascii: "'") {
                if offset + 1 < text.count, text[offset + 1] == UInt8(ascii: "'") {
                    offset += 1
                } else {
                    offset += 1
                    tokens.append(ExpressionToken(kind: .string, start: start, end: offset))
                    return nil
                }
            }
            offset += 1
        }
        return start..<text.count
    }

    private mutating func number() -> Range<Int>? {
        let start = offset
        repeat {
            offset += 1
            skipToBoundary()
        } while offset < text.count && text[offset] == UInt8(ascii: ".")
        let number = NumberParsing.number(UnsafeBufferPointer(rebasing: text[start..<offset]))
        guard !number.isNaN else { return start..<offset }
        tokens.append(ExpressionToken(kind: .number, start: start, end: offset, number: number))
        return nil
    }

    private mutating func keyword() -> Range<Int>? {
        let start = offset
        offset += 1
        skipToBoundary()
        let word = UnsafeBufferPointer(rebasing: text[start..<offset])
        guard ExpressionNames.isLegal(word) else { return start..<offset }
        var token = ExpressionToken(kind: .namedValue, start: start, end: offset)
        if previous == .dereference {
            token.kind = .property
        } else if let reserved = Self.reserved(word) {
            token.kind = reserved.kind
            token.number = reserved.number
        } else {
            let end = offset
            skipWhiteSpace()
            if offset < text.count, text[offset] == UInt8(ascii: "(") { token.kind = .function }
            offset = end
        }
        tokens.append(token)
        return nil
    }

    private static func reserved(
        _ word: UnsafeBufferPointer<UInt8>
    ) -> (kind: ExpressionToken.Kind, number: Double)? {
        switch word.count {
        case 3 where word.elementsEqual("NaN".utf8): (.number, .nan)
        case 4 where word.elementsEqual("true".utf8): (.yes, 0)
        case 4 where word.elementsEqual("null".utf8): (.null, 0)
        case 5 where word.elementsEqual("false".utf8): (.no, 0)
        case 8 where word.elementsEqual("Infinity".utf8): (.number, .infinity)
        default: nil
        }
    }

    private mutating func skipToBoundary() {
        while offset < text.count {
            switch text[offset] {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: ","),
                UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "="),
                UInt8(ascii: "&"), UInt8(ascii: "|"):
                return
            default:
                if WhiteSpace.length(in: text, at: offset) > 0 { return }
                offset += 1
            }
        }
    }

    private mutating func skipWhiteSpace() {
        while offset < text.count {
            let length = WhiteSpace.length(in: text, at: offset)
            if length == 0 { return }
            offset += length
        }
    }
}

/// What names of contexts, functions and properties are made of.
package enum ExpressionNames {
    /// A letter or `_`, then letters, digits, `_` and `-`.
    package static func isLegal(_ name: some Collection<UInt8>) -> Bool {
        guard let first = name.first, isLetter(first) else { return false }
        return name.dropFirst().allSatisfy { isLetter($0) || $0 &- 0x30 <= 9 || $0 == UInt8(ascii: "-") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "_")
    }
}

/// White space as .NET's `Char.IsWhiteSpace` has it, in UTF-8.
enum WhiteSpace {
    /// The length in bytes of the white space character at `offset`; 0 where there is none.
    static func length(in text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
        let byte = text[offset]
        if byte < 0x80 { return byte == 0x20 || byte &- 0x09 <= 4 ? 1 : 0 }
        if byte == 0xC2 {
            guard offset + 1 < text.count else { return 0 }
            return text[offset + 1] == 0x85 || text[offset + 1] == 0xA0 ? 2 : 0
        }
        guard byte == 0xE1 || byte == 0xE2 || byte == 0xE3, offset + 2 < text.count else { return 0 }
        switch (byte, text[offset + 1], text[offset + 2]) {
        case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF),
            (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
            return 3
        default:
            return 0
        }
    }

    /// The part of `text` between leading and trailing white space.
    static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var start = 0
        while start < text.count {
            let length = length(in: text, at: start)
            if length == 0 { break }
            start += length
        }
        var end = text.count
        trailing: while end > start {
            for width in 1...3 where end - width >= start {
                if length(in: UnsafeBufferPointer(rebasing: text[..<end]), at: end - width) == width {
                    end -= width
                    continue trailing
                }
            }
            break
        }
        return UnsafeBufferPointer(rebasing: text[start..<end])
    }
}
