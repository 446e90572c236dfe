// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A problem matcher as its file states it: what lines of output are a problem, and which group of them is what.
package struct ProblemMatcher: Hashable, Sendable {
    /// By which it is replaced and removed, without regard to case.
    package var owner: String
    /// `error`, `warning`, `notice` or empty: for matches that give none. Empty means error.
    package var severity: String
    /// A project's file: the paths of matches are relative to its folder. May be empty.
    package var fromPath: String
    /// One, or one for each of so many lines in a row.
    package var patterns: [ProblemPattern]

    package init(owner: String, severity: String = "", fromPath: String = "", patterns: [ProblemPattern]) {
        self.owner = owner
        self.severity = severity
        self.fromPath = fromPath
        self.patterns = patterns
    }

    /// Matchers with one owner are one matcher.
    package func hasOwner(_ other: String) -> Bool { owner.lowercased() == other.lowercased() }
}

/// What one line of a match looks like, and which groups of it hold the parts of a finding.
package struct ProblemPattern: Hashable, Sendable {
    package var regexp: String
    /// Group numbers, by part. Group 0 is the whole match.
    package var groups: [ProblemPart: Int]
    /// Only of the last pattern of several: lines that match go on making findings until one does not.
    package var loops: Bool

    package init(_ regexp: String, _ groups: [ProblemPart: Int] = [:], loops: Bool = false) {
        self.regexp = regexp
        self.groups = groups
        self.loops = loops
    }
}

/// A part of a finding that a group of a pattern can hold, named as in the file.
package enum ProblemPart: String, Hashable, Sendable, CaseIterable {
    case file
    case line
    case column
    case severity
    case code
    case message
    case fromPath

    var index: Int { Self.indices[self] ?? 0 }
    private static let indices = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}

// MARK: the runner's rules

extension ProblemMatcher {
    /// Patterns of one matcher.
    package static let maximumPatterns = 32

    /// Whether a matcher can be used. The rules, their order and the texts are the runner's (`IssueMatcher.cs`).
    package func validate() throws(DiagnosticError) {
        guard !owner.isEmpty else { throw Self.invalid("Owner must not be empty") }
        guard ["", "ERROR", "WARNING", "NOTICE"].contains(severity.uppercased()) else {
            throw Self.invalid("Matcher '\(owner)' contains unexpected default severity '\(severity)'")
        }
        guard !patterns.isEmpty else { throw Self.invalid("Matcher '\(owner)' does not contain any patterns") }
        guard patterns.count <= Self.maximumPatterns else {
            throw DiagnosticError(
                .matcherLimit, "Matcher '\(owner)' has more than \(Self.maximumPatterns) patterns.",
                remedy: "Match fewer lines.")
        }
        var taken: Set<ProblemPart> = []
        for (index, pattern) in patterns.enumerated() {
            try pattern.validate(isFirst: index == 0, isLast: index == patterns.count - 1, &taken)
        }
        guard taken.contains(.message) else { throw Self.invalid("At least one pattern must set 'message'") }
    }

    static func invalid(_ message: String) -> DiagnosticError {
        DiagnosticError(.matcherInvalid, message + ".", remedy: "Correct the problem matcher's file.")
    }
}

extension ProblemPattern {
    fileprivate func validate(
        isFirst: Bool, isLast: Bool, _ taken: inout Set<ProblemPart>
    ) throws(DiagnosticError) {
        if loops, isFirst || !isLast {
            throw ProblemMatcher.invalid("Only the last pattern in a multiline matcher may set 'loop'")
        }
        if loops, groups[.message] == nil {
            throw ProblemMatcher.invalid("The loop pattern must set 'message'")
        }
        let groupCount = try CompiledPattern(regexp, prepares: false).groupCount
        for part in ProblemPart.allCases {
            guard let group = groups[part] else { continue }
            guard taken.insert(part).inserted else {
                throw ProblemMatcher.invalid("The property '\(part.rawValue)' is set twice")
            }
            guard group >= 0, group < groupCount else {
                throw ProblemMatcher.invalid(
                    "The property '\(part.rawValue)' is set to \(group) which is out of range")
            }
        }
    }
}
