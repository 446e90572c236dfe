// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Work that waits for the disk or for another program, away from the threads that serve everybody.
package enum BlockingWork {
    private static let queue = DispatchQueue(label: "blocking", attributes: .concurrent)

    package static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }

    /// The same for work that can fail.
    package static func attempt<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result = await run { () -> Result<Value, Failure> in
            do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// What is asynchronous, for such work in its midst: never to be called on a thread that serves everybody.
    package static func awaited<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<Value, Failure>?>(nil)
        Task {
            do throws(Failure) {
                let value = try await body()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let result = result.withLock({ $0 }) else { preconditionFailure("it has come to its end") }
        return try result.get()
    }

    // MARK: work that may wait for minutes

    private struct LongWaits {
        var running = 0
        var waiting: [@Sendable () -> Void] = []
    }

    private static let longWaits = Mutex(LongWaits())
    /// So many wait at once; the others wait for them.
    package static let longWaitLimit = 64

    /// For what may wait for somebody else's lock for minutes: on a thread of its own, so that nobody who only reads stands
    /// behind it.
    package static func attemptLong<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            startLong {
                do throws(Failure) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    private static func startLong(_ work: @escaping @Sendable () -> Void) {
        let starts = longWaits.withLock { waits in
            waits.waiting.append(work)
            guard waits.running < longWaitLimit else { return false }
            waits.running += 1
            return true
        }
        guard starts else { return }
        SerialThread.start(name: "long wait") {
            while let next = nextLong() { next() }
        }
    }

    private static func nextLong() -> (@Sendable () -> Void)? {
        longWaits.withLock { waits in
            guard !waits.waiting.isEmpty else {
                waits.running -= 1
                return nil
            }
            return waits.waiting.removeFirst()
        }
    }
}
