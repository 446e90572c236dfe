// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Dispatch
internal import Glibc
internal import Synchronization

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
final class StopSignals: Sendable {
    private let sources = Mutex<[any DispatchSourceSignal]>([])
    private let count = Mutex(0)

    /// - Parameter first: called with the first signal.
    init(first: @escaping @Sendable () -> Void) {
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in
                guard let self else { return }
                let times = self.count.withLock { count in
                    count += 1
                    return count
                }
                if times == 1 { first() } else { Glibc.exit(ExitStatus.interrupted.rawValue) }
            }
            source.resume()
            sources.withLock { $0.append(source) }
        }
    }
}
