// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import RunCoordination
import SourceForges
import StructuredData
import Testing
import Timekeeping
import TriggerIntake

@Suite("What a person or a program asks for")
struct AskedTests {
    let ground: Ground

    init() throws { ground = try Ground() }

    private static let deploy = """
        name: Deploy it
        on:
          workflow_dispatch:
            inputs:
              place: {type: environment, required: true}
              level: {type: choice, options: [low, high], default: low}
              count: {type: number}
              dry: {type: boolean, default: true}
              words: {}
        jobs:
          build:
            runs-on: linux
            steps: [{run: echo}]

        """

    private func failure(_ work: () async throws -> Void) async -> Diagnostic? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? DiagnosticError)?.diagnostic
        }
    }

    @Test("A workflow is started by its path, file or name, with typed inputs and defaults")
    func typed() async throws {
        let commit = try ground.origin.commit([".github/workflows/deploy.yml": Self.deploy])
        ground.set { $0.environments = ["production"] }
        let desk = ground.desk()
        for (number, name) in [".github/workflows/deploy.yml", "deploy.yml", "deploy", "Deploy it"].enumerated() {
            let request = WorkflowDispatch(
                workflow: name, inputs: ["place": "production", "count": "7", "level": "high"], actor: "lea")
            let notes = try await desk.dispatch(request, of: "prj_1", id: "\(number)")
            #expect(notes.map(\.kind) == [.started])
            #expect(notes.first?.run == RunID(number + 1))
        }
        let record = try #require(ground.begun.first?.record)
        let inputs = record.plan.trigger.inputs
        #expect(inputs["count"] == 7)
        #expect(inputs["dry"] == true)
        #expect(inputs["level"] == "high")
        #expect(inputs["words"] == "")
        #expect(record.payload["inputs"]?["dry"] == "true")
        #expect(record.payload["ref"] == "refs/heads/main")
        #expect(record.payload["sender"]?["login"] == "lea")
        #expect(record.repository.actor == "lea")
        #expect(record.repository.sha == commit)
    }

    @Test(
        "Wrong inputs are refused by their names",
        arguments: [
            (["place": "production", "count": "many"], 182, "count"), ([:], 182, "place"),
            (["place": "production", "level": "middle"], 182, "level"),
            (["place": "production", "dry": "maybe"], 182, "dry"), (["place": "staging"], 1147, "place"),
            (["place": "production", "other": "x"], 182, "other"),
        ])
    func refused(inputs: [String: String], code: Int, name: String) async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": Self.deploy])
        ground.set { $0.environments = ["production"] }
        let desk = ground.desk()
        let request = WorkflowDispatch(workflow: "deploy", inputs: inputs, actor: "lea")
        let found = await failure { _ = try await desk.dispatch(request, of: "prj_1", id: "1") }
        #expect(found?.code == DiagnosticCode(code))
        #expect(found?.message.contains("'\(name)'") == true)
        #expect(ground.begun.isEmpty)
        // Nobody waits for it any more: it is not tried again.
        ground.pass(.minutes(60))
        await desk.tick()
        await desk.idle()
        #expect(ground.begun.isEmpty)
    }

    @Test("A workflow that is not there, takes no dispatch or cannot be read is said to be so, and so is a ref")
    func missing() async throws {
        try ground.origin.commit([
            ".github/workflows/ci.yml": workflow("push"), ".github/workflows/bad.yml": "on: push\njobs: 7\n",
        ])
        let desk = ground.desk()
        let wanted: [(WorkflowDispatch, DiagnosticCode)] = [
            (WorkflowDispatch(workflow: "none", actor: "lea"), .dispatchWorkflowUnknown),
            (WorkflowDispatch(workflow: "ci", actor: "lea"), .dispatchNotOffered),
            (WorkflowDispatch(workflow: "ci", ref: "gone", actor: "lea"), .dispatchRefMissing),
            (WorkflowDispatch(workflow: "ci", ref: "a..b", actor: "lea"), DiagnosticCode(1142)),
        ]
        for (number, (request, code)) in wanted.enumerated() {
            let found = await failure { _ = try await desk.dispatch(request, of: "prj_1", id: "\(number)") }
            #expect(found?.code == code)
        }
        let unreadable = WorkflowDispatch(workflow: "bad", actor: "lea")
        let found = await failure { _ = try await desk.dispatch(unreadable, of: "prj_1", id: "bad") }
        #expect(found?.file == ".github/workflows/bad.yml" || found?.position != nil)
        let many = Dictionary(uniqueKeysWithValues: (0...TriggerLimits.dispatchInputs).map { ("i\($0)", "x") })
        let large = WorkflowDispatch(workflow: "ci", inputs: many, actor: "lea")
        #expect(await failure { _ = try await desk.dispatch(large, of: "prj_1", id: "l") }?.code == .dispatchTooLarge)
    }

    @Test("A branch or a tag may be named, in short or in full")
    func refs() async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": workflow("workflow_dispatch")])
        try ground.origin.git("tag", "v1")
        try ground.origin.git("branch", "side")
        let desk = ground.desk()
        for (number, ref) in ["v1", "side", "refs/heads/main"].enumerated() {
            let request = WorkflowDispatch(workflow: "deploy", ref: ref, actor: "lea")
            _ = try await desk.dispatch(request, of: "prj_1", id: "\(number)")
        }
        #expect(ground.begun.map(\.record.plan.trigger.ref) == ["refs/tags/v1", "refs/heads/side", "refs/heads/main"])
    }

    @Test("What a pull request brings is not started by asking for its ref")
    func foreignRef() async throws {
        let commit = try ground.origin.commit([".github/workflows/deploy.yml": Self.deploy])
        try ground.origin.git("update-ref", "refs/pull/7/head", commit)
        let desk = ground.desk()
        let request = WorkflowDispatch(
            workflow: "deploy.yml", ref: "refs/pull/7/head", inputs: ["place": "production"], actor: "lea")
        let found = await failure { _ = try await desk.dispatch(request, of: "prj_1", id: "a") }
        #expect(found?.message == "lark/tern has no branch or tag 'refs/pull/7/head'.")
        #expect(ground.begun.isEmpty)
    }

    @Test("The same request is worked once, and both who ask are told")
    func once() async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": workflow("workflow_dispatch")])
        let desk = ground.desk()
        let request = WorkflowDispatch(workflow: "deploy", actor: "lea")
        async let first = desk.dispatch(request, of: "prj_1", id: "1")
        async let second = desk.dispatch(request, of: "prj_1", id: "1")
        let runs = try await [first, second].map { $0.map(\.run) }
        #expect(runs == [[RunID(1)], [RunID(1)]])
        #expect(ground.begun.count == 1)
    }

    @Test("Whoever waits is told that the server stops, and what was asked for begins when it is back")
    func stopping() async throws {
        try ground.origin.commit([".github/workflows/deploy.yml": workflow("workflow_dispatch")])
        let desk = ground.desk()
        await desk.stop()
        let request = WorkflowDispatch(workflow: "deploy", actor: "lea")
        let found = await failure { _ = try await desk.dispatch(request, of: "prj_1", id: "1") }
        #expect(found?.code == DiagnosticCode(1131))
        let next = ground.desk()
        try await next.start()
        await next.idle()
        #expect(ground.begun.count == 1)
    }

    @Test("A program's own event runs what waits for its type, with its payload")
    func repositoryDispatch() async throws {
        try ground.origin.commit([
            ".github/workflows/a.yml": workflow("{repository_dispatch: {types: [baked]}}"),
            ".github/workflows/b.yml": workflow("{repository_dispatch: {types: [eaten]}}"),
            ".github/workflows/c.yml": workflow("repository_dispatch"),
        ])
        let desk = ground.desk()
        let request = try RepositoryDispatch(type: "baked", payload: ["cake": "apple"], actor: "lea")
        let notes = try await desk.dispatch(request, of: "prj_1", id: "1")
        #expect(notes.map(\.kind) == [.started, .started, .skipped])
        #expect(ground.begun.first?.record.payload["client_payload"]?["cake"] == "apple")
        #expect(ground.begun.first?.record.payload["action"] == "baked")
        let keys = DataObject((0..<11).map { ("k\($0)", DataValue.null) })
        #expect(
            await failure { _ = try RepositoryDispatch(type: "x", payload: keys, actor: "") }?.code == .dispatchTooLarge
        )
        #expect(
            await failure { _ = try RepositoryDispatch(type: "", payload: [:], actor: "") }?.code
                == .dispatchTypeInvalid)
    }
}

