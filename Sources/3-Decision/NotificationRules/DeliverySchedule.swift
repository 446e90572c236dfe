// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// When a delivery to an endpoint is tried, and again.
///
/// Source of the times: the Standard Webhooks specification, section on deliverability and reliability.
package enum DeliverySchedule {
    /// How long after the attempt before each attempt comes.
    package static let delays: [Timestamp.Span] = [
        .seconds(0), .seconds(5), .minutes(5), .minutes(30), .minutes(120), .minutes(300), .minutes(600), .minutes(840),
        .minutes(1_200), .minutes(1_440),
    ]
    package static var attempts: Int { delays.count }
    /// A delay is made longer by up to a tenth, so that what failed together does not come back together.
    private static let jitterParts: Int64 = 10
    /// Longest time that an answer may ask for.
    package static let longestWait = Timestamp.Span.minutes(1_440)
    /// An endpoint that answers nothing but errors for so long is disabled.
    package static let endpointPatience = Timestamp.Span.days(5)

    /// - Parameters:
    ///   - attempt: from 1; `nil` is answered past the last one.
    ///   - seed: of the delivery; the same seed gives the same times.
    package static func delay(before attempt: Int, seed: UInt64) -> Timestamp.Span? {
        guard (1...attempts).contains(attempt) else { return nil }
        let delay = delays[attempt - 1].milliseconds
        let room = delay / jitterParts
        guard room > 0 else { return delays[attempt - 1] }
        let chance = mixed(seed &+ UInt64(attempt) &* 0x9E37_79B9_7F4A_7C15)
        return .milliseconds(delay + Int64(chance % UInt64(room + 1)))
    }

    /// SplitMix64's mixing of one number (Steele, Lea, Flood 2014): spread evenly, and no secret.
    private static func mixed(_ number: UInt64) -> UInt64 {
        var mixed = number
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
