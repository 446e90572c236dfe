// SPDX-License-Identifier: Apache-2.0

/// Widths in terminal columns. Escape sequences take none; East Asian wide characters take two (Unicode TR 11).
package enum TextWidth {
    package static func columns(_ text: String) -> Int {
        var count = 0
        var inEscape = false
        for scalar in text.unicodeScalars {
            if inEscape {
                inEscape = !endsEscape(scalar)
            } else if scalar == "\u{1B}" {
                inEscape = true
            } else {
                count += width(scalar)
            }
        }
        return count
    }

    /// Cuts to `limit` columns; what was cut is shown by `…`, and styles are closed.
    package static func cut(_ text: String, to limit: Int) -> String {
        guard columns(text) > limit else { return text }
        var kept = ""
        var count = 0
        var inEscape = false
        var hasStyle = false
        for scalar in text.unicodeScalars {
            if inEscape {
                inEscape = !endsEscape(scalar)
            } else if scalar == "\u{1B}" {
                inEscape = true
                hasStyle = true
            } else {
                if count + width(scalar) > limit - 1 { break }
                count += width(scalar)
            }
            kept.unicodeScalars.append(scalar)
        }
        return kept + "…" + (hasStyle ? "\u{1B}[0m" : "")
    }

    /// Pads with spaces on the right up to `width` columns.
    package static func pad(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - columns(text)))
    }

    private static func endsEscape(_ scalar: Unicode.Scalar) -> Bool {
        // A CSI sequence ends with a letter; its introducer `[` does not end it.
        (0x40...0x7E).contains(scalar.value) && scalar != "["
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value < 0x20 || (0x7F..<0xA0).contains(value) { return 0 }
        if (0x300...0x36F).contains(value) || value == 0x200D || (0xFE00...0xFE0F).contains(value) { return 0 }
        let isWide =
            (0x1100...0x115F).contains(value) || (0x2E80...0xA4CF).contains(value) || (0xAC00...0xD7A3).contains(value)
            || (0xF900...0xFAFF).contains(value) || (0xFE30...0xFE6F).contains(value)
            || (0xFF00...0xFF60).contains(value)
            || (0xFFE0...0xFFE6).contains(value) || (0x1F300...0x1FAFF).contains(value)
            || (0x20000...0x3FFFD).contains(value)
        return isWide ? 2 : 1
    }
}

extension String {
    /// With control characters shown, not obeyed: a name from a file must not move the cursor or change colours.
    package var withoutControls: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
        return String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
