// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
internal import RunEngine

/// What survives a crash of the coordinator: streams of events, appended whole or not at all.
struct SimulatedJournal: Sendable {
    struct Stream<Event: MachineEvent>: Sendable {
        var events: [Event] = []
        /// The `now` of the newest record.
        var now: Int64 = 0
        var records = 0
    }

    var run = Stream<RunEvent>()
    var jobs: [JobRun: Stream<JobEvent>] = [:]

    /// For a failure's report: every event in the order it was recorded, with its time.
    var isKeepingTranscript = false
    private(set) var transcript: [(time: Int64, stream: String, event: any MachineEvent)] = []

    mutating func note(_ events: [some MachineEvent], of stream: String, at time: Int64) {
        guard isKeepingTranscript else { return }
        for event in events { transcript.append((time, stream, event)) }
    }
}

extension SimulatedJournal.Stream {
    /// - Returns: what is wrong with the record; `nil` where it is taken.
    mutating func append(_ new: [Event], at time: Int64, expecting version: Int) -> String? {
        if version != events.count { return "a record expects version \(version), the stream is at \(events.count)" }
        if time < now { return "the recorded time goes back from \(now) to \(time)" }
        events.append(contentsOf: new)
        now = time
        records += 1
        return nil
    }
}
