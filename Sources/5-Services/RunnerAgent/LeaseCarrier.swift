// SPDX-License-Identifier: Apache-2.0

internal import Credentials
package import Diagnostics
internal import HTTPMessages
internal import PipelineModel
internal import ProcessControl
package import RunCoordination
package import RunnerProtocol

/// Carries out one job that was given to a runner which is elsewhere: the job speaks for itself, with a credential that is good for
/// its lease alone.
package actor LeaseCarrier {
    package struct Surroundings: Sendable {
        package var store: RunStore
        package var link: ServerLink
        package var pace = AskingPace()
        /// What the job is carried out with.
        package var settings: @Sendable (JobContent) throws(DiagnosticError) -> RunSession.Settings
        package var report: @Sendable (DiagnosticError) -> Void

        package init(
            store: RunStore, link: ServerLink,
            settings: @escaping @Sendable (JobContent) throws(DiagnosticError) -> RunSession.Settings,
            report: @escaping @Sendable (DiagnosticError) -> Void
        ) {
            self.store = store
            self.link = link
            self.settings = settings
            self.report = report
        }
    }

    private let lease: LeaseKey
    private let surroundings: Surroundings
    private let carrier: JobCarrier
    private var heard = AttendRequest.Heard.nothing
    private var heardAt = BootInstant.now()
    private var leaseMs = RunnerLimits.leaseMs
    private static let looksPerLease: Int64 = 15

    package init(_ lease: LeaseKey, _ surroundings: Surroundings) {
        self.lease = lease
        self.surroundings = surroundings
        carrier = JobCarrier(
            lease, store: surroundings.store, link: surroundings.link, pace: surroundings.pace,
            report: surroundings.report)
    }

    /// - Returns: whether the server has heard all of it, and its end.
    /// - Throws: where the job could not be fetched: its lease is over, or the server did not answer in a lease's time.
    package func run() async throws(DiagnosticError) -> Bool {
        let assignment = try await fetch()
        leaseMs = assignment.leaseMs
        tell(assignment.cancellation)
        carrier.start(
            try JobContent(object: assignment.content).insidePod(), isFar: true, settings: surroundings.settings)
        let attending = Task { await attend() }
        let watch = Task {
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(leaseMs / Self.looksPerLease))
                endIfSilent()
            }
        }
        defer {
            attending.cancel()
            watch.cancel()
        }
        return await carrier.tell { Task { await self.noteHeard() } }
    }

    /// The pod ends: so do the job's steps. Its runner says why.
    package func abandon() { carrier.say(.abandon) }

    private func fetch() async throws(DiagnosticError) -> JobAssignment {
        let end = BootInstant.now() + .milliseconds(RunnerLimits.leaseMs)
        var pause = surroundings.pace.first
        while true {
            do throws(DiagnosticError) {
                let found = try await surroundings.link.assignment(lease)
                noteHeard()
                return found
            } catch {
                let passes: Set<DiagnosticCode> = [.webUnreachable, .serverBusy]
                guard passes.contains(error.diagnostic.code), BootInstant.now() < end else { throw error }
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    /// Says that the job is carried out, and hears what becomes of it, until it is over.
    private func attend() async {
        var pause = surroundings.pace.first
        while !Task.isCancelled {
            let askedAt = BootInstant.now()
            do throws(DiagnosticError) {
                let answer = try await surroundings.link.attend(AttendRequest(lease, heard: heard))
                leaseMs = answer.leaseMs
                // The lease holds from the question on.
                heardAt = max(heardAt, askedAt)
                carrier.wake()
                tell(answer.cancellation)
                pause = surroundings.pace.first
                continue
            } catch {
                if [.leaseLost, .credentialRefused].contains(error.diagnostic.code) {
                    return carrier.say(.abandon)
                }
            }
            try? await Task.sleep(for: pause)
            pause = surroundings.pace.next(after: pause)
        }
    }

    private func tell(_ cancellation: LeaseCancellation?) {
        guard let cancellation else { return }
        heard = cancellation.isForced ? .forced : .soft
        carrier.say(.cancel(isForced: cancellation.isForced, reason: cancellation.reason))
    }

    private func noteHeard() { heardAt = .now() }

    /// Before the lease can be given to somebody else.
    private func endIfSilent() {
        guard BootInstant.now() - heardAt > .milliseconds(RunnerLimits.silenceMs(ofLease: leaseMs)) else { return }
        carrier.say(.abandon)
    }
}
