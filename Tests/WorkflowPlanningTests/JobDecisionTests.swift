// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import StructuredData
import Testing
import WorkflowPlanning

@Suite("Which jobs a plan takes, and why")
struct JobDecisionTests {
    @Test("Ids of jobs are the same in any case")
    func idsInAnyCase() throws {
        let text = Planning.jobs(["Build": "", "test": "needs: [build, BUILD]", "other": ""])
        #expect(try Planning.plan(text).job("test").needs == [JobKey("Build")])
        let chosen = try Planning.plan(text) { $0.selectedJobs = ["TEST"] }
        #expect(chosen.jobs.filter(\.isIncluded).map(\.key.text) == ["Build", "test"])
    }

    @Test(
        "What only the run knows is not decided before it",
        arguments: [
            "github.run_id == '7'", "github.run_number == 7", "github.run_attempt == '2'", "github.token != ''",
            "contains(toJSON(github), 'xyz')", "github['run_id'] == '7'", "github[vars.name] == '7'",
            "failure('a')",
        ])
    func unknownBeforeTheRun(condition: String) throws {
        let job = try Planning.plan(Planning.jobs(["a": "if: \(condition)"])).jobs[0]
        #expect(job.isIncluded)
        #expect(job.reason.text.contains("decided when it is reached"), "\(job.reason.text)")
    }

    @Test("A short circuit decides in spite of what is unknown behind it")
    func shortCircuit() throws {
        let plan = try Planning.plan(
            Planning.jobs(["a": "if: github.ref == 'refs/heads/dev' && github.run_id == '7'"]))
        #expect(try !plan.job("a").isIncluded)
        #expect(try plan.reason("a").text.contains("github.ref") == false)
        #expect(try plan.reason("a").text.contains("'refs/heads/main' == 'refs/heads/dev'"))
    }

