// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import StructuredData
package import Timekeeping

/// Which run was deployed to each environment of a project last: the streams `deployed/<project>/<environment>`, of which
/// the last event counts.
extension RunStore {
    private static let deployed = "runDeployed"
    private static let environmentBytes = 200
    private static let environmentsOfAProject = 1_000

    private static func prefix(_ project: String) -> String { "deployed/\(project)/" }

    /// A job that was for the environment ended well.
    package func noteDeployed(
        _ run: RunID, to environment: String, of project: String, at now: Timestamp
    ) throws(DiagnosticError) {
        guard environment.utf8.count <= Self.environmentBytes else { return }
        let stream = StreamID(Self.prefix(project) + environment.lowercased())
        let data: DataValue = ["run": .number(Double(run.number)), "environment": .string(environment)]
        let event = NewEvent(type: Self.deployed, payload: Array(data.jsonText().utf8))
        try journaled { (journal) throws(JournalError) in
            let version = try journal.summary(of: stream)?.version ?? 0
            _ = try journal.append(
                [StreamAppend(stream, expectedVersion: version, events: [event])], now: now, waitsForDisk: false)
            // Only the last one counts.
            if version % Self.environmentsOfAProject == 0 { try journal.trim(stream, before: version) }
        }
    }

    /// The last deployed run of each environment of a project.
    package func deployedRuns(of project: String) throws(DiagnosticError) -> [RunID: String] {
        var found: [RunID: String] = [:]
        let streams = try journaled { (journal) throws(JournalError) in
            try journal.streams(prefix: Self.prefix(project), after: nil, limit: Self.environmentsOfAProject)
        }
        for summary in streams {
            let events = try journaled { (journal) throws(JournalError) in
                try journal.events(of: summary.stream, from: summary.version, limit: 1)
            }
            guard let data = events.first.flatMap({ try? DataValue(json: $0.event.payload) }),
                let run = data["run"]?.int
            else { continue }
            found[RunID(run)] = data["environment"]?.string ?? ""
        }
        return found
    }
}
