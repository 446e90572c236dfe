// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
package import StructuredData
package import Timekeeping

/// What stays of a run of a server that was removed, or of its logs: that it was there, and why it went. The stream
/// `removed/N`; it has a wake-up time for as long as files of the run may be left.
package struct RemovedRun: Hashable, Sendable {
    package var run: RunID
    package var project: String
    package var workflow: String
    package var conclusion: String
    /// Milliseconds since the epoch.
    package var createdAt: Int64
    /// The repository that it was made of: where its artifacts are.
    package var root: String
    /// A sentence.
    package var reason: String

    package init(
        _ run: RunID, project: String, workflow: String, conclusion: String, createdAt: Int64, root: String,
        reason: String
    ) {
        self.run = run
        self.project = project
        self.workflow = workflow
        self.conclusion = conclusion
        self.createdAt = createdAt
        self.root = root
        self.reason = reason
    }

    /// What the stream says of a run.
    package struct Story: Sendable {
        package internal(set) var removed: RemovedRun?
        package internal(set) var removedAt: Timestamp?
        /// Why its logs went, while the run stays.
        package internal(set) var logsReason: String?
        package internal(set) var logsRemovedAt: Timestamp?
        /// Attempts up to this one have no logs any more; later ones were made since.
        package internal(set) var logsRemovedThrough = 0
        var version = 0
    }

    package static let kind = "removed"
    static let runRemoved = "runRemoved"
    static let logsRemoved = "logsRemoved"

    static func stream(_ run: RunID) -> StreamID { StreamID("\(kind)/\(run)") }

    var event: NewEvent {
        let data: DataValue = [
            "run": .number(Double(run.number)), "project": .string(project), "workflow": .string(workflow),
            "conclusion": .string(conclusion), "createdAt": .number(Double(createdAt)), "root": .string(root),
            "reason": .string(reason),
        ]
        return NewEvent(type: Self.runRemoved, payload: Array(data.jsonText().utf8))
    }

    init?(_ data: DataValue) {
        guard let number = data["run"]?.int else { return nil }
        self.init(
            RunID(number), project: data["project"]?.string ?? "", workflow: data["workflow"]?.string ?? "",
            conclusion: data["conclusion"]?.string ?? "", createdAt: Int64(data["createdAt"]?.int ?? 0),
            root: data["root"]?.string ?? "", reason: data["reason"]?.string ?? "")
    }
}

extension RunStore {
    /// What became of a run, or of its logs; empty where nothing of it was removed.
    package func removal(of run: RunID) throws(DiagnosticError) -> RemovedRun.Story {
        let events = try journaled { (journal) throws(JournalError) in
            try journal.events(of: RemovedRun.stream(run))
        }
        var story = RemovedRun.Story()
        for recorded in events {
            let data = (try? DataValue(json: recorded.event.payload)) ?? .null
            switch recorded.event.type {
            case RemovedRun.runRemoved:
                story.removed = RemovedRun(data)
                story.removedAt = recorded.recordedAt
            case RemovedRun.logsRemoved:
                story.logsReason = data["reason"]?.string ?? ""
                story.logsRemovedAt = recorded.recordedAt
                story.logsRemovedThrough = data["attempt"]?.int ?? 1
            default: break
            }
            story.version = recorded.sequence
        }
        return story
    }

    /// Runs whose files may be left over: this process or one before it was cut off while it removed them.
    package func unsweptRemovals() throws(DiagnosticError) -> [RunID] {
        let due = try journaled { (journal) throws(JournalError) in
            try journal.dueStreams(at: Timestamp(milliseconds: .max), limit: Int(Int32.max))
        }
        return due.filter { $0.stream.kind == RemovedRun.kind }.compactMap {
            $0.stream.text.split(separator: "/").last.flatMap { RunID($0) }
        }
    }

    /// Nothing of the run is left.
    package func noteSwept(_ run: RunID, at now: Timestamp) throws(DiagnosticError) {
        let story = try removal(of: run)
        var append = StreamAppend(RemovedRun.stream(run), expectedVersion: story.version, events: [])
        append.wakeUp = .none
        _ = try journaled { (journal) throws(JournalError) in try journal.append([append], now: now) }
    }

    /// Says that a run's logs go, before they do.
    ///
    /// - Parameter attempt: the last one that has any.
    package func noteLogsRemoved(
        of run: RunID, through attempt: Int, _ reason: String, at now: Timestamp
    ) throws(DiagnosticError) {
        let story = try removal(of: run)
        let data: DataValue = ["reason": .string(reason), "attempt": .number(Double(attempt))]
        let event = NewEvent(type: RemovedRun.logsRemoved, payload: Array(data.jsonText().utf8))
        var append = StreamAppend(RemovedRun.stream(run), expectedVersion: story.version, events: [event])
        append.wakeUp = .at(now)
        _ = try journaled { (journal) throws(JournalError) in try journal.append([append], now: now) }
    }
}
