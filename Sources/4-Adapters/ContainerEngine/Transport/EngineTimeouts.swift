// SPDX-License-Identifier: Apache-2.0

/// How long is waited for an engine. Each has a name, which a message about it gives.
package struct EngineTimeouts: Hashable, Sendable {
    /// For the answer to a question or to a small change.
    package var answer: Duration = .seconds(30)
    /// For a change that waits for processes: create, start, stop, kill, remove.
    package var change: Duration = .seconds(120)
    /// For the next byte of what is sent or comes in pieces: archives, pulls, builds.
    package var silence: Duration = .seconds(300)
    /// For what lasts as long as it pleases (exec, logs, wait), from its start to its end; `nil`: no limit.
    package var stream: Duration?

    package init() {}
}

/// What a caller says about one call.
package struct EngineCall: Sendable {
    /// Gives the call up when it is cancelled.
    package var cancellation: CallCancellation?
    /// Instead of the timeout in ``EngineTimeouts`` that the call would have.
    package var timeout: Duration?

    package init(cancellation: CallCancellation? = nil, timeout: Duration? = nil) {
        self.cancellation = cancellation
        self.timeout = timeout
    }
}

/// The limit of one call, by name.
struct CallLimit: Sendable {
    enum Kind: String, Sendable {
        case answer
        case change
        case silence
        case stream
    }

    var kind: Kind
    /// Since the call began, or for `silence` since the last byte; `nil`: no limit.
    var duration: Duration?

    var isRenewed: Bool { kind == .silence }
}
