// SPDX-License-Identifier: Apache-2.0

/// How wide texts are in the usual screen fonts, for drawings that are laid out where no font is at hand.
///
/// Widths are of Verdana, which badges are set in, in hundredths of the font's size; other sans-serif fonts are narrower,
/// so that what fits here fits there. East Asian characters are as wide as they are high.
enum CharacterWidths {
    /// From U+0020 to U+007E.
    private static let ascii: [Int] = [
        35, 39, 46, 82, 64, 108, 73, 27, 45, 45, 64, 82, 36, 45, 36, 45, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 45, 45,
        82, 82, 82, 55, 100, 68, 69, 70, 77, 63, 57, 78, 75, 42, 45, 69, 56, 84, 75, 79, 60, 79, 70, 68, 62, 73, 68, 99,
        69, 62, 69, 45, 45, 45, 82, 64, 64, 60, 62, 52, 62, 60, 35, 62, 63, 27, 34, 59, 27, 97, 63, 61, 62, 62, 43, 52,
        39, 63, 59, 82, 59, 59, 53, 63, 45, 63, 82,
    ]

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20...0x7E: ascii[Int(scalar.value) - 0x20]
        case 0x300...0x36F, 0x200B...0x200D, 0xFE00...0xFE0F: 0
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFF00...0xFF60, 0x1F300...0x1FAFF: 100
        default: 65
        }
    }

    /// In pixels, rounded up.
    static func pixels(_ text: String, size: Int) -> Int {
        (text.unicodeScalars.reduce(0) { $0 + width($1) } * size + 99) / 100
    }

    /// Cut with `…` where it is wider than that.
    static func cut(_ text: String, toPixels limit: Int, size: Int) -> String {
        guard pixels(text, size: size) > limit else { return text }
        var kept = ""
        for character in text {
            if pixels(kept + String(character) + "…", size: size) > limit { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
