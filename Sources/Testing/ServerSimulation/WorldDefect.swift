// SPDX-License-Identifier: Apache-2.0

/// Faults of many machines, put in on purpose: each must be found.
package enum WorldDefect: String, CaseIterable, Sendable {
    /// No append says by which seat it is made.
    case writesWithoutASeat
    /// Who becomes the home of a run does not look who has its jobs.
    case forgetsLeasesAtATakeover
    /// A project is given away whatever is under way.
    case handsOverWhileARunIsUnderWay
    /// Every server fires the schedules of all projects.
    case firesSchedulesAwayFromHome
    /// What was appended before its answer was lost is appended once more.
    case takesALostAnswerForNotCommitted
    /// Progress is written without looking at the lease's fence.
    case takesProgressOfAnEarlierLease
    /// A job whose steps had begun is given to another runner.
    case givesABegunJobToAnother
    /// A pod is gone: another is made for the same lease, and nobody is told.
    case startsAPodAgainUnderItsLease

    // Faults that were in the product.

    /// A run that cannot be read while its project is taken up stays as it is.
    case leavesOutARunThatCannotBeRead
    /// A delivery that was recorded, whose answer was lost, is known, and worked by nobody.
    case forgetsADeliveryWhoseAnswerWasLost
    /// Progress that was recorded, whose answer was lost, is refused for ever.
    case refusesProgressThatIsThere
    /// A runner that stood still while it was given a job begins it, however late.
    case takesAnOldAnswer
    /// A run of which there is a record counts as begun, whoever made it.
    case takesARecordForABegunRun

    /// From here on a sweep of 300 worlds finds it: for those that need much to come together.
    package var firstSeed: UInt64 { Self.firstSeeds[self] ?? 1 }

    private static let firstSeeds: [WorldDefect: UInt64] = [
        .takesAnOldAnswer: 1_000, .startsAPodAgainUnderItsLease: 1_500,
    ]
}
