// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// A thread of its own for an actor that waits for the disk: the shared threads of the runtime stay free.
///
/// An actor that returns it as its `unownedExecutor` runs there and nowhere else. The thread lives as long as the program.
package final class SerialThread: SerialExecutor {
    private let jobs: JobLine

    /// - Parameter name: as tools show it; the first 15 bytes count.
    package init(name: String) {
        let jobs = JobLine()
        self.jobs = jobs
        Self.start(name: name) { jobs.serve() }
    }

    /// Runs something that waits for long on a thread of its own, to its end.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = ThreadStart(name: name, body: body)
        var thread = pthread_t()
        let passed = Unmanaged.passRetained(start).toOpaque()
        let error = pthread_create(
            &thread, nil,
            { passed in
                guard let passed else { return nil }
                let start = Unmanaged<ThreadStart>.fromOpaque(passed).takeRetainedValue()
                nameThread(start.name)
                start.body()
                return nil
            }, passed)
        precondition(error == 0, "the system has no thread left")
        pthread_detach(thread)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        jobs.put(UnownedJob(job), on: asUnownedSerialExecutor())
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// As `ps -L` shows it; the call of the C library is hidden from Swift.
private func nameThread(_ name: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(descriptor, bytes, bytes.count)
    close(descriptor)
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// Jobs in the order in which they came; whoever serves them sleeps while there is none.
private final class JobLine: Sendable {
    private struct Entry: Sendable {
        let job: UnownedJob
        let executor: UnownedSerialExecutor
    }

    private let entries = Mutex<[Entry]>([])
    private let bell = Bell()

    func put(_ job: UnownedJob, on executor: UnownedSerialExecutor) {
        let wasEmpty = entries.withLock { entries in
            defer { entries.append(Entry(job: job, executor: executor)) }
            return entries.isEmpty
        }
        if wasEmpty { bell.ring() }
    }

    func serve() {
        while true {
            bell.wait()
            let batch = entries.withLock { entries in
                defer { entries = [] }
                return entries
            }
            for entry in batch { entry.job.runSynchronously(on: entry.executor) }
        }
    }
}

/// A semaphore of the system; rings are counted.
private final class Bell: Sendable {
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func ring() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0, errno == EINTR {} }
}

/// A thread that waits.
package enum ThreadPause {
    package static func sleep(milliseconds: Int) {
        var left = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        var rest = timespec()
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
}
