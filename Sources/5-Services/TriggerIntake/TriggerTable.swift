// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import GitHubWorkflows
internal import PipelineModel
package import RunCoordination
package import ScheduleRules

/// What the workflows of a commit of the default branch wait for.
package struct TriggerTable: Hashable, Sendable {
    package var commit: String
    /// Names of events.
    package var events: Set<String> = []
    package var schedules: [ScheduleLine] = []
    /// Workflows that people can start.
    package var startable: [StartableWorkflow] = []

    /// Files that cannot be read wait for nothing.
    package init(_ files: WorkflowFiles) {
        commit = files.state.sha
        for path in files.paths() {
            guard let workflow = (try? files.read(path))?.workflow else { continue }
            for trigger in workflow.triggers {
                events.insert(trigger.event)
                if trigger.event == "workflow_dispatch" {
                    startable.append(StartableWorkflow(workflow, at: path, by: trigger))
                }
                schedules += trigger.schedules.map { ScheduleLine($0, in: path) }
            }
        }
    }
}

extension ScheduleLine {
    init(_ entry: ScheduleEntry, in path: String) {
        self.init(path: path, cron: entry.cron.text, zone: entry.timezone?.text)
    }
}
