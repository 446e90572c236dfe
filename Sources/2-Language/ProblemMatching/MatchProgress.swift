// SPDX-License-Identifier: Apache-2.0

/// What the lines of a match have given so far: their bytes, one after another, and where in them the parts lie.
///
/// Bytes, not texts: the first pattern of a common matcher (eslint's) matches nearly every line, so keeping must be cheap.
struct PartialMatch {
    private(set) var isRunning = false
    private var bytes: [UInt8] = []
    /// By ``ProblemPart/index``. A group that took no part has the empty range, as .NET gives an empty text.
    private var parts = [Range<Int>?](repeating: nil, count: ProblemPart.allCases.count)

    /// Forgets the match; the memory is kept for the next.
    mutating func clear() { isRunning = false }

    /// Becomes `earlier` and one more line. A part that was found earlier stays.
    mutating func become(_ earlier: PartialMatch?, _ line: UnsafeRawBufferPointer, _ pattern: PreparedPattern) {
        isRunning = true
        bytes.removeAll(keepingCapacity: true)
        if let earlier {
            bytes.append(contentsOf: earlier.bytes)
            parts = earlier.parts
        } else {
            for index in parts.indices { parts[index] = nil }
        }
        let offset = bytes.count
        bytes.append(contentsOf: line)
        for (part, group) in pattern.parts where parts[part] == nil {
            let range = pattern.compiled.range(ofGroup: group) ?? 0..<0
            parts[part] = range.lowerBound + offset..<range.upperBound + offset
        }
    }

    subscript(part: ProblemPart) -> String? {
        parts[part.index].map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}

/// A matcher at work on one step's output.
struct MatchProgress {
    let matcher: PreparedMatcher
    /// One for each pattern but the last: the match as far as that pattern.
    private var partials: [PartialMatch]
    private var whole = PartialMatch()
    /// Lines on which the work ran out.
    var exhaustedLines = 0
    /// Attempts that cost more than nearly every line does.
    private var hardAttempts = 0
    /// So many of them a step bears: half a minute, if each comes close to the limit of a line.
    static let maximumHardAttempts = 1_000
    /// The matcher has had its share of the step.
    var isSpent: Bool { hardAttempts > Self.maximumHardAttempts }

    enum Outcome {
        case nothing
        case match(PartialMatch)
        case exhausted(code: Int32)
    }

    init(_ matcher: PreparedMatcher) {
        self.matcher = matcher
        partials = Array(repeating: PartialMatch(), count: matcher.patterns.count - 1)
    }

    /// A new start, as after another matcher's finding.
    mutating func reset() {
        for index in partials.indices { partials[index].clear() }
    }

    /// Looks at one line, the last pattern first: what a line begins must not be what it ends.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Outcome {
        let last = partials.count
        for index in stride(from: last, through: 0, by: -1) {
            if index > 0, !partials[index - 1].isRunning { continue }
            switch attempt(index, line) {
            case .exhausted(let code): return .exhausted(code: code)
            case .matched where index == last:
                finish(line)
                return .match(whole)
            case .matched:
                let earlier = index > 0 ? partials[index - 1] : nil
                partials[index].become(earlier, line, matcher.patterns[index])
            case .notMatched where index == last:
                if index > 0 { partials[index - 1].clear() }
            case .notMatched:
                partials[index].clear()
            }
        }
        return .nothing
    }

    private mutating func attempt(_ index: Int, _ line: UnsafeRawBufferPointer) -> CompiledPattern.Outcome {
        let pattern = matcher.patterns[index].compiled
        let outcome = pattern.match(line, workLimit: CompiledPattern.easyWorkLimit(lineBytes: line.count))
        guard case .exhausted = outcome else { return outcome }
        hardAttempts += 1
        return isSpent ? outcome : pattern.match(line)
    }

    private mutating func finish(_ line: UnsafeRawBufferPointer) {
        let pattern = matcher.patterns[partials.count]
        whole.become(partials.last, line, pattern)
        for index in partials.indices where !(pattern.loops && index == partials.count - 1) { partials[index].clear() }
    }
}
