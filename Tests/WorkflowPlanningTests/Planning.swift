// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import PipelineModel
import StructuredData
import Testing
import WorkflowPlanning

/// Plans as tests ask for them: the text of `jobs:`, for a push to main.
enum Planning {
    static func plan(
        _ text: String, files: [String: String] = [:], _ adjust: (inout PlanRequest) -> Void = { _ in }
    ) throws -> Plan {
        var options = WorkflowOptions()
        options.resolver = { reference, _ in
            files[reference].map { CalledWorkflow(text: Array($0.utf8), path: reference, isTrusted: true) }
        }
        let read = WorkflowReader.read(Array(text.utf8), path: "ci.yml", options: options)
        let workflow = try #require(read.workflow, "\(read.diagnostics.map(\.message))")
        var request = PlanRequest(facts: TriggerFacts(event: "push", ref: "refs/heads/main"))
        request.contexts = [
            "github": [
                "ref": "refs/heads/main", "event_name": "push", "run_id": "0", "run_number": "0", "run_attempt": "1",
                "token": "", "event": [:],
            ],
            "vars": [:],
        ]
        adjust(&request)
        return try Planner.plan(workflow, request)
    }

    /// Jobs with a runner and one step each; `keys` is what else they have.
    static func jobs(_ jobs: KeyValuePairs<String, String>) -> String {
        "on: push\njobs:\n"
            + jobs.map { id, keys in
                let lines = keys.split(separator: "\n").map { "    \($0)\n" }.joined()
                return "  \(id):\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n" + lines
            }.joined()
    }

    /// Jobs that are in.
    static func included(_ text: String) throws -> [String] {
        try plan(text).jobs.filter(\.isIncluded).map(\.key.text)
    }
}

extension Plan {
    func job(_ id: String) throws -> PlannedJob { try #require(jobs.first { $0.key.text == id }, "no job \(id)") }
    func reason(_ id: String) throws -> Reason { try job(id).reason }
}
