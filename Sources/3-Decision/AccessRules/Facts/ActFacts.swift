// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// What somebody did to a run. It changes nothing here: the run's own stream says what came of it. Recorded so that one
/// log tells who did what.
package struct Acted: DirectoryPayload {
    package enum Act: String, Hashable, Sendable, CaseIterable {
        case dispatched
        case cancelled
        case rerun
        case approved
        case rejected
        /// A deployment passed without its approvals; the reason is never absent.
        case overrode
    }

    package static let typeName = "acted"
    package var act: Act
    package var project: EntryID
    package var run: Int
    /// From 1; `nil` for all.
    package var attempt: Int?
    package var job: String?
    package var environment: String?
    package var reason: String?

    package var data: DataValue {
        .present([
            "act": .string(act.rawValue), "project": .id(project), "run": .int(run),
            "attempt": attempt.map { .int($0) }, "job": .text(job), "environment": .text(environment),
            "reason": .text(reason),
        ])
    }
    package var place: AccessTarget { .project(project) }

    package init(
        _ act: Act, project: EntryID, run: Int, attempt: Int? = nil, job: String? = nil, environment: String? = nil,
        reason: String? = nil
    ) {
        self.act = act
        self.project = project
        self.run = run
        self.attempt = attempt
        self.job = job?.bounded(AccessLimits.reasonBytes)
        self.environment = environment
        self.reason = reason?.bounded(AccessLimits.reasonBytes)
    }

    package init(data: DataValue) throws(DataShapeError) {
        act = try data.value("act")
        project = try data.id("project", .project)
        run = try data.int("run")
        attempt = data["attempt"]?.int
        job = data["job"]?.string
        environment = data["environment"]?.string
        reason = data["reason"]?.string
    }

    package func subject(_ names: EntryNames) -> String { "run \(run) of \(names(project))" }

    package func words(_ names: EntryNames) -> String {
        let run = subject(names) + (attempt.map { ", attempt \($0)" } ?? "") + (job.map { ", job \($0)" } ?? "")
        let deployment = "the deployment of \(run) to \(environment ?? "its environment")"
        let done =
            switch act {
            case .dispatched: "started \(run)"
            case .cancelled: "cancelled \(run)"
            case .rerun: "ran \(run) again"
            case .approved: "approved \(deployment)"
            case .rejected: "rejected \(deployment)"
            case .overrode: "let \(deployment) pass in an emergency"
            }
        return done + (reason.map { ": \($0)" } ?? "")
    }
}