    @Test("A condition that holds says what made it hold")
    func holds() throws {
        let plan = try Planning.plan(
            Planning.jobs([
                "a": "if: github.ref == 'refs/heads/main'", "b": "if: always() && github.ref != 'refs/heads/dev'",
                "c": "if: always()",
            ]))
        #expect(
            try plan.reason("a").text
                == "Its condition is true: success() && ('refs/heads/main' == 'refs/heads/main') → true.")
        #expect(
            try plan.reason("b").text
                == "Its condition is true: always() && ('refs/heads/main' != 'refs/heads/dev') → true.")
        #expect(try plan.reason("b").values.contains("github.ref → 'refs/heads/main'"))
        #expect(try plan.reason("c").text.hasPrefix("Its condition is true"))
    }

    @Test("What needs a job that only a cancelled run has is out", arguments: ["cancelled()", "${{ !success() }}"])
    func afterJobsForCancelling(condition: String) throws {
        let plan = try Planning.plan(
            Planning.jobs([
                "clean": "if: \(condition)", "after": "needs: clean", "always": "needs: clean\nif: always()",
            ]))
        #expect(try plan.job("clean").isIncluded)
        #expect(try plan.reason("clean").text == "Its condition holds only when the run is cancelled.")
        #expect(try !plan.job("after").isIncluded)
        #expect(try plan.reason("after").text == "It needs 'clean', which runs only when the run is cancelled.")
        #expect(try plan.job("always").isIncluded)
    }

    @Test("A matrix made of what only the run knows stays open")
    func unknownMatrix() throws {
        let plan = try Planning.plan(
            Planning.jobs(["a": "strategy: { matrix: { n: ['${{ github.run_number }}'] } }"]))
        #expect(try plan.job("a").strategy?.legs == nil)
    }

    @Test("A called workflow's inputs are not those of the dispatch")
    func nestedInputs() throws {
        let called = """
            on: { workflow_call: { inputs: { list: { type: string } } } }
            jobs:
              inner:
                runs-on: ubuntu-latest
                strategy: { matrix: { n: ['${{ inputs.list }}'] } }
                steps: [{ run: make }]
            """
        let text = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/c.yml\n    with: { list: a }\n"
        let plan = try Planning.plan(text, files: ["./.github/workflows/c.yml": called])
        #expect(try plan.job("call/inner").strategy?.legs == nil)
    }

    @Test("A job that is out takes those with it that ask for its success")
    func outThroughNeeds() throws {
        let plan = try Planning.plan(
            Planning.jobs([
                "last": "needs: mid", "mid": "needs: first", "first": "if: github.ref == 'x'",
                "anyway": "needs: first\nif: always()", "unless": "needs: first\nif: '!cancelled()'",
                "behind": "needs: anyway", "asks": "needs: first\nif: always() && needs.first.result == 'skipped'",
                "refuses": "needs: first\nif: always() && needs.first.result == 'success'",
                "failed": "needs: first\nif: failure()", "own": "needs: first\nif: vars.x == 'y'",
                "outputs": "needs: first\nif: needs.first.outputs.x == 'y'",
            ]))
        #expect(plan.jobs.filter(\.isIncluded).map(\.key.text) == ["anyway", "unless", "asks"])
        #expect(try plan.reason("first").kind == .condition)
        #expect(
            try plan.reason("mid") == Reason(.needs, "It needs 'first', which is left out.", expression: "success()"))
        #expect(try plan.reason("last").text == "It needs 'mid', which is left out.")
        #expect(try plan.reason("behind").text == "It needs 'anyway', which needs a job that does not succeed.")
        #expect(try plan.reason("refuses").kind == .condition)
        #expect(try plan.reason("own").text.contains("vars.x") || plan.reason("own").text.contains("null == 'y'"))
    }

    @Test("A job that cannot run here is said of those that need it")
    func unavailableNeed() throws {
        let plan = try Planning.plan(
            Planning.jobs([
                "first": "container: alpine", "second": "needs: first", "third": "needs: first\nif: failure()",
            ]))
        #expect(try plan.job("first").isIncluded)
        #expect(try !plan.job("second").isIncluded)
        #expect(try plan.reason("second").text == "It needs 'first', which cannot run here.")
        #expect(try plan.job("third").isIncluded)
    }

    @Test("A job without needs that waits for a failure is out; one that waits for a cancellation is open")
    func statusWithoutNeeds() throws {
        let plan = try Planning.plan(
            Planning.jobs(["a": "if: failure()", "b": "if: cancelled()", "c": "if: always()"]))
        #expect(try plan.reason("a").text == "Its condition asks for a job before it that failed, and it needs none.")
        #expect(try plan.job("b").isIncluded)
        #expect(try plan.reason("b").text == "Its condition holds only when the run is cancelled.")
        #expect(try plan.job("c").isIncluded)
    }

    @Test("A condition or a matrix that cannot be evaluated is said before the run")
    func faultsAreSaid() throws {
        let plan = try Planning.plan(
            Planning.jobs([
                "a": "if: fromJSON('x')", "b": "strategy: { matrix: { n: '${{ fromJSON(''[]'') }}' } }",
                "c": "strategy: { matrix: '${{ fromJSON(''{\"n\":3}'') }}' }", "d": "needs: b",
            ]))
        #expect(plan.jobs.filter(\.isIncluded).map(\.key.text) == ["a", "b", "c"])
        for id in ["a", "b", "c"] { #expect(try plan.reason(id).kind == .invalid) }
        #expect(try plan.reason("b").text.contains("MRT0180: Matrix vector 'n' does not contain any values"))
        #expect(try plan.reason("c").text.contains("MRT0180: The matrix key 'n' must be a list"))
        #expect(try plan.reason("d").text == "It needs 'b', which cannot succeed.")
    }
}

@Suite("Matrices")
struct MatrixTests {
    @Test("A strategy that is one expression has the matrix that it gives")
    func wholeStrategy() throws {
        let text = Planning.jobs(["a": "strategy: ${{ fromJSON('{\"matrix\":{\"n\":[1,2]}}') }}"])
        #expect(try Planning.plan(text).job("a").strategy?.legs == [["n": 1], ["n": 2]])
    }

    @Test("The names of a matrix are the same in any case")
    func namesInAnyCase() throws {
        let legs = try MatrixExpansion.legs(
            of: [
                "OS": ["linux", "mac"], "n": [1, 2], "exclude": [["os": "mac", "N": 2]],
                "include": [["os": "linux", "extra": "x"], ["oS": "bsd"]],
            ] as DataObject)
        #expect(
            legs == [
                ["OS": "linux", "n": 1, "extra": "x"], ["OS": "linux", "n": 2, "extra": "x"], ["OS": "mac", "n": 1],
                ["oS": "bsd"],
            ])
        #expect(MatrixExpansion.selected(legs, by: ["os": "mac"]).count == 1)
    }
}
