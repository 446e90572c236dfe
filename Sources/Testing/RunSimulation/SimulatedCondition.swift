// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// A condition of a simulated job or step: a small tree over the status functions and the results of needs.
indirect enum SimulatedCondition: Hashable, Sendable {
    case always
    case success
    case failure
    case cancelled
    /// The result of the need at a place.
    case need(Int, is: Conclusion)
    case not(SimulatedCondition)
    case all(SimulatedCondition, SimulatedCondition)
    case either(SimulatedCondition, SimulatedCondition)

    /// What it may ask.
    struct Facts {
        var isSuccess: Bool
        var isFailure: Bool
        var isCancelled: Bool
        var needs: [Conclusion] = []
    }

    func holds(_ facts: Facts) -> Bool {
        switch self {
        case .always: true
        case .success: facts.isSuccess
        case .failure: facts.isFailure
        case .cancelled: facts.isCancelled
        case .need(let place, let result): place < facts.needs.count && facts.needs[place] == result
        case .not(let inner): !inner.holds(facts)
        case .all(let left, let right): left.holds(facts) && right.holds(facts)
        case .either(let left, let right): left.holds(facts) || right.holds(facts)
        }
    }

    func holds(_ flags: StatusFlags) -> Bool {
        holds(
            Facts(
                isSuccess: flags.isSuccess && !flags.isCancelled, isFailure: flags.isFailure,
                isCancelled: flags.isCancelled))
    }

    static func make(_ random: inout SeededRandom, needs: Int) -> SimulatedCondition {
        switch random.below(20) {
        case 0..<12: .success
        case 12, 13: .always
        case 14: .failure
        case 15: .either(.success, .failure)
        case 16: .cancelled
        case 17: .not(.cancelled)
        case 18: .all(.always, .not(.failure))
        default:
            needs == 0
                ? .either(.cancelled, .success)
                : .all(.always, .need(random.below(needs), is: random.pick(Conclusion.allCases)))
        }
    }
}
