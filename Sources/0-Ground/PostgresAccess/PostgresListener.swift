// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Hears what is told on a channel of a database, by a connection and a thread of its own. A connection that broke is made again;
/// what was told in between is lost, which whoever listens is told.
package final class PostgresListener: Sendable {
    package enum Heard: Hashable, Sendable {
        /// From now on everything is heard; before it something may have been missed.
        case connected
        case notification(String)
        /// Nothing is heard for a while.
        case lost(PostgresFailure)
    }

    private let isStopped = Mutex(false)
    private let address: PostgresAddress
    private let limits: PostgresPool.Limits

    /// So long a stop may take to be noticed.
    private static let lookMs = 500
    /// Between two tries to connect: the first pause, doubled up to the last.
    private static let firstPauseMs = 50
    private static let lastPauseMs = 5_000
    /// A connection on which nothing came for so long is asked whether it lives: a peer that vanished says nothing.
    private static let checkMs = 30_000

    /// - Parameter channel: a plain word.
    package init(
        _ address: PostgresAddress, channel: String, limits: PostgresPool.Limits = PostgresPool.Limits(),
        heard: @escaping @Sendable (Heard) -> Void
    ) {
        (self.address, self.limits) = (address, limits)
        DispatchQueue(label: "postgres listener").async { self.listen(channel, heard) }
    }

    package func stop() { isStopped.withLock { $0 = true } }

    private func listen(_ channel: String, _ heard: (Heard) -> Void) {
        var pauseMs = Self.firstPauseMs
        while !isStopped.withLock({ $0 }) {
            do throws(PostgresFailure) {
                let connection = try PostgresConnection(address: address, timeoutMs: limits.connectMs)
                try connection.script("LISTEN \(channel)", timeoutMs: limits.statementMs)
                pauseMs = Self.firstPauseMs
                heard(.connected)
                try follow(connection, heard)
            } catch {
                heard(.lost(error))
                pause(pauseMs)
                pauseMs = min(pauseMs * 2, Self.lastPauseMs)
            }
        }
    }

    private func follow(_ connection: PostgresConnection, _ heard: (Heard) -> Void) throws(PostgresFailure) {
        var quietMs = 0
        while !isStopped.withLock({ $0 }) {
            if let text = try connection.notification(withinMs: Self.lookMs) {
                quietMs = 0
                heard(.notification(text))
                continue
            }
            quietMs += Self.lookMs
            guard quietMs >= Self.checkMs else { continue }
            quietMs = 0
            try connection.script("SELECT 1", timeoutMs: limits.statementMs)
        }
    }

    /// In small parts, so that a stop is noticed.
    private func pause(_ milliseconds: Int) {
        let done = DispatchSemaphore(value: 0)
        var left = milliseconds
        while left > 0, !isStopped.withLock({ $0 }) {
            let part = min(left, Self.lookMs)
            _ = done.wait(timeout: .now() + .milliseconds(part))
            left -= part
        }
    }
}