@Suite("Runs that begin when others end")
struct WorkflowRunTests {
    let ground: Ground

    init() throws { ground = try Ground() }

    private func change(_ number: Int, _ kind: RunChange.Kind, depth: Int? = nil) throws -> RunChange {
        var record = ground.begun[number - 1].record
        if let depth { record.chainDepth = depth }
        return RunChange(run: RunID(number), attempt: 1, project: "prj_1", kind: kind, at: 0, record: record)
    }

    private func first(_ listener: String) async throws -> TriggerDesk {
        let commit = try ground.origin.commit([
            ".github/workflows/ci.yml": workflow("push", name: "CI"), ".github/workflows/after.yml": listener,
        ])
        let desk = ground.desk()
        _ = try await desk.receive(try ground.push(to: commit), of: "prj_1")
        await desk.idle()
        #expect(ground.begun.count == 1)
        return desk
    }

    @Test("The workflow's name, the activity and the branch are what counts, and each is told once")
    func filters() async throws {
        let desk = try await first(
            workflow("{workflow_run: {workflows: [CI], types: [completed], branches: [main]}}", name: "After"))
        for _ in 0..<2 {
            for kind in [RunChange.Kind.began, .running, .finished(.failure)] {
                try await desk.runChanged(change(1, kind))
            }
        }
        await desk.idle()
        #expect(ground.shown == ["ci.yml push refs/heads/main", "after.yml workflow_run refs/heads/main"])
        let record = try #require(ground.begun.last?.record)
        #expect(record.payload["action"] == "completed")
        #expect(record.payload["workflow_run"]?["conclusion"] == "failure")
        #expect(record.payload["workflow_run"]?["head_branch"] == "main")
        #expect(record.chainDepth == 1)
    }

