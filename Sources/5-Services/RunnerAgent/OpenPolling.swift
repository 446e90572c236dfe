// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import RunnerProtocol

/// A poll under way, which its runner can give up for one that says more.
package struct OpenPolling: Sendable {
    private let task: Task<Result<PollAnswer, DiagnosticError>, Never>

    package init(_ request: PollRequest, _ link: ServerLink) {
        task = Task {
            do throws(DiagnosticError) { return .success(try await link.poll(request)) } catch {
                return .failure(error)
            }
        }
    }

    package func giveUp() { task.cancel() }

    /// - Returns: `nil`: it was given up, and no answer had come.
    package func answer() async throws(DiagnosticError) -> PollAnswer? {
        switch await task.value {
        case .success(let answer): return answer
        case .failure(let error):
            if task.isCancelled { return nil }
            throw error
        }
    }
}
