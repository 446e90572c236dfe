// SPDX-License-Identifier: Apache-2.0

package import RunEngine
internal import StructuredData

/// The streams of one simulated run: what its journal holds at the end.
package struct SimulatedHistory: Sendable {
    package struct Job: Sendable {
        /// The job and its attempt: `test#2.1`.
        package var name: String
        package var events: [JobEvent]
    }

    package var run: [RunEvent]
    /// By name.
    package var jobs: [Job]

    /// One event a line: `{"stream":…,"type":…,"version":…,"payload":…}`, the run's stream first.
    package var lines: [String] {
        run.map { Self.line("run", $0) } + jobs.flatMap { job in job.events.map { Self.line(job.name, $0) } }
    }

    private static func line(_ stream: String, _ event: some MachineEvent) -> String {
        let object: DataObject = [
            "stream": .string(stream), "type": .string(event.typeName), "version": .int(event.version),
            "payload": event.payload,
        ]
        return object.jsonText()
    }
}

extension Simulation {
    /// What the journal holds.
    package var history: SimulatedHistory {
        let jobs = journal.jobs.map { run, stream in
            SimulatedHistory.Job(name: "\(run.job).\(run.attempt)", events: stream.events)
        }
        return SimulatedHistory(run: journal.run.events, jobs: jobs.sorted { $0.name < $1.name })
    }
}