    @Test(
        "Another workflow's end, or another branch's, begins nothing",
        arguments: [
            "{workflow_run: {workflows: [Other], types: [completed]}}",
            "{workflow_run: {workflows: [CI], types: [completed], branches-ignore: [main]}}",
            "{workflow_run: {workflows: [CI], types: [requested]}}",
        ])
    func others(on: String) async throws {
        let desk = try await first(workflow(on, name: "After"))
        try await desk.runChanged(change(1, .finished(.success)))
        await desk.idle()
        #expect(ground.begun.count == 1)
    }

    @Test("A chain ends after three that each began the next")
    func chain() async throws {
        let desk = try await first(workflow("{workflow_run: {workflows: [CI], types: [completed]}}", name: "After"))
        try await desk.runChanged(change(1, .finished(.success), depth: TriggerLimits.chainDepth))
        await desk.idle()
        #expect(ground.begun.count == 1)
        let notes = try ground.notes("workflow-run:1:1:completed", desk)
        #expect(notes.contains { $0.reason.contains("More than 3 workflows") })
    }

    @Test("Where nothing waits for runs, none is noted down")
    func nobody() async throws {
        let desk = try await first(workflow("schedule"))
        try await desk.runChanged(change(1, .finished(.success)))
        await desk.idle()
        #expect(try desk.log.page("prj_1").count == 1)
    }
}
