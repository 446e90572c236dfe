// SPDX-License-Identifier: Apache-2.0

extension Rule {
    /// Cron times and time zones.
    static let schedules = Rule("schedules") { _, _ in }
}
