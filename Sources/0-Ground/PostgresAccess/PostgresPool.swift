// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Glibc
internal import Synchronization

/// Connections to one database, made when they are needed, and kept while they are. Calls from several threads have one each, up to
/// a limit; those beyond it wait. So they do where the database has no connection left: for one of these, or for what others
/// give back.
package final class PostgresPool: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Connections at once.
        package var connections = 8
        /// How long making one may take.
        package var connectMs = 5_000
        /// How long one statement may take.
        package var statementMs = 10_000
        /// How long a call waits for a connection that is free.
        package var waitMs = 10_000
        /// A connection that nobody needed for so long goes: others may want one.
        package var idleMs = 60_000
        /// Between tries to have a connection of a database that has none left, at first; it doubles.
        package var crowdedPauseMs = 20
        package var longestCrowdedPauseMs = 500

        package init() {}
    }

    /// Whoever has its number alone uses it.
    private final class Slot: Sendable {
        let connection = Mutex<PostgresConnection?>(nil)
    }

    package let address: PostgresAddress
    package let limits: Limits
    private let slots: [Slot]
    /// A slot that nobody uses.
    private struct Idle {
        var number: Int
        /// When it was used last; `nil`: it has no connection.
        var since: ContinuousClock.Instant?
    }

    /// The one that was used last is the next.
    private let idle: Mutex<[Idle]>
    private let free: DispatchSemaphore

    package init(_ address: PostgresAddress, _ limits: Limits = Limits()) {
        self.address = address
        self.limits = limits
        slots = (0..<limits.connections).map { _ in Slot() }
        idle = Mutex((0..<limits.connections).reversed().map { Idle(number: $0) })
        free = DispatchSemaphore(value: limits.connections)
    }

    /// Lends a connection to `body`. One that broke is not kept.
    ///
    /// - Throws: what connecting throws, what `body` throws, and ``PostgresFailure/Kind/late(waitedMilliseconds:)`` where
    ///   all connections are in use for too long.
    package func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) throws(PostgresFailure) -> Value
    ) throws(PostgresFailure) -> Value {
        let end = DispatchTime.now() + .milliseconds(limits.waitMs)
        guard free.wait(timeout: end) == .success else {
            throw PostgresFailure(
                .late(waitedMilliseconds: limits.waitMs), place: address.shown,
                detail: "all \(limits.connections) connections are in use")
        }
        defer { free.signal() }
        var pauseMs = limits.crowdedPauseMs
        while true {
            let result = attempt(body)
            guard case .failure(let failure) = result, failure.kind == .crowded, DispatchTime.now() < end else {
                return try result.get()
            }
            // Not all of them at the same moment.
            usleep(UInt32.random(in: UInt32(pauseMs * 500)...UInt32(pauseMs * 1_000)))
            pauseMs = min(pauseMs * 2, limits.longestCrowdedPauseMs)
        }
    }

    private func attempt<Value: Sendable>(
        _ body: (PostgresConnection) throws(PostgresFailure) -> Value
    ) -> Result<Value, PostgresFailure> {
        guard let number = idle.withLock({ $0.popLast()?.number }) else {
            preconditionFailure("there is a slot for each that may pass")
        }
        var isOpen = false
        defer { giveBack(number, isOpen: isOpen) }
        return slots[number].connection.withLock { slot in
            defer { isOpen = slot != nil }
            do throws(PostgresFailure) {
                let connection: PostgresConnection
                // The database may have begun anew since.
                if let known = slot, known.isQuiet { connection = known } else { connection = try connect() }
                slot = connection
                defer { if connection.isBroken { slot = nil } }
                return .success(try body(connection))
            } catch {
                return .failure(error)
            }
        }
    }

    private func giveBack(_ number: Int, isOpen: Bool) {
        let now = ContinuousClock.now
        idle.withLock { idle in
            // Without a connection it comes last: who comes next finds one that has.
            guard isOpen else { return idle.insert(Idle(number: number), at: 0) }
            idle.append(Idle(number: number, since: now))
            // The one that has been idle for longest.
            guard let oldest = idle.firstIndex(where: { $0.since != nil }), let since = idle[oldest].since,
                since.duration(to: now) > .milliseconds(limits.idleMs)
            else { return }
            slots[idle[oldest].number].connection.withLock { $0 = nil }
            idle[oldest].since = nil
        }
    }

    private func connect() throws(PostgresFailure) -> PostgresConnection {
        let connection = try PostgresConnection(address: address, timeoutMs: limits.connectMs)
        // The database ends what this side gives up waiting for.
        // Whoever waits for a seat's lock must then see who has it: a snapshot from before would not show it.
        try connection.script(
            "SET statement_timeout = \(limits.statementMs); SET default_transaction_isolation = 'read committed'",
            timeoutMs: limits.statementMs)
        return connection
    }
}
