// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import Testing

@testable import WorkflowChecks

/// What `martlet check` shows of a file: the reader's word and the lint's together.
@Suite("The reader and the lint as one list")
struct WorkflowReportTests {
    private func report(_ text: String) -> [Diagnostic] {
        let bytes = Array(text.utf8)
        var options = WorkflowLintOptions()
        options.readerDiagnostics = WorkflowReader.read(bytes, path: "ci.yml").diagnostics
        return WorkflowLint.report(bytes, path: "ci.yml", options: options)
    }

    private func places(_ text: String) -> [String] {
        report(text).map { "\($0.code) \($0.position?.line ?? 0):\($0.position?.column ?? 0)" }
    }

    private static let job = "jobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n"
    private static let bomb =
        "on: push\nenv:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        + (1...12).map { level in
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            return "  a\(level): &a\(level) [\(aliases)]\n"
        }.joined()

    @Test(
        "A fault that both find is shown once, in the reader's words",
        arguments: [
            (job + "    needs: gone\n  b:\n    runs-on: ubuntu-latest\n    steps: [{ run: make }]\n", "MRT0116 6:12"),
            (job.replacing("run: make", with: "uses: checkout"), "MRT0119 5:15"),
            (job.replacing("run: make", with: "run: |\n          one\n          two ${{ nope.x }}"), "MRT0201 7:19"),
            (job.replacing("run: make", with: "run: echo ${{ github.ref }} ${{ a == \"b\" }}"), "MRT0200 5:46"),
        ])
    func shownOnce(text: String, expected: String) {
        #expect(places("on: push\n" + text).map { $0 } == [expected.shifted])
    }

    @Test("A missing key is told in GitHub's words where GitHub looks, and at its owner")
    func missingKey() {
        let text = "on: push\n" + Self.job.replacing("runs-on: ubuntu-latest", with: "name: x")
        #expect(places(text) == ["MRT0301 3:3", "MRT0101 4:5"])
    }

    @Test("Needs in a circle, and too many aliases, are shown by the reader alone")
    func wholeFileFaults() {
        let circle =
            Self.job + "  b: { needs: c, runs-on: ubuntu-latest, steps: [{ run: make }] }\n"
            + "  c: { needs: b, runs-on: ubuntu-latest, steps: [{ run: make }] }\n"
        #expect(places("on: push\n" + circle) == ["MRT0117 7:15", "MRT0117 8:15"])
        #expect(report(Self.bomb).map(\.code) == [DiagnosticCode(14)])
    }

    @Test("Two faults in one expression are two")
    func twoFaults() {
        let text = "on: push\n" + Self.job.replacing("make", with: "|\n          ${{ one.x || two.y }}")
        #expect(places(text) == ["MRT0201 7:15", "MRT0351 7:24"])
    }

    @Test(
        "What GitHub refuses when a file is pushed is an error",
        arguments: [
            "on: {}\n" + job, "on: []\n" + job, "on: { push: { branches: [a], branches-ignore: [b] } }\n" + job,
            "on: { push: { tags: [a], tags-ignore: [b] } }\n" + job,
            "on: { push: { paths: [a], paths-ignore: [b] } }\n" + job,
            "on: push\nconcurrency: { group: a, cancel-in-progress: true, queue: max }\n" + job,
            "on: push\n" + job + "    concurrency: { group: a, cancel-in-progress: true, queue: max }\n",
            "on: push\njobs: { a: { uses: build.yml } }\n", "on: push\njobs: { a: { uses: docker://alpine } }\n",
            "on: { workflow_call: { secrets: { github_token: { required: true } } } }\n" + job,
            "on: { workflow_call: { inputs: { n: { type: number, default: abc } } } }\n" + job,
            "on: { workflow_dispatch: { inputs: { "
                + (1...26).map { "i\($0): { type: string }" }.joined(separator: ", ") + " } } }\n" + job,
            "on: push\n" + job
                + "    strategy: { matrix: { x: [\((0..<20).map(String.init).joined(separator: ","))], "
                + "y: [\((0..<20).map(String.init).joined(separator: ","))] } }\n",
        ])
    func refusedByGitHub(text: String) {
        let errors = report(text).filter { $0.severity == .error }
        #expect(errors.count == 1, "\(errors.map(\.message))")
        #expect(errors.first?.remedy != nil)
    }

    /// GitHub's parser takes it (its suite says so); the service refuses to start it.
    @Test(
        "A job without steps is warned of",
        arguments: [
            "on: push\njobs: { a: { runs-on: ubuntu-latest } }\n",
            "on: push\njobs: { a: { runs-on: ubuntu-latest, steps: [] } }\n",
        ])
    func jobWithoutSteps(text: String) {
        #expect(report(text).map(\.severity) == [.warning])
    }
}

extension String {
    /// The places are counted from `jobs:`, which stands on line 2.
    fileprivate var shifted: String {
        let parts = split(separator: " ")
        let place = parts[1].split(separator: ":").compactMap { Int($0) }
        return "\(parts[0]) \(place[0] + 1):\(place[1])"
    }
}
