// SPDX-License-Identifier: Apache-2.0

internal import RunSimulation

/// How large a world is, and what goes wrong in it.
struct WorldShape: Sendable {
    var servers: Int
    var projects: Int
    var runners: Int
    var hasCluster: Bool
    var deliveries: Int
    /// Of 1 000 messages: lost, doubled, late.
    var lossPermille: Int
    var doublePermille: Int
    var latePermille: Int
    /// Of 1 000 calls to the database: one that fails, one that is slow.
    var faultPermille: Int
    var slowPermille: Int
    var outages: Int
    var serverKills: Int
    var serverPauses: Int
    var runnerKills: Int
    var runnerPauses: Int
    var podLosses: Int
    var cancellations: Int
    /// How long things go wrong.
    var chaosMs: Int64

    /// After the chaos everything has to end within this time.
    static let calmMs: Int64 = 300_000

    init(_ random: inout SeededRandom) {
        servers = random.pick([1, 2, 2, 3, 3])
        projects = random.within(1...4)
        runners = random.within(1...3)
        hasCluster = random.chance(percent: 35)
        deliveries = random.within(1...6)
        let isRough = random.chance(percent: 50)
        lossPermille = isRough ? random.below(40) : 0
        doublePermille = isRough ? random.below(50) : 2
        latePermille = isRough ? random.below(40) : 2
        faultPermille = random.chance(percent: 50) ? random.below(30) : 0
        slowPermille = random.chance(percent: 50) ? random.below(20) : 0
        outages = random.pick([0, 0, 0, 1, 2])
        serverKills = random.pick([0, 0, 1, 2])
        serverPauses = random.pick([0, 0, 1])
        runnerKills = random.pick([0, 0, 1, 2])
        runnerPauses = random.pick([0, 0, 0, 1])
        podLosses = random.pick([0, 1, 2])
        cancellations = random.pick([0, 0, 1])
        chaosMs = Int64(random.within(20...90)) * 1_000
    }
}
