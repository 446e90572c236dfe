// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import RunCoordination
internal import SourceControl
internal import SourceForges

/// Works one delivery as far as its plans: git and planning, away from the desk's thread. Blocks.
struct DeliveryWork: Sendable {
    struct Result: Sendable {
        var verdicts: [WorkflowVerdict] = []
        /// Of the default branch, where the delivery moved it.
        var table: TriggerTable?
    }

    let project: TriggerProject
    let mirror: ProjectMirror
    let trees: CommitFiles
    /// Of the server.
    let environment: [String: String]
    /// Milliseconds since the epoch.
    let now: Int64
    let table: TriggerTable?
    let fetched: FetchedRefs
    /// When it came, in milliseconds since the epoch.
    let askedAt: Int64

    func result(_ cause: TriggerCause, id: String) throws(DiagnosticError) -> Result {
        let reading = reading(id: id, table: table)
        var result = Result()
        for found in try reading.found(cause) {
            let planning = planning(found.export)
            result.verdicts += try planning.verdicts(found.occasion).filter { found.isWorthTelling($0) }
            if found.occasion.ref == project.defaultRef, found.export.commit.id != table?.commit {
                result.table = planning.table()
            }
        }
        return result
    }

    /// What the default branch's workflows wait for.
    func currentTable() throws(DiagnosticError) -> TriggerTable {
        return planning(try reading(id: "", table: nil).defaultBranch(fetching: false)).table()
    }

    private func reading(id: String, table: TriggerTable?) -> OccasionReading {
        OccasionReading(
            project: project, mirror: mirror, trees: trees, id: id, table: table, fetched: fetched, askedAt: askedAt,
            now: now)
    }

    private func planning(_ export: CommitFiles.Export) -> CommitPlanning {
        CommitPlanning(project, export, mirror: mirror.folder, environment: environment, now: now)
    }
}

extension OccasionReading.Found {
    /// Of the default branch's files, which are looked at beside those of a pull request, only those that wait for it.
    fileprivate func isWorthTelling(_ verdict: WorkflowVerdict) -> Bool {
        if occasion.event != "pull_request_target" || verdict.isFiltered { return true }
        if case .run = verdict.outcome { return true }
        return false
    }
}
