// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import Dispatch
internal import HTTPMessages
internal import ProcessControl
internal import RunCoordination
internal import RunnerProtocol
internal import Synchronization
internal import ThreadExecution

/// Asks the server for a job, from a thread that may block: again and again while it cannot be reached or takes nothing, until the
/// job is given up.
struct PatientAsking: Sendable {
    let link: ServerLink
    /// The job is not this runner's any more, or ends.
    let isGivenUp: @Sendable () -> Bool

    private static let firstPauseMs: Int64 = 100
    private static let longestPauseMs: Int64 = 2_000

    func ask(_ name: String, _ body: [UInt8], _ form: ServerLine.Form) throws(DiagnosticError) -> [UInt8] {
        let end = BootInstant.now() + .milliseconds(RunnerLimits.patienceMs)
        var pauseMs = Self.firstPauseMs
        while true {
            do throws(DiagnosticError) {
                return try once(name, body, form)
            } catch {
                // What the server itself says no to stays so.
                guard [.webUnreachable, .serverBusy].contains(error.diagnostic.code), !isGivenUp(),
                    BootInstant.now() < end
                else { throw error }
            }
            ThreadPause.sleep(milliseconds: Int(pauseMs))
            pauseMs = min(pauseMs * 2, Self.longestPauseMs)
        }
    }

    private func once(_ name: String, _ body: [UInt8], _ form: ServerLine.Form) throws(DiagnosticError) -> [UInt8] {
        let done = DispatchSemaphore(value: 0)
        let result = Mutex<Result<[UInt8], DiagnosticError>?>(nil)
        let link = link
        Task {
            do throws(DiagnosticError) {
                let bytes = try await link.exchange(name, body, form)
                result.withLock { $0 = .success(bytes) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let found = result.withLock({ $0 }) else { preconditionFailure("the exchange has ended") }
        return try found.get()
    }
}
