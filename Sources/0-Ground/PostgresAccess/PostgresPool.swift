// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Connections to one database, made when they are needed and kept. Calls from several threads have one each, up to a limit;
/// those beyond it wait.
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

        package init() {}
    }

    /// Whoever has its number alone uses it.
    private final class Slot: Sendable {
        let connection = Mutex<PostgresConnection?>(nil)
    }

    package let address: PostgresAddress
    package let limits: Limits
    private let slots: [Slot]
    /// Numbers of slots that nobody uses; the one that was used last is the next.
    private let idle: Mutex<[Int]>
    private let free: DispatchSemaphore

    package init(_ address: PostgresAddress, _ limits: Limits = Limits()) {
        self.address = address
        self.limits = limits
        slots = (0..<limits.connections).map { _ in Slot() }
        idle = Mutex(Array((0..<limits.connections).reversed()))
        free = DispatchSemaphore(value: limits.connections)
    }

    /// Lends a connection to `body`. One that broke is not kept.
    ///
    /// - Throws: what connecting throws, what `body` throws, and ``PostgresFailure/Kind/late(waitedMilliseconds:)`` where
    ///   all connections are in use for too long.
    package func withConnection<Value: Sendable>(
        _ body: (PostgresConnection) throws(PostgresFailure) -> Value
    ) throws(PostgresFailure) -> Value {
        guard free.wait(timeout: .now() + .milliseconds(limits.waitMs)) == .success else {
            throw PostgresFailure(
                .late(waitedMilliseconds: limits.waitMs), place: address.shown,
                detail: "all \(limits.connections) connections are in use")
        }
        defer { free.signal() }
        guard let number = idle.withLock({ $0.popLast() }) else {
            preconditionFailure("there is a slot for each that may pass")
        }
        defer { idle.withLock { $0.append(number) } }
        let result: Result<Value, PostgresFailure> = slots[number].connection.withLock { slot in
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
        return try result.get()
    }

    private func connect() throws(PostgresFailure) -> PostgresConnection {
        let connection = try PostgresConnection(address: address, timeoutMs: limits.connectMs)
        // The database ends what this side gives up waiting for.
        try connection.script("SET statement_timeout = \(limits.statementMs)", timeoutMs: limits.statementMs)
        return connection
    }
}
