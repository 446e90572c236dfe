// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// What happened in a job, in the order in which the runner's disk has it. Every part names its place, so that one which
/// arrives twice counts once.
package struct Progress: Hashable, Sendable {
    package enum Part: Hashable, Sendable {
        /// Events of the job machine; `first` is the sequence of the first of them, from 1.
        case events(first: Int, [Event])
        /// Bytes of a step's log, as they stand in the runner's file from `offset` on.
        case log(StepAttempt, offset: Int, [UInt8])
        /// No more comes of a log.
        case logEnded(StepAttempt, LogEnd)
        /// Annotations, summaries, tests; `first` counts the lines from 0.
        case outcomes(first: Int, [DataObject])
        /// The job is over. Nothing follows.
        case finished(outcome: DataObject, outputs: DataObject)
    }

    /// What a log of the runner came to.
    package struct LogEnd: Hashable, Sendable {
        package var lines: Int
        package var bytes: Int
        /// Past the log's limit, and not kept.
        package var droppedBytes: Int
        /// SHA-256 of the kept bytes, in hexadecimal.
        package var digest: String

        package init(lines: Int, bytes: Int, droppedBytes: Int = 0, digest: String) {
            self.lines = lines
            self.bytes = bytes
            self.droppedBytes = droppedBytes
            self.digest = digest
        }
    }

    /// An event as the runner's journal has it.
    package struct Event: Hashable, Sendable {
        package var type: String
        package var version: Int
        /// JSON.
        package var payload: [UInt8]
        /// How long ago it was recorded, in milliseconds: clocks may differ.
        package var ageMs: Int64

        package init(type: String, version: Int, payload: [UInt8], ageMs: Int64) {
            self.type = type
            self.version = version
            self.payload = payload
            self.ageMs = ageMs
        }
    }

    package var lease: LeaseKey
    package var parts: [Part]

    package init(lease: LeaseKey, parts: [Part]) {
        self.lease = lease
        self.parts = parts
    }
}

/// How much of a job's progress the server has: what is before is not sent again.
package struct ProgressPosition: Hashable, Sendable, DataRepresentable {
    package var events: Int
    package var outcomes: Int
    /// Bytes by step attempt.
    package var logs: [StepAttempt: Int]
    package var isFinished: Bool

    package init(events: Int = 0, outcomes: Int = 0, logs: [StepAttempt: Int] = [:], isFinished: Bool = false) {
        self.events = events
        self.outcomes = outcomes
        self.logs = logs
        self.isFinished = isFinished
    }

    public var data: DataValue {
        let logs = logs.sorted { $0.key.description < $1.key.description }
        return [
            "events": .number(Double(events)), "outcomes": .number(Double(outcomes)),
            "logs": .object(DataObject(logs.map { ($0.key.description, .number(Double($0.value))) })),
            "finished": .bool(isFinished),
        ]
    }

    public init(data: DataValue) throws(DataShapeError) {
        self.init(
            events: try data.int("events"), outcomes: try data.int("outcomes"), isFinished: data.bool("finished"))
        for (text, bytes) in data["logs"]?.object ?? DataObject() {
            guard let attempt = StepAttempt(text), let bytes = bytes.int else {
                throw DataShapeError("a log's position")
            }
            logs[attempt] = bytes
        }
    }
}
