// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// The problem matchers of a job: what `::add-matcher::` added, until `::remove-matcher` or a namesake takes it away.
package struct JobMatchers {
    /// At once.
    package static let maximumMatchers = 256

    private var matchers: [PreparedMatcher] = []

    package init() {}

    package var isEmpty: Bool { matchers.isEmpty }
    /// In the order in which a new step asks them: for the job's record, by way of ``MatcherFile/data(_:)``.
    package var definitions: [ProblemMatcher] { matchers.map(\.definition) }

    /// Puts a file's matchers before the others and in the place of their namesakes.
    ///
    /// - Returns: what the running steps' scanners are to be given.
    /// - Throws: `MRT0821` to `MRT0823`; nothing has changed then.
    package mutating func add(_ definitions: [ProblemMatcher]) throws(DiagnosticError) -> [PreparedMatcher] {
        var added: [PreparedMatcher] = []
        for definition in definitions { added.append(try PreparedMatcher(definition)) }
        let kept = matchers.filter { old in !definitions.contains { $0.hasOwner(old.definition.owner) } }
        guard kept.count + added.count <= Self.maximumMatchers else {
            throw DiagnosticError(
                .matcherLimit, "The job has more than \(Self.maximumMatchers) problem matchers.",
                remedy: "Remove those that are not needed with ::remove-matcher.")
        }
        matchers = added + kept
        return added
    }

    /// - Returns: the owners that there were; the running steps' scanners are to be told them.
    package mutating func remove(owners: [String]) -> [String] {
        let removed = matchers.map(\.definition.owner).filter { owner in
            owners.contains { $0.lowercased() == owner.lowercased() }
        }
        matchers.removeAll { removed.contains($0.definition.owner) }
        return removed
    }

    /// For a step that begins.
    package func scanner() -> ProblemScanner { ProblemScanner(matchers) }

    /// The runner's line for the debug log.
    package static func addedText(_ definitions: [ProblemMatcher]) -> String {
        "Added matchers: \(quoted(definitions.map(\.owner))). "
            + "Problem matchers scan action output for known warning or error strings and report these inline."
    }

    /// The runner's line for the debug log.
    package static func removedText(_ owners: [String]) -> String { "Removed matchers: \(quoted(owners))" }

    private static func quoted(_ owners: [String]) -> String {
        owners.map { "'\($0)'" }.joined(separator: ", ")
    }
}
