// SPDX-License-Identifier: Apache-2.0

package import Credentials
package import Diagnostics
internal import ThreadExecution

/// Derives passwords, few at once: each takes 128 MiB and a third of a second of a processor, and none of the threads that
/// serve everybody.
package actor PasswordWork {
    private let cost: PasswordHash.Parameters
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    static let atOnce = 2
    /// More that wait are turned away.
    static let waitingLimit = 64

    package init(cost: PasswordHash.Parameters = .standard) { self.cost = cost }

    /// - Throws: ``DiagnosticCode/tooManyAttempts``, and what deriving throws.
    package func hash(_ password: String) async throws(DiagnosticError) -> PasswordHash {
        let cost = cost
        return try await derive { () throws(DiagnosticError) in try PasswordHash(of: password, parameters: cost) }
    }

    /// Takes as long where there is no hash.
    ///
    /// - Throws: ``DiagnosticCode/tooManyAttempts``, and what deriving throws.
    package func isMatch(_ password: String, _ hash: PasswordHash?) async throws(DiagnosticError) -> Bool {
        let cost = cost
        return try await derive { () throws(DiagnosticError) in
            try PasswordHash.isMatch(password, hash, decoy: cost)
        }
    }

    /// Whether a hash costs whoever guesses less than one that is made now.
    package nonisolated func isCheap(_ hash: PasswordHash) -> Bool {
        hash.parameters.memoryBytes < cost.memoryBytes || hash.parameters.parallelism < cost.parallelism
    }

    private func derive<Value: Sendable>(
        _ body: @escaping @Sendable () throws(DiagnosticError) -> Value
    ) async throws(DiagnosticError) -> Value {
        if running >= Self.atOnce {
            guard waiting.count < Self.waitingLimit else {
                throw DiagnosticError(
                    .tooManyAttempts, "Too many passwords are being checked.", remedy: "Try again in a few seconds.")
            }
            // Whoever ends hands its place over: `running` stays as it is.
            await withCheckedContinuation { waiting.append($0) }
        } else {
            running += 1
        }
        defer { leave() }
        return try await BlockingWork.attempt(body)
    }

    private func leave() {
        if waiting.isEmpty { running -= 1 } else { waiting.removeFirst().resume() }
    }
}
