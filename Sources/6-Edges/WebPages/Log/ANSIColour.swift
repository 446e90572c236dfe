// SPDX-License-Identifier: Apache-2.0

/// The colours of SGR as the sixteen that the page has tokens for: a log's own red is unreadable on one of two themes,
/// the page's red is not.
enum ANSIColour {
    static func apply(_ parameters: [Int], to style: inout ANSIText.Style) {
        var rest = (parameters.isEmpty ? [0] : parameters)[...]
        while let code = rest.popFirst() {
            switch code {
            case 0: style = ANSIText.Style()
            case 30...37: style.foreground = UInt8(code - 30)
            case 38: style.foreground = extended(&rest) ?? style.foreground
            case 39: style.foreground = nil
            case 40...47: style.background = UInt8(code - 40)
            case 48: style.background = extended(&rest) ?? style.background
            case 49: style.background = nil
            case 58: _ = extended(&rest)
            case 90...97: style.foreground = UInt8(code - 82)
            case 100...107: style.background = UInt8(code - 92)
            default: attribute(code, &style)
            }
        }
    }

    private static func attribute(_ code: Int, _ style: inout ANSIText.Style) {
        switch code {
        case 1: style.isBold = true
        case 2: style.isDim = true
        case 3: style.isItalic = true
        case 4: style.isUnderlined = true
        case 7: style.isReversed = true
        case 9: style.isStruck = true
        case 22: (style.isBold, style.isDim) = (false, false)
        case 23: style.isItalic = false
        case 24: style.isUnderlined = false
        case 27: style.isReversed = false
        case 29: style.isStruck = false
        default: break
        }
    }

    /// `5;n` or `2;r;g;b` behind 38 and 48.
    private static func extended(_ rest: inout ArraySlice<Int>) -> UInt8? {
        switch rest.popFirst() {
        case 5: return rest.popFirst().flatMap(indexed)
        case 2:
            let parts = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            return parts.count == 3 ? nearest(parts[0], parts[1], parts[2]) : nil
        default: return nil
        }
    }

    /// xterm's palette: the sixteen, a cube of 6 × 6 × 6, and 24 greys.
    static func indexed(_ index: Int) -> UInt8? {
        switch index {
        case 0...15: return UInt8(index)
        case 16...231:
            let levels = [0, 95, 135, 175, 215, 255]
            let cube = index - 16
            return nearest(levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6])
        case 232...255:
            let grey = 8 + (index - 232) * 10
            return nearest(grey, grey, grey)
        default: return nil
        }
    }

    /// By hue where there is one, by lightness where there is none.
    static func nearest(_ red: Int, _ green: Int, _ blue: Int) -> UInt8 {
        let high = max(red, green, blue)
        let low = min(red, green, blue)
        guard high - low > 32 else {
            return high < 48 ? 0 : high < 128 ? 8 : high < 208 ? 7 : 15
        }
        let middle = low + (high - low) / 2
        let hue = (red > middle ? 1 : 0) | (green > middle ? 2 : 0) | (blue > middle ? 4 : 0)
        return UInt8(hue + (high > 200 ? 8 : 0))
    }
}
