// SPDX-License-Identifier: Apache-2.0

internal import HTTPMessages
internal import ProcessControl
internal import RunCoordination
internal import Synchronization

/// Whether a server can take work, and whether what it says of leases can be believed.
extension Server {
    /// As `/readyz` says it.
    package enum Readiness: String, Sendable {
        case ready
        /// The database has not heard of it in time: others may have what is this server's.
        case unheard = "not ready: the database has not heard of this server"
        /// It has not begun, is about to stop, or cannot write.
        case away = "not ready"
    }

    package var readiness: Readiness {
        get async {
            guard isReady, FreeSpace.bytes(at: store.root).map({ $0 >= Self.leastFreeBytes }) ?? true,
                await runs.isHealthy
            else { return homes.isHeard ? .away : .unheard }
            return homes.isHeard ? .ready : .unheard
        }
    }

    /// With less on its disk the journal will not be written much longer.
    private static let leastFreeBytes: UInt64 = 1 << 20

    /// Whether what this server knows of homes and leases can still be so. One that the database hears knows what was so a moment ago,
    /// and nobody takes anything from it so soon. One that is not heard may have lost all of it, and would renew leases that
    /// another one counts as silent; unless the database is away for the others as well, for then nobody can have taken anything.
    /// Where nobody at all answers, this server is the one that is cut off.
    package func isTrusted() async -> Bool {
        guard isShared, !homes.isHeard else { return true }
        let now = ContinuousClock.now
        if let known = state.withLock({ $0.trust }), known.at.duration(to: now) < Self.trustTime {
            return known.0
        }
        let others = homes.others
        let words = await withTaskGroup(of: Bool?.self) { group in
            for other in others { group.addTask { await self.isUnheard(other) } }
            return await group.reduce(into: [Bool]()) { words, word in if let word { words.append(word) } }
        }
        let isTrusted = others.isEmpty || !words.isEmpty && words.allSatisfy(\.self)
        state.withLock { $0.trust = (isTrusted, .now) }
        return isTrusted
    }

    private static let askingMs = 1_000
    /// So long an answer holds.
    private static let trustTime = Duration.seconds(1)

    /// - Returns: `nil`: it does not say.
    private func isUnheard(_ other: String) async -> Bool? {
        var call = peers.call("GET", other + "/readyz", [], body: [], from: address, isSecure: false)
        call.timeoutMs = Self.askingMs
        guard let answer = try? await peers.send(call) else { return nil }
        return String(decoding: answer.body, as: UTF8.self).hasPrefix(Readiness.unheard.rawValue)
    }
}
