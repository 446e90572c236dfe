// SPDX-License-Identifier: Apache-2.0

/// How a run, job or step ended.
public enum Conclusion: String, Hashable, Sendable, CaseIterable {
    case success
    case failure
    case cancelled
    case skipped
}

/// Why something was decided: a kind that programs read, a sentence for people. Recorded with every skip, wait, miss,
/// verdict and exclusion; `martlet why` tells it.
public struct Reason: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Nothing stood in the way.
        case included
        /// The workflow's triggers do not name the event, or its filters rule this one out.
        case triggerFilter
        /// The condition was false.
        case condition
        /// A job it needs did not succeed, and its condition asks for success.
        case needs
        /// Every combination was excluded, or the matrix is empty.
        case matrix
        /// The user asked for other jobs only.
        case notSelected
        /// An action, a runner label or an engine that it needs is not to be had here.
        case unavailable
        /// An expression or a value could not be evaluated.
        case invalid
        /// Another leg failed, and `fail-fast` is on.
        case failFast
        /// Somebody, or something newer in its concurrency group, cancelled it.
        case cancelled
        case timeout
        /// Waits for a place: `max-parallel`, or the runner's capacity.
        case capacity
        /// Waits for another holder of its concurrency group.
        case concurrency
        /// Waits for people, or for a time, before it may touch its environment; or they said no.
        case approval
        /// The process was cut off before its outcome was known.
        case interrupted
        /// It ran, and its command said no.
        case exitCode
        /// Somebody looked at its failure and wanted it.
        case retry
        /// A limit of the sandbox was reached.
        case limit
        /// It could not be started.
        case setup
    }

    public var kind: Kind
    /// One sentence, masked.
    public var text: String
    /// The expression that decided, where one did.
    public var expression: String?
    /// The parts of that expression with the values it saw, masked: `github.ref` → `'refs/heads/x'`.
    public var values: [String]

    public init(_ kind: Kind, _ text: String, expression: String? = nil, values: [String] = []) {
        self.kind = kind
        self.text = text
        self.expression = expression
        self.values = values
    }
}
