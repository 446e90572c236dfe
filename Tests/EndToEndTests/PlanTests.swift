// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What `plan` and `check` say of files that lie around a workflow.
@Suite struct PlanTests {
    let sandbox = try? Sandbox()

    private func action(_ name: String, _ steps: String) throws {
        try sandbox?.write(
            "\(name)/action.yml", "name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n\(steps)")
    }

    private func reason(_ uses: String, _ keys: String = "") throws -> String {
        let sandbox = try #require(sandbox)
        try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: \(uses)\(keys)}, {run: 'true'}]}}\n")
        let job = try sandbox.martlet("plan", "--json", "ci.yml").json["jobs"].array.first ?? .null
        return job["reason"].string ?? ""
    }

    /// Not as one that is missing: the user would look for the wrong fault.
    @Test func whatIsThereAndCannotBeReadIsToldAsSuch() throws {
        let sandbox = try #require(sandbox)
        let tooLarge = String(repeating: "#", count: (4 << 20) + 1)
        try sandbox.write("large/action.yml", tooLarge)
        #expect(try reason("./large").contains("The action './large' could not be read: "))
        try sandbox.workflow(tooLarge, "large.yml")
        try sandbox.workflow("on: push\njobs: {call: {uses: ./.github/workflows/large.yml}}\n")
        let ended = try sandbox.martlet("plan", "ci.yml")
        #expect(ended.status == 1)
        let told = "error[MRT0141]: The called workflow './.github/workflows/large.yml' cannot be read: "
        #expect(ended.err.contains(told))
        #expect(ended.err.contains("ci.yml:2:21"), "\(ended.err)")
    }

    @Test(.timeLimit(.minutes(1)))
    func anActionThatUsesItselfIsRefusedAtOnce() throws {
        try action("self", String(repeating: "    - uses: ./other\n", count: 10))
        try action("other", String(repeating: "    - uses: ./self/\n", count: 10))
        #expect(
            try reason("./self") == "MRT0188: A composite action uses itself: './self' uses './other' uses './self'.")
    }

    @Test(.timeLimit(.minutes(1)))
    func actionsThatMultiplyEndAtTheStepLimit() throws {
        let sandbox = try #require(sandbox)
        for level in 0..<9 {
            try action("a\(level)", String(repeating: "    - uses: ./a\(level + 1)\n", count: 12))
        }
        try action("a9", "    - run: 'true'\n      shell: bash\n")
        try sandbox.workflow("on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: ./a0}]}}\n")
        let ended = try sandbox.martlet("plan", "ci.yml")
        #expect(ended.status == 1)
        #expect(ended.err.contains("MRT0187"))
    }

    @Test func elevenActionsInOneAnotherAreTooDeep() throws {
        for level in 0..<11 { try action("d\(level)", "    - uses: ./d\(level + 1)\n") }
        try action("d11", "    - run: 'true'\n      shell: bash\n")
        #expect(try reason("./d1").hasPrefix("MRT0189: "))
        #expect(try reason("./d2").hasPrefix("The workflow is triggered"))
    }

    @Test func anActionOutsideOfTheRepositoryIsNotRead() throws {
        let sandbox = try #require(sandbox)
        try sandbox.write("../outside/action.yml", "name: x\nruns: {using: composite, steps: []}\n")
        #expect(try reason("./../outside") == "The action './../outside' lies outside of the repository.")
    }

    @Test func theEventOfADispatchHasTheDeclaredDefaults() throws {
        let sandbox = try #require(sandbox)
        try sandbox.workflow(
            """
            on: { workflow_dispatch: { inputs: { level: { default: low }, n: { type: number, default: 3 } } } }
            jobs:
              low: { runs-on: ubuntu-latest, if: github.event.inputs.level == 'low', steps: [{ run: 'true' }] }
              three: { runs-on: ubuntu-latest, if: github.event.inputs.n == '3', steps: [{ run: 'true' }] }
              high: { runs-on: ubuntu-latest, if: github.event.inputs.level == 'high', steps: [{ run: 'true' }] }
            """)
        let jobs = try sandbox.martlet("plan", "--json", "ci.yml").json["jobs"].array
        #expect(jobs.map { $0["included"].bool } == [true, true, false])
    }

    @Test func anEventThatOneWorkflowDoesNotTakeIsAnEventAllTheSame() throws {
        let sandbox = try #require(sandbox)
        let jobs = "jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n"
        try sandbox.workflow("on: push\n" + jobs, "a.yml")
        try sandbox.workflow("on: {schedule: [{cron: '5 4 * * *'}]}\n" + jobs, "b.yml")
        let plans = try sandbox.martlet("plan", "--json", "--event", "schedule").json["plans"].array
        #expect(plans.map { $0["jobs"].array.first?["included"].bool } == [false, true])
    }

    @Test func aCallFromTheRepositorysRootIsFollowed() throws {
        let sandbox = try #require(sandbox)
        try sandbox.workflow(
            "on: workflow_call\njobs: {in: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n", "b.yml")
        try sandbox.workflow("on: push\njobs: {a: {uses: $/.github/workflows/b.yml}}\n")
        let jobs = try sandbox.martlet("plan", "--json", "ci.yml").json["jobs"].array
        #expect(jobs.map { $0["id"].string } == ["a", "a/in"])
    }

    @Test func aStepThatIsSkippedForCertainIsInNoOnesWay() throws {
        #expect(try reason("acme/tool@v1").hasPrefix("The action 'acme/tool@v1' is not to be had"))
        #expect(try reason("acme/tool@v1", ", if: github.ref == 'x'").hasPrefix("The workflow is triggered"))
    }

    @Test func checkReportsTheFaultsOfTheActionsThatAWorkflowUses() throws {
        let sandbox = try #require(sandbox)
        try action("outer", "    - uses: ./inner\n")
        try action("inner", "    - run: echo ${{ secrets.x }}\n      shell: bash\n    - run: 'true'\n      shel: sh\n")
        let workflow = try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: ./outer}, {uses: ./outer}]}}\n")
        let expected = ["MRT0201 6:12", "MRT0100 9:7", "MRT0101 8:7"]
        func places(_ ended: Ended, in file: String?) -> [String] {
            ended.json["files"].array[0]["diagnostics"].array.filter { $0["file"].string == file }.map {
                "\($0["code"].string ?? "") \(Int($0["line"].number ?? 0)):\(Int($0["column"].number ?? 0))"
            }
        }
        let ended = try sandbox.martlet("check", "--json", workflow)
        #expect(ended.status == 1)
        #expect(Set(places(ended, in: "inner/action.yml")) == Set(expected))
        let alone = try sandbox.martlet("check", "--json", "inner/action.yml")
        #expect(alone.status == 1)
        #expect(Set(places(alone, in: nil)) == Set(expected))
        #expect(try sandbox.martlet("check", "outer/action.yml").status == 0)
    }

    @Test func aFaultInAnotherFileIsShownWithoutALineOfThisOne() throws {
        let sandbox = try #require(sandbox)
        let call = "on: [push, workflow_call]\njobs:\n  a: {uses: ./.github/workflows/"
        let first = try sandbox.workflow(call + "b.yml}\n", "a.yml")
        try sandbox.workflow("# One line more.\n" + call + "c.yml}\n", "b.yml")
        try sandbox.workflow("on: workflow_call\njobs:\n  a: {runs-on: x, stepz: []}\n", "c.yml")
        let ended = try sandbox.martlet("check", "--json", first)
        let found = ended.json["files"].array[0]["diagnostics"].array
        #expect(found.map { $0["file"].string } == [".github/workflows/b.yml"])
        #expect(found.first?["line"] == .number(4))
        #expect(try !sandbox.martlet("check", first).err.contains(" | "))
    }
}

/// A workflow named by its path, from anywhere.
@Suite struct PlansFromElsewhere {
    @Test func aWorkflowOfAnotherRepositoryIsPlannedAndRunThere() throws {
        let sandbox = try Sandbox()
        try sandbox.workflow(
            "on: workflow_call\njobs: {inner: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n", "called.yml")
        let path = try sandbox.workflow(
            "on: push\njobs: {call: {uses: ./.github/workflows/called.yml}}\n")
        try sandbox.commitAll()
        let here = try sandbox.martlet("plan", "--json", "ci.yml").json
        let away = try sandbox.start(["env", "-C", "/", Program.path, "plan", "--json", "--event", "push", path]).end()
            .json
        #expect(here["digest"].string != nil)
        #expect(away["digest"] == here["digest"])
        #expect(away["jobs"].array.compactMap { $0["id"].string } == ["call", "call/inner"])
        #expect(try sandbox.start(["env", "-C", "/", Program.path, "run", path]).end().status == 0)
    }
}
