// SPDX-License-Identifier: Apache-2.0

/// A compiled pattern: a line of steps over Unicode scalars, run as a set of places at once.
struct PatternProgram: Hashable, Sendable {
    enum ScalarSet: Hashable, Sendable {
        case any
        case notSlash
        case one(Unicode.Scalar)
        case ranges([ClosedRange<Unicode.Scalar>])
        case outsideRanges([ClosedRange<Unicode.Scalar>])

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .any: return true
            case .notSlash: return scalar != "/"
            case .one(let own): return scalar == own
            case .ranges(let ranges): return ranges.contains { $0.contains(scalar) }
            case .outsideRanges(let ranges): return scalar != "/" && !ranges.contains { $0.contains(scalar) }
            }
        }
    }

    enum Step: Hashable, Sendable {
        /// Takes one scalar, or with `repeats` one or more.
        case take(ScalarSet, repeats: Bool)
        /// Goes on with the next step, and also past the `skipping` ones after this.
        case fork(skipping: Int)
    }

    let steps: [Step]
    /// The text, where the pattern stands for exactly one.
    private let literal: [Unicode.Scalar]?

    init(steps: [Step]) {
        self.steps = steps
        var plain: [Unicode.Scalar] = []
        for step in steps {
            guard case .take(.one(let scalar), repeats: false) = step else {
                literal = nil
                return
            }
            plain.append(scalar)
        }
        literal = plain
    }

    /// Whether the whole text matches. Time: at most steps × scalars; memory: two flags a step.
    func matches(_ text: String) -> Bool {
        if let literal { return text.unicodeScalars.elementsEqual(literal) }
        return withUnsafeTemporaryAllocation(of: Bool.self, capacity: 2 * (steps.count + 1)) { flags in
            flags.initialize(repeating: false)
            var live = UnsafeMutableBufferPointer(rebasing: flags[0..<(steps.count + 1)])
            var next = UnsafeMutableBufferPointer(rebasing: flags[(steps.count + 1)...])
            live[0] = true
            spread(live)
            for scalar in text.unicodeScalars {
                guard advance(from: live, to: next, over: scalar) else { return false }
                swap(&live, &next)
            }
            return live[steps.count]
        }
    }

    /// Forks lead forward only, so that one pass reaches every place.
    private func spread(_ places: UnsafeMutableBufferPointer<Bool>) {
        for (index, step) in steps.enumerated() where places[index] {
            if case .fork(let skipping) = step {
                places[index + 1] = true
                places[index + 1 + skipping] = true
            }
        }
    }

    /// Answers whether any place is left.
    private func advance(
        from live: UnsafeMutableBufferPointer<Bool>, to next: UnsafeMutableBufferPointer<Bool>,
        over scalar: Unicode.Scalar
    ) -> Bool {
        next.update(repeating: false)
        var alive = false
        for (index, step) in steps.enumerated() where live[index] {
            guard case .take(let set, let repeats) = step, set.contains(scalar) else { continue }
            if repeats { next[index] = true }
            next[index + 1] = true
            alive = true
        }
        if alive { spread(next) }
        return alive
    }
}
