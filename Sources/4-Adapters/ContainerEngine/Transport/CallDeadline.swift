// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// When a wait is over, and which timeout says so.
struct CallDeadline: Sendable {
    private let limit: CallLimit
    private let instant: ContinuousClock.Instant?

    /// From now on.
    init(_ limit: CallLimit) {
        self.limit = limit
        instant = limit.duration.map { ContinuousClock.now.advanced(by: $0) }
    }

    /// For the next piece: a limit on silence begins anew.
    var renewed: CallDeadline { limit.isRenewed ? CallDeadline(limit) : self }

    /// `nil`: for ever.
    var remaining: Duration? { instant.map { ContinuousClock.now.duration(to: $0) } }

    var isOver: Bool { remaining.map { $0 <= .zero } ?? false }

    func failure(_ summary: String) -> DiagnosticError {
        EngineFailure.timedOut(summary, limit)
    }
}
