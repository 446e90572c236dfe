// SPDX-License-Identifier: Apache-2.0

/// The longest text that every match of a regular expression holds, as far as a look at its outside tells.
///
/// Only characters on the outermost level count: what stands in groups and classes is passed over. Whatever could
/// change the meaning of the rest (an alternative, an inline option, a verb, a quotation, a comment) gives no text at
/// all: a text that is missed costs time, one that is wrong would cost matches.
struct RequiredLiteral {
    /// A shorter one is on too many lines.
    private static let fewestBytes = 2
    /// Escapes that stand for no character of their own, and take no argument.
    private static let plainEscapes = Set("dDwWsShHvVbBAzZRXKtnfrea".utf8)

    private var rest: ArraySlice<UInt8>
    private var run: [UInt8] = []
    private var longest: [UInt8] = []

    static func find(in pattern: String) -> [UInt8]? {
        var scanner = RequiredLiteral(rest: Array(pattern.utf8)[...])
        guard scanner.scan(), scanner.longest.count >= fewestBytes else { return nil }
        // What stands for bytes that are no UTF-8 is not in the text.
        guard !String(decoding: scanner.longest, as: UTF8.self).unicodeScalars.contains("\u{FFFD}") else { return nil }
        return scanner.longest
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    /// `false` where the pattern holds something whose meaning is not looked into.
    private mutating func scan() -> Bool {
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "|"), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "+"):
                return false
            case UInt8(ascii: "{"):
                return false
            case UInt8(ascii: "."), UInt8(ascii: "^"), UInt8(ascii: "$"):
                guard endRun() else { return false }
            case UInt8(ascii: "["):
                guard skipClass(), endRun() else { return false }
            case UInt8(ascii: "("):
                guard skipGroup(), endRun() else { return false }
            case UInt8(ascii: "\\"):
                guard escape() else { return false }
            default:
                // A character of several bytes is repeated as a whole.
                var character = [byte]
                while let next = rest.first, next & 0xC0 == 0x80 { character.append(rest.removeFirst()) }
                guard take(character) else { return false }
            }
        }
        keepRun()
        return true
    }

    /// A character, and what is said of how often it stands there.
    private mutating func take(_ character: [UInt8]) -> Bool {
        guard let next = rest.first, Self.quantifiers.contains(next) else {
            run += character
            return true
        }
        if next == UInt8(ascii: "+") {
            run += character
        }
        keepRun()
        return skipQuantifier()
    }

    private static let quantifiers = Set("*+?{".utf8)

    /// What ends a run of characters may be repeated too.
    private mutating func endRun() -> Bool {
        keepRun()
        return skipQuantifier()
    }

    private mutating func keepRun() {
        if run.count > longest.count { longest = run }
        run = []
    }

    private mutating func skipQuantifier() -> Bool {
        guard let next = rest.first, Self.quantifiers.contains(next) else { return true }
        rest.removeFirst()
        if next == UInt8(ascii: "{") {
            let inside = rest.prefix { $0 != UInt8(ascii: "}") }
            let isCount = !inside.isEmpty && inside.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ",") }
            // A brace that begins no count is a character.
            guard isCount, inside.endIndex < rest.endIndex else { return false }
            rest = rest[(inside.endIndex + 1)...]
        }
        if let sign = rest.first, sign == UInt8(ascii: "?") || sign == UInt8(ascii: "+") { rest.removeFirst() }
        return true
    }

    private mutating func escape() -> Bool {
        guard let letter = rest.popFirst() else { return false }
        if letter < 0x80, !Self.isWord(letter) { return take([letter]) }
        guard Self.plainEscapes.contains(letter) else { return false }
        return endRun()
    }

    private mutating func skipClass() -> Bool {
        if rest.first == UInt8(ascii: "^") { rest.removeFirst() }
        var isFirst = true
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "]") where !isFirst: return true
            // A named class has brackets of its own.
            case UInt8(ascii: "["): return false
            case UInt8(ascii: "\\"):
                guard let letter = rest.popFirst(), letter != UInt8(ascii: "Q"), letter != UInt8(ascii: "E") else {
                    return false
                }
            default: break
            }
            isFirst = false
        }
        return false
    }

    /// Groups that only capture, or do not; nothing with options.
    private mutating func skipGroup() -> Bool {
        var depth = 1
        guard opensPlainly() else { return false }
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "("):
                guard opensPlainly() else { return false }
                depth += 1
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 { return true }
            case UInt8(ascii: "["):
                guard skipClass() else { return false }
            case UInt8(ascii: "\\"):
                guard let letter = rest.popFirst(), letter != UInt8(ascii: "Q") else { return false }
            default: break
            }
        }
        return false
    }

    private mutating func opensPlainly() -> Bool {
        guard let next = rest.first else { return false }
        if next == UInt8(ascii: "*") { return false }
        guard next == UInt8(ascii: "?") else { return true }
        rest.removeFirst()
        return rest.popFirst() == UInt8(ascii: ":")
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
    }
}
