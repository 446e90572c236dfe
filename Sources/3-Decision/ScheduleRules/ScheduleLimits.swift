// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What schedules may cost, and how late one may be.
package enum ScheduleLimits {
    /// A tick that was missed is made up for while it is younger than this.
    package static let lateness = Timestamp.Span.minutes(12 * 60)
    /// A tick that is carried out within this time counts as on time.
    package static let punctuality = Timestamp.Span.minutes(2)
    /// Schedules of one project; those behind are left out, and the decision says so.
    package static let schedules = 500
    /// Missed ticks of one schedule that are counted; of more it is "at least so many".
    package static let counted = 10_000
}
