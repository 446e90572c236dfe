// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import PipelineModel
import StructuredData
import Testing
import WorkflowPlanning

@Suite("Triggers and inputs of a plan")
struct TriggerTests {
    private func reason(_ on: String, changed: [String]? = nil) throws -> Reason {
        let text = "on: \(on)\njobs: { a: { runs-on: ubuntu-latest, steps: [{ run: make }] } }\n"
        let plan = try Planning.plan(text) { $0.facts.changedPaths = changed }
        let job = try plan.job("a")
        #expect(!job.isIncluded)
        return job.reason
    }

    @Test("A pattern that cannot be read lets nothing pass")
    func brokenPatterns() throws {
        for key in ["branches", "branches-ignore", "paths", "paths-ignore"] {
            let reason = try reason("{ push: { \(key): ['a[b'] } }", changed: ["x"])
            #expect(reason.kind == .triggerFilter)
            #expect(reason.text.hasPrefix("Its filter '\(key)' cannot be read. MRT02"), "\(reason.text)")
        }
    }

    @Test("A workflow without events, and a push that changed nothing, say so")
    func nothing() throws {
        #expect(try reason("{}").text == "The workflow names no event, so that nothing triggers it.")
        #expect(
            try reason("{ push: { paths: [a] } }", changed: []).text == "No file changed, so none matches paths: 'a'.")
        #expect(
            try reason("{ push: { paths-ignore: [a] } }", changed: []).text
                == "No file changed, so none is left by paths-ignore: 'a'.")
    }

    @Test("An empty default is none")
    func emptyDefaults() throws {
        let text = """
            on:
              workflow_dispatch:
                inputs:
                  flag: { type: boolean, default: '' }
                  count: { type: number, default: '' }
                  level: { type: choice, options: [low, high], default: '' }
                  text: { default: '' }
                  must: { required: true, default: '' }
            jobs: { a: { runs-on: ubuntu-latest, steps: [{ run: make }] } }
            """
        let read = WorkflowReader.read(Array(text.utf8), path: "w.yml")
        let definitions = try #require(read.workflow?.triggers.first?.inputs)
        #expect(
            try DispatchInputs.values(["must": "x"], for: definitions) == [
                "flag": false, "count": 0, "level": "low", "text": "", "must": "x",
            ])
        #expect(throws: DiagnosticError.self) { try DispatchInputs.values([:], for: definitions) }
    }
}
