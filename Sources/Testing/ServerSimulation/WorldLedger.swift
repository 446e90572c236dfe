// SPDX-License-Identifier: Apache-2.0

internal import EventJournal
internal import PipelineModel
internal import RunEngine
internal import RunnerProtocol

/// What an onlooker knows who sees all machines at once.
final class WorldLedger {
    private(set) var counts: [String: Int] = [:]
    var processes: [StepProcess] = []
    /// By try: which go on.
    var alive: [JobTry: [Int]] = [:]
    /// Parties that stood still at some time.
    var frozen: Set<ObjectIdentifier> = []
    /// Kept, so that none of them is taken for another.
    var parties: [Party] = []

    /// Runs whose end is recorded.
    var ended: Set<StreamID> = []

    func count(_ what: String, _ number: Int = 1) { counts[what, default: 0] += number }
}
