// SPDX-License-Identifier: Apache-2.0

/// The patterns of one filter key, in order.
///
/// With `branches`, `tags` and `paths` the last pattern that matches decides, so that `!` takes out what came before
/// and a later pattern takes it in again. The `-ignore` keys take an input out as soon as one pattern speaks for it.
public struct FilterPatternList: Hashable, Sendable {
    public let patterns: [FilterPattern]

    public init(_ patterns: [FilterPattern]) {
        self.patterns = patterns
    }

    /// - Throws: ``PatternError`` for the first pattern that is broken.
    public init(sources: [String]) throws(PatternError) {
        var compiled: [FilterPattern] = []
        for source in sources { compiled.append(try FilterPattern(source)) }
        patterns = compiled
    }

    /// What a list says about one input, and which pattern said so.
    public struct Verdict: Hashable, Sendable {
        public var isSelected: Bool
        /// Index of the deciding pattern; `nil` where none matched.
        public var decidingPattern: Int?

        public init(isSelected: Bool, decidingPattern: Int?) {
            self.isSelected = isSelected
            self.decidingPattern = decidingPattern
        }
    }

    /// As `branches`, `tags` and `paths` read the list: the last match decides, no match means no.
    public func selection(of input: String) -> Verdict {
        for index in patterns.indices.reversed() where patterns[index].matches(input) {
            return Verdict(isSelected: !patterns[index].isNegated, decidingPattern: index)
        }
        return Verdict(isSelected: false, decidingPattern: nil)
    }

    /// As the `-ignore` keys read the list: an input is ignored by the first pattern that matches it, or, negated,
    /// that does not.
    public func ignoring(of input: String) -> Verdict {
        for (index, pattern) in patterns.enumerated() where pattern.matches(input) != pattern.isNegated {
            return Verdict(isSelected: true, decidingPattern: index)
        }
        return Verdict(isSelected: false, decidingPattern: nil)
    }

    /// `branches`, `tags`, `paths`: whether the filter keeps the run from starting because no input is selected.
    /// An empty list never does.
    public func filtersOut(_ inputs: some Sequence<String>) -> Bool {
        guard !patterns.isEmpty else { return false }
        return !inputs.contains { selection(of: $0).isSelected }
    }

    /// `branches-ignore`, `tags-ignore`, `paths-ignore`: whether the filter keeps the run from starting because every
    /// input is ignored. An empty list never does.
    public func ignoresAll(_ inputs: some Sequence<String>) -> Bool {
        guard !patterns.isEmpty else { return false }
        return inputs.allSatisfy { ignoring(of: $0).isSelected }
    }
}
