// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A matcher whose patterns are compiled. Steps share it; what a step has seen so far is not in it.
package final class PreparedMatcher {
    package let definition: ProblemMatcher
    let patterns: [PreparedPattern]

    /// - Throws: `MRT0821` to `MRT0823`.
    package init(_ definition: ProblemMatcher) throws(DiagnosticError) {
        try definition.validate()
        var patterns: [PreparedPattern] = []
        for pattern in definition.patterns { patterns.append(try PreparedPattern(pattern)) }
        self.definition = definition
        self.patterns = patterns
    }
}

struct PreparedPattern {
    let compiled: CompiledPattern
    /// The part's index, and the group that holds it.
    let parts: [(part: Int, group: Int)]
    let loops: Bool

    fileprivate init(_ pattern: ProblemPattern) throws(DiagnosticError) {
        compiled = try CompiledPattern(pattern.regexp)
        parts = ProblemPart.allCases.compactMap { part in pattern.groups[part].map { (part.index, $0) } }
        loops = pattern.loops
    }
}
