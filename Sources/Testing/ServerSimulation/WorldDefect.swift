// SPDX-License-Identifier: Apache-2.0

/// Faults of many machines, put in on purpose: each must be found.
package enum WorldDefect: String, CaseIterable, Sendable {
    /// No append says by which seat it is made.
    case writesWithoutASeat
    /// Who becomes the home of a run does not look who has its jobs.
    case forgetsLeasesAtATakeover
    /// A delivery that comes twice is taken for two.
    case doesNotKnowDeliveries
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
    /// A job that is fetched by its pod is not renewed by that, though the pod counts from there.
    case fetchesWithoutRenewing
    /// After a takeover, whatever a runner does not name was never given to it, though the answer is on its way.
    case takesALeaseOnItsWayForLost
    /// A server that has lost its seat, and has not heard of it, says of leases that it does not know that they are nobody's.
    case tellsOfLostLeasesWithoutASeat
    /// A run of which there is a record counts as begun, whoever made it.
    case takesARecordForABegunRun
    /// A server that the database does not hear passes polls on as it last knew the homes.
    case believesAServerThatIsUnheard
    /// A project goes to another server while what came to it may be recorded yet.
    case givesAwayWhatIsUncertain

    /// From here on a sweep of 300 worlds finds it: for those that need much to come together.
    package var firstSeed: UInt64 { Self.firstSeeds[self] ?? 1 }

    private static let firstSeeds: [WorldDefect: UInt64] = [
        .leavesOutARunThatCannotBeRead: 301, .takesAnOldAnswer: 2_200, .startsAPodAgainUnderItsLease: 1_500,
        .takesARecordForABegunRun: 1_700, .fetchesWithoutRenewing: 13_300, .takesALeaseOnItsWayForLost: 7_400,
        .tellsOfLostLeasesWithoutASeat: 4_700, .givesAwayWhatIsUncertain: 59_500,
    ]
}
