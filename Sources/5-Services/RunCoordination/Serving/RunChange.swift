// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// A run on a server began, waits or ended.
package struct RunChange: Sendable {
    package enum Kind: Hashable, Sendable {
        case began
        /// It waits for somebody to let it begin.
        case held(String)
        /// A job of it waits before its environment.
        case gated(JobID, environment: String)
        /// A runner has a job of it.
        case running
        case finished(Conclusion)

        var name: String {
            switch self {
            case .began: "runBegan"
            case .held: "runHeld"
            case .gated: "jobGated"
            case .running: "runRunning"
            case .finished: "runFinished"
            }
        }
    }

    package var run: RunID
    package var attempt: Int
    package var project: String
    package var kind: Kind
    /// Milliseconds since the epoch.
    package var at: Int64
    package var record: RunRecord
    /// When the attempt began; milliseconds since the epoch.
    package var startedAt: Int64?

    package init(
        run: RunID, attempt: Int, project: String, kind: Kind, at: Int64, record: RunRecord, startedAt: Int64? = nil
    ) {
        self.run = run
        self.attempt = attempt
        self.project = project
        self.kind = kind
        self.at = at
        self.record = record
        self.startedAt = startedAt
    }
}
