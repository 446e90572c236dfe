// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Dispatch
internal import Glibc
internal import ProcessControl
internal import Synchronization
internal import ThreadExecution

/// Runs what is asynchronous to its end, on a command line that is not.
enum AsyncWork {
    static func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Value, any Error>?>(nil)
        Task {
            do {
                let value = try await body()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let found = result.withLock({ $0 }) else { preconditionFailure("the work has ended") }
        return try found.get()
    }
}

/// The signals that ask a service to end: once to do so in order, twice to do so at once.
enum StopSignals {
    /// - Parameter first: called with the first signal.
    static func watch(_ first: @escaping @Sendable () -> Void) {
        SerialThread.start(name: "signals") {
            guard let loop = try? PollerLoop() else { return }
            var count = 0
            for number in [SIGTERM, SIGINT] {
                try? loop.onSignal(number) {
                    count += 1
                    if count == 1 { first() } else { Glibc.exit(ExitStatus.interrupted.rawValue) }
                }
            }
            loop.run { true }
        }
    }
}
