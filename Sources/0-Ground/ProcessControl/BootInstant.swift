// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// A moment on the clock that counts from boot, suspend included.
package struct BootInstant: Hashable, Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    package static func now() -> BootInstant { BootInstant(nanoseconds: pc_boottime_ns()) }

    package static func < (left: BootInstant, right: BootInstant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// Never before boot, never past the end of the clock.
    package static func + (instant: BootInstant, duration: Duration) -> BootInstant {
        let amount = duration.wholeNanoseconds
        let (sum, overflow) =
            amount >= 0
            ? instant.nanoseconds.addingReportingOverflow(UInt64(amount))
            : instant.nanoseconds.subtractingReportingOverflow(amount.magnitude)
        if overflow { return BootInstant(nanoseconds: amount >= 0 ? .max : 0) }
        return BootInstant(nanoseconds: sum)
    }

    package static func - (left: BootInstant, right: BootInstant) -> Duration {
        .nanoseconds(Int64(clamping: left.nanoseconds) - Int64(clamping: right.nanoseconds))
    }
}

extension Duration {
    /// Clamped to what 64 bits hold (292 years).
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds > 0 ? .max : .min }
        let (sum, past) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        if past { return seconds > 0 ? .max : .min }
        return sum
    }

    /// At least 0, rounded up, clamped to what 32 bits hold (49 days).
    var wholeMilliseconds: UInt32 {
        let nanoseconds = wholeNanoseconds
        if nanoseconds <= 0 { return 0 }
        return UInt32(clamping: (UInt64(nanoseconds) + 999_999) / 1_000_000)
    }
}
