// SPDX-License-Identifier: Apache-2.0

internal import ContainerEngine
internal import Dispatch
internal import Glibc
internal import Synchronization

/// One process of a step in a container, shared by the thread that carries it and those that stop it.
final class ContainedCall: Sendable {
    let cancellation = CallCancellation()
    private let stops = Mutex(false)
    /// A Docker action's, once it is there.
    private let container = Mutex<String?>(nil)
    private let end = DispatchSemaphore(value: 0)

    var call: EngineCall { EngineCall(cancellation: cancellation) }

    /// Whether somebody wants it to end.
    var isStopping: Bool { stops.withLock { $0 } }
    func noteStop() { stops.withLock { $0 = true } }

    var containerID: String? {
        get { container.withLock { $0 } }
        set { container.withLock { $0 = newValue } }
    }

    func noteEnd() { end.signal() }

    /// Whether it ended within the time.
    func ends(withinSeconds seconds: Int) -> Bool {
        guard end.wait(timeout: .now() + .seconds(seconds)) == .success else { return false }
        end.signal()
        return true
    }
}

/// Where a thread puts a process's output: a pipe that the loop reads. While it is full the thread waits, and so does the
/// engine, and so does the process.
struct OutputDescriptor: Sendable {
    let descriptor: Int32

    func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            // Nobody reads any more.
            guard count > 0 else { return }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    func line(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    func close() { Glibc.close(descriptor) }
}
