// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Durations, moments and sizes as people read them.
package enum TimeText {
    /// `850 ms`, `12s`, `4m 12s`, `2h 05m`, `3d 4h`; in Korean `4분 12초`.
    package static func duration(milliseconds: Int64, in language: Language) -> String {
        let unit = language == .korean ? ["일", "시간", "분", "초"] : ["d", "h", "m", "s"]
        let seconds = max(0, milliseconds) / 1000
        switch seconds {
        case 0: return milliseconds <= 0 ? "0" + unit[3] : language == .korean ? "1초 미만" : "\(milliseconds) ms"
        case ..<60: return "\(seconds)\(unit[3])"
        case ..<3600: return "\(seconds / 60)\(unit[2]) \(two(seconds % 60))\(unit[3])"
        case ..<86_400: return "\(seconds / 3600)\(unit[1]) \(two(seconds / 60 % 60))\(unit[2])"
        default: return "\(seconds / 86_400)\(unit[0]) \(seconds / 3600 % 24)\(unit[1])"
        }
    }

    /// How long ago or how far ahead: `just now`, `12 min ago`, `in 3 h`; `12분 전`.
    package static func relative(_ moment: Timestamp, now: Timestamp, in language: Language) -> String {
        let seconds = (now - moment).milliseconds / 1000
        let amount = rounded(abs(seconds), in: language)
        guard let amount else { return language == .korean ? "방금" : "just now" }
        if language == .korean { return amount + (seconds < 0 ? " 후" : " 전") }
        return seconds < 0 ? "in \(amount)" : "\(amount) ago"
    }

    /// One unit only: `12 min`, `3 h`, `5 d`; `nil` under ten seconds.
    private static func rounded(_ seconds: Int64, in language: Language) -> String? {
        let isKorean = language == .korean
        return switch seconds {
        case ..<10: nil
        case ..<60: "\(seconds)" + (isKorean ? "초" : " s")
        case ..<3600: "\(seconds / 60)" + (isKorean ? "분" : " min")
        case ..<86_400: "\(seconds / 3600)" + (isKorean ? "시간" : " h")
        case ..<(86_400 * 60): "\(seconds / 86_400)" + (isKorean ? "일" : seconds < 172_800 ? " day" : " days")
        case ..<(86_400 * 730): "\(seconds / 86_400 / 30)" + (isKorean ? "개월" : " months")
        default: "\(seconds / 86_400 / 365)" + (isKorean ? "년" : " years")
        }
    }

    /// `26 Nov 2026, 19:50:55 UTC`; `2026년 11월 26일 19:50:55 UTC`. The server does not know a reader's zone; the page's
    /// module writes the local time beside it.
    package static func exact(_ moment: Timestamp, in language: Language) -> String {
        let time = CivilTime(moment)
        let clock = "\(two(time.hour)):\(two(time.minute)):\(two(time.second)) UTC"
        switch language {
        case .english: return "\(time.day) \(months[time.month - 1]) \(time.year), \(clock)"
        case .korean: return "\(time.year)년 \(time.month)월 \(time.day)일 \(clock)"
        }
    }

    /// `19:50:55.123`, for lines.
    static func clock(_ moment: Timestamp) -> String {
        let time = CivilTime(moment)
        let tail = String(1000 + time.millisecond).dropFirst()
        return "\(two(time.hour)):\(two(time.minute)):\(two(time.second)).\(tail)"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

package enum NumberText {
    /// `1,234,567`: both languages group by thousands with a comma.
    package static func grouped(_ number: Int) -> String {
        let digits = String(number.magnitude)
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `512 B`, `1.5 KiB`, `20 MiB`.
    package static func size(bytes: Int64) -> String {
        var rest = max(0, bytes)
        guard rest >= 1024 else { return "\(rest) B" }
        var unit = 0
        while rest >= 1 << 20, unit < 4 {
            rest >>= 10
            unit += 1
        }
        let tenths = rest * 10 / 1024
        let number = tenths < 100 ? "\(tenths / 10).\(tenths % 10)" : "\(tenths / 10)"
        return "\(number) \(["KiB", "MiB", "GiB", "TiB", "PiB"][unit])"
    }
}
