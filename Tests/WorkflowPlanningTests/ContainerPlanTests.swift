// SPDX-License-Identifier: Apache-2.0

import GitHubWorkflows
import PipelineModel
import Synchronization
import Testing
import WorkflowPlanning

@Suite("Jobs that need containers")
struct ContainerPlanTests {
    private let text = Planning.jobs([
        "job": "container: alpine", "services": "services: { db: { image: postgres } }", "none": "container: ''",
        "plain": "env: { A: b }",
    ])

    @Test("They are available where there is an engine")
    func available() throws {
        let plan = try Planning.plan(text) { $0.missingContainers = { nil } }
        #expect(plan.jobs.allSatisfy { $0.unavailable == nil })
        #expect(plan.usesContainers)
    }

    @Test("Without one they are not, and the reason says where was looked")
    func unavailable() throws {
        let plan = try Planning.plan(text) { $0.missingContainers = { "MRT0840: Looked at /x." } }
        #expect(try plan.job("job").unavailable?.text == "It runs in a container. MRT0840: Looked at /x.")
        #expect(try plan.job("services").unavailable?.text == "It needs service containers. MRT0840: Looked at /x.")
        #expect(try plan.job("none").unavailable == nil)
        #expect(try plan.job("plain").unavailable == nil)
    }

    @Test("A plan without such jobs does not look for an engine")
    func notAsked() throws {
        let asked = Mutex(0)
        let plan = try Planning.plan(Planning.jobs(["plain": "env: { A: b }"])) { request in
            request.missingContainers = {
                asked.withLock { $0 += 1 }
                return nil
            }
        }
        #expect(asked.withLock { $0 } == 0)
        #expect(!plan.usesContainers)
    }

    @Test("A Docker action is in the plan with all that it says, its hooks as steps")
    func dockerAction() throws {
        let manifest = """
            name: D
            description: d
            inputs: {who: {description: x, default: me}}
            runs: {using: docker, image: Dockerfile, args: ['${{ inputs.who }}', b], env: {A: x}, pre-entrypoint: /p, post-entrypoint: /q, post-if: success()}
            """
        let read = try #require(ActionManifestReader.read(Array(manifest.utf8), path: "o/d/action.yml").manifest)
        let finding = ActionPlanning.finding(read, commit: "c") { _ in .unknownYet }
        guard case .found(.docker(let action), "c") = finding else {
            Issue.record("\(finding)")
            return
        }
        #expect(action.imageName == nil && action.arguments.count == 2)
        #expect(action.pre == ActionHookProgram(program: "/p"))
        #expect(action.post == ActionHookProgram(program: "/q", condition: "success()"))
        #expect(try ActionDefinition(data: ActionDefinition.docker(action).data) == .docker(action))
        let text = "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: 'o/d@v1'}]}}\n"
        let plan = try Planning.plan(text) { request in
            request.actionLookup = { _ in finding }
            request.missingContainers = { "No." }
        }
        guard case .steps(let steps) = try plan.job("a").work else { return }
        #expect(steps.steps.map(\.id) == ["__pre_2", "__o_d"])
        #expect(try plan.job("a").unavailable?.text == "'o/d@v1' runs in a container. No.")
    }
}
