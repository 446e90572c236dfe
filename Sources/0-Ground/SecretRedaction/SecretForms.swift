// SPDX-License-Identifier: Apache-2.0

/// The byte strings by which one secret can show up in a log.
///
/// The set of encodings is the one of GitHub's runner (base64 at three offsets, JSON, URL and XML escapes, command line
/// and PowerShell variants), widened where common tools write the same encoding differently.
enum SecretForms {
    /// The longest piece that is looked for as a whole. Longer secrets are looked for in pieces that touch each other:
    /// what is held back while a match may still come stays small, and a leaked part of a long key is masked too.
    static let pieceLength = 256

    /// All forms of a value and of its parts, none shorter than ``SecretRedactor/minimumLength`` bytes.
    static func all(of value: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for part in parts(of: value) {
            forms.append(part)
            forms += base64(part)
            forms += escapes(of: part)
        }
        if forms.contains(where: { $0.count > pieceLength }) { forms = forms.flatMap { pieces(of: $0) } }
        var seen = Set<[UInt8]>(minimumCapacity: forms.count)
        return forms.filter { $0.count >= SecretRedactor.minimumLength && seen.insert($0).inserted }
    }

    /// The value, the value without space or quotes around it, its lines, and what PowerShell shows of it in an error.
    private static func parts(of value: [UInt8]) -> [[UInt8]] {
        var parts = [value]
        func add(_ part: some Collection<UInt8>) {
            guard trimmed(part).count >= SecretRedactor.minimumLength, part.count < value.count else { return }
            parts.append(Array(part))
        }
        add(trimmed(value))
        if value.contains(where: isLineEnd) {
            for line in value.split(whereSeparator: isLineEnd) { add(line) }
        }
        if value.count > 8, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
            add(value[1..<(value.count - 1)])
        }
        powerShellParts(of: value).forEach(add)
        return parts
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }

    private static func trimmed(_ bytes: some Collection<UInt8>) -> ArraySlice<UInt8> {
        var rest = Array(bytes)[...]
        while let first = rest.first, first == 32 || (9...13).contains(first) { rest.removeFirst() }
        while let last = rest.last, last == 32 || (9...13).contains(last) { rest.removeLast() }
        return rest
    }

    /// PowerShell colours a command at `&`, so that the parts before and after appear on their own; after `&+` one
    /// letter is coloured too.
    private static func powerShellParts(of value: [UInt8]) -> [ArraySlice<UInt8>] {
        let ampersand = UInt8(ascii: "&")
        guard let last = value.lastIndex(of: ampersand) else { return [] }
        var before = value[...last]
        var after = value[(last + 1)...]
        let pair = value.indices.dropLast().first { value[$0] == ampersand && value[$0 + 1] == UInt8(ascii: "+") }
        if let pair {
            before = value[...(pair + 1)]
            after = value[(pair + 2)...].dropFirst()
        }
        return [before, after].filter { $0.count >= 6 }
    }

    /// Pieces that together cover a long form; a short one as it is.
    private static func pieces(of form: [UInt8]) -> [[UInt8]] {
        guard form.count > pieceLength else { return [form] }
        var pieces = stride(from: 0, to: form.count - pieceLength, by: pieceLength).map {
            Array(form[$0..<($0 + pieceLength)])
        }
        pieces.append(Array(form.suffix(pieceLength)))
        return pieces
    }
}

// MARK: Base64

extension SecretForms {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Every base64 text that shows the value, wherever in the encoded bytes it stands.
    ///
    /// With one or two bytes before it the first digits depend on those: they are left out, and so is a last digit that
    /// depends on what follows. The forms with the end of the text, padded and not, and those that GitHub's runner
    /// looks for (the value without its first one or two bytes) are there as well, and the lines that `base64` wraps.
    static func base64(_ value: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for shift in 0..<3 {
            let digits = digits(of: [UInt8](repeating: 0, count: shift) + value)
            let own = digits.dropFirst([0, 2, 3][shift])
            let isExact = (shift + value.count) % 3 == 0
            forms.append(Array(isExact ? own : own.dropLast()))
            forms += endings(Array(own), encodedBytes: shift + value.count)
            if shift > 0, value.count > shift {
                forms += endings(self.digits(of: Array(value.dropFirst(shift))), encodedBytes: value.count - shift)
            }
            if shift == 0 { forms += wrapped(Array(own)) }
        }
        let different = forms.filter { $0.contains(UInt8(ascii: "+")) || $0.contains(UInt8(ascii: "/")) }
        return forms + different.map { $0.map(urlDigit) }
    }

    private static func urlDigit(_ digit: UInt8) -> UInt8 {
        switch digit {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: digit
        }
    }

    /// A text at its end: as it is, and padded.
    private static func endings(_ digits: [UInt8], encodedBytes: Int) -> [[UInt8]] {
        let padding = (3 - encodedBytes % 3) % 3
        return padding == 0 ? [digits] : [digits, digits + [UInt8](repeating: UInt8(ascii: "="), count: padding)]
    }

    /// The lines of 76 (MIME, `base64`) and 64 (PEM) digits of a long text.
    private static func wrapped(_ digits: [UInt8]) -> [[UInt8]] {
        [76, 64].flatMap { width -> [[UInt8]] in
            guard digits.count > width else { return [] }
            let lines = stride(from: 0, to: digits.count, by: width).map {
                Array(digits[$0..<min($0 + width, digits.count)])
            }
            return lines.filter { $0.count >= 8 }
        }
    }

    private static func digits(of bytes: [UInt8]) -> [UInt8] {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 4 / 3 + 4)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = (bits << 8 | UInt32(byte)) & 0xFFFF
            count += 8
            while count >= 6 {
                count -= 6
                digits.append(alphabet[Int(bits >> count & 63)])
            }
        }
        if count > 0 { digits.append(alphabet[Int(bits << (6 - count) & 63)]) }
        return digits
    }
}
