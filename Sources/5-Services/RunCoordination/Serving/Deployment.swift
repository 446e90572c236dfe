// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import EventJournal
package import PipelineModel
internal import RunEngine
package import StructuredData

/// A job that succeeded for an environment: what it stands at since then.
package struct Deployment: Hashable, Sendable, DataRepresentable {
    package var environment: String
    package var run: RunID
    /// Of the run.
    package var attempt: Int
    package var job: JobID
    /// The commit; empty where the run was of none.
    package var sha: String
    package var ref: String
    package var actor: String
    /// Milliseconds since the epoch.
    package var at: Int64

    static let typeName = "deployed"

    init(environment: String, run: RunID, attempt: Int, job: JobID, record: RunRecord, at: Int64) {
        self.environment = environment
        self.run = run
        self.attempt = attempt
        self.job = job
        sha = record.repository.sha
        ref = record.plan.trigger.ref ?? record.repository.ref ?? ""
        actor = record.repository.actor
        self.at = at
    }

    public var data: DataValue {
        [
            "environment": .string(environment), "run": .number(Double(run.number)),
            "attempt": .number(Double(attempt)),
            "job": .string(job.text), "sha": .string(sha), "ref": .string(ref), "actor": .string(actor),
            "at": .number(Double(at)),
        ]
    }

    public init(data: DataValue) throws(DataShapeError) {
        environment = try data.string("environment")
        run = RunID(try data.int("run"))
        attempt = try data.int("attempt")
        job = JobID(try data.string("job"))
        sha = data["sha"]?.string ?? ""
        ref = data["ref"]?.string ?? ""
        actor = data["actor"]?.string ?? ""
        at = Int64(data["at"]?.int ?? 0)
    }
}

/// What stands where: one stream a project, written together with the ends of the jobs that it tells of.
struct DeploymentBook {
    private struct Page {
        var version = 0
        /// The last of each environment, by its name in lower case.
        var current: [String: Deployment] = [:]
    }

    private var pages: [String: Page] = [:]
    private static let eventsAtOnce = 1_000

    /// Another server writes the project's from now on.
    mutating func forget(_ project: String) { pages[project] = nil }

    static func stream(_ project: String) -> StreamID {
        StreamID("deployments/\(project.isEmpty ? "none" : project)")
    }

    mutating func current(_ environment: String, of project: String, _ store: RunStore) throws(DiagnosticError)
        -> Deployment?
    {
        try load(project, store)
        return pages[project]?.current[environment.lowercased()]
    }

    /// What stands at each environment of a project.
    mutating func all(of project: String, _ store: RunStore) throws(DiagnosticError) -> [String: Deployment] {
        try load(project, store)
        return pages[project]?.current ?? [:]
    }

    /// Takes what is recorded with the append that comes back.
    mutating func append(
        _ deployments: [Deployment], of project: String, _ store: RunStore
    ) throws(DiagnosticError) -> StreamAppend {
        try load(project, store)
        var page = pages[project] ?? Page()
        let append = StreamAppend(
            Self.stream(project), expectedVersion: page.version,
            events: deployments.map {
                NewEvent(type: Deployment.typeName, payload: Array($0.data.jsonText().utf8))
            })
        page.version += deployments.count
        for deployment in deployments { page.current[deployment.environment.lowercased()] = deployment }
        pages[project] = page
        return append
    }

    private mutating func load(_ project: String, _ store: RunStore) throws(DiagnosticError) {
        guard pages[project] == nil else { return }
        var page = Page()
        while true {
            let first = page.version + 1
            let recorded = try store.journaled { (journal) throws(JournalError) in
                try journal.events(of: Self.stream(project), from: first, limit: Self.eventsAtOnce)
            }
            for entry in recorded where entry.event.type == Deployment.typeName {
                guard let data = try? DataValue(json: entry.event.payload),
                    let deployment = try? Deployment(data: data)
                else { continue }
                page.current[deployment.environment.lowercased()] = deployment
            }
            page.version += recorded.count
            guard recorded.count == Self.eventsAtOnce else { break }
        }
        pages[project] = page
    }
}

extension RunCoordinator {
    /// What stands at an environment of a project; `nil`: nothing does.
    package func deployed(
        _ environment: String, of project: String
    ) throws(DiagnosticError) -> Deployment? {
        try deployments.current(environment, of: project, store)
    }

    /// What stands at each environment of a project, by its name in lower case.
    package func deployed(of project: String) throws(DiagnosticError) -> [String: Deployment] {
        try deployments.all(of: project, store)
    }

    /// Jobs that have come to a good end for their environments, as appends to the streams of their projects.
    func deploymentAppends(_ decided: [(ServedRun, [RunEvent])]) throws(DiagnosticError) -> [StreamAppend] {
        var found: [String: [Deployment]] = [:]
        for (run, events) in decided {
            for case .legFinished(let finished) in events
            where finished.conclusion == .success && finished.takenFrom == nil {
                guard let environment = run.jobs[finished.leg]?.environment, !environment.isEmpty else { continue }
                found[run.project, default: []].append(
                    Deployment(
                        environment: environment, run: run.run, attempt: run.attempt, job: finished.leg,
                        record: run.record, at: now))
            }
        }
        // All that may fail comes first: what is asked again is then asked for the first time.
        for project in found.keys { _ = try self.deployments.all(of: project, store) }
        var appends: [StreamAppend] = []
        for (project, deployments) in found {
            appends.append(try self.deployments.append(deployments, of: project, store))
        }
        return appends
    }
}
