// SPDX-License-Identifier: Apache-2.0

import AccessRules
import Credentials
import Diagnostics
import Foundation
import PipelineModel
import RunCoordination
import RunnerAgent
import RunnerProtocol
import ServerOperation
import StructuredData
import TestFolders
import Testing
import Timekeeping

@Suite("What a run on a server knows of its place", .ownFolders)
struct ServedValuesTests {
    private static func log(_ harness: ServerHarness, _ run: RunID, _ step: Int, attempt: Int = 1) -> String {
        let path = harness.server.logPath(
            LogPlace(run: run, attempt: attempt, job: JobID("test"), step: StepAttempt(step: StepPath(step))))
        return (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    private static func begin(_ harness: ServerHarness) async throws -> RunID {
        let answer = await harness.send("POST", "/api/v1/projects/demo/runs", ["workflow": "ci.yml"])
        #expect(answer.status == 201, "\(answer.body.jsonText())")
        return RunID(try #require(answer.body["runs"]?.array?.first?["run"]?.int))
    }

    @Test("'vars' holds the server's variables; the project's stand before them, the environment's before those")
    func variables() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: workflow_dispatch
            run-name: for ${{ vars.FIRST }}
            jobs:
              test:
                if: vars.SECOND == 'project'
                runs-on: ubuntu-latest
                environment: prod
                steps:
                  - run: echo "> ${{ vars.FIRST }} ${{ vars.SECOND }} ${{ vars.THIRD }} [${{ vars.FOURTH }}]"
              plain:
                runs-on: ubuntu-latest
                steps:
                  - run: test "${{ vars.THIRD }}" = project
            """
        ])
        _ = try harness.commit("first")
        #expect(await harness.send("PUT", "/api/v1/projects/demo/environments/prod", [:]).status < 300)
        for (place, names) in [
            ("server", ["FIRST", "SECOND", "THIRD"]), ("project", ["SECOND", "THIRD"]), ("environment", ["THIRD"]),
        ] {
            let path = ["server": "", "project": "/projects/demo"][place] ?? "/projects/demo/environments/prod"
            for name in names {
                let answer = await harness.send(
                    "PUT", "/api/v1\(path)/variables/\(name)", ["value": .string(place)])
                #expect(answer.status < 300, "\(answer.body.jsonText())")
            }
        }
        let credential = try await harness.registered("east")
        let agent = try harness.farAgent("east", credential: credential, transport: harness.transport)
        let work = Task { try await agent.run() }
        let run = try await Self.begin(harness)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success, "\(report.sentence)")
        #expect(Self.log(harness, run, 1).contains("> server project environment []\n"), "\(Self.log(harness, run, 1))")
        await agent.leave()
        try await work.value
    }

    @Test("A job that is run again begins in an empty workspace, on the runner that had it before, too")
    func emptyWorkspace() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: workflow_dispatch
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - run: mkdir out && echo "left by ${{ github.run_attempt }}" >out/file && ls -A
                  - run: test "${{ github.run_attempt }}" = 2
            """
        ])
        _ = try harness.commit("first")
        let credential = try await harness.registered("east")
        let agent = try harness.farAgent("east", credential: credential, transport: harness.transport)
        let work = Task { try await agent.run() }
        let run = try await Self.begin(harness)
        #expect(try await harness.end(of: run).conclusion == .failure)
        let again = await harness.send("POST", "/api/v1/runs/\(run)/rerun", [:])
        #expect(again.status < 300, "\(again.body.jsonText())")
        let report = try await harness.end(of: run)
        #expect(report.attempt == 2)
        #expect(report.conclusion == .success, "\(report.sentence) \(Self.log(harness, run, 1, attempt: 2))")
        await agent.leave()
        try await work.value
    }

    @Test("A commit's own sources of actions hold where its jobs run")
    func sources() async throws {
        let harness = try await ServerHarness(workflows: [
            "ci.yml": """
            on: workflow_dispatch
            jobs:
              test:
                runs-on: ubuntu-latest
                steps:
                  - uses: tools/say@v1
                    with: {word: hello}
                  - uses: $/vendor/tools/say
                    with: {word: again}
            """
        ])
        let files = [
            ".martlet/sources.yml": "sources:\n  - folder: ./vendor\n",
            "vendor/tools/say/action.yml": """
            inputs: {word: {required: true}}
            runs:
              using: composite
              steps:
                - run: bash "$GITHUB_ACTION_PATH/say.sh" "${{ inputs.word }}"
                  shell: bash
            """,
            "vendor/tools/say/say.sh": "echo \"> $1 from the vendored action\"\n",
        ]
        for (name, text) in files {
            let path = harness.repository + "/" + name
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        }
        _ = try harness.commit("first")
        let credential = try await harness.registered("east")
        let agent = try harness.farAgent("east", credential: credential, transport: harness.transport)
        let work = Task { try await agent.run() }
        let run = try await Self.begin(harness)
        let report = try await harness.end(of: run)
        #expect(report.conclusion == .success, "\(report.sentence) \(Self.log(harness, run, 1))")
        await agent.leave()
        try await work.value
    }
}
