// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Glibc
import PipelineModel
import ProcessControl
import StructuredData
import Testing

@testable import StepExecution

extension PlannedStep {
    static func composite(
        _ action: CompositeAction, path: String = "./act", id: String = "__self", with inputs: TemplateValue? = nil,
        _ change: (inout PlannedStep) -> Void = { _ in }
    ) -> PlannedStep {
        var step = PlannedStep(
            id: id,
            work: .action(ActionWork(reference: .local(path: path), inputs: inputs, definition: .composite(action))))
        change(&step)
        return step
    }

    static func native(_ name: String, id: String = "native", with inputs: TemplateValue? = nil) -> PlannedStep {
        PlannedStep(
            id: id,
            work: .action(
                ActionWork(
                    reference: .repository(name: "actions/\(name)", path: "", ref: "v4"), inputs: inputs,
                    definition: .native(name: name))))
    }

    static func shell(_ script: TemplateValue, id: String = "__run", _ change: (inout PlannedStep) -> Void = { _ in })
        -> PlannedStep
    {
        var step = PlannedStep(id: id, work: .script(ScriptWork(script: script, shell: .string("bash"))))
        change(&step)
        return step
    }
}

@Suite("Action steps") struct ActionStepTests {
    @Test("a composite action has inputs, steps and outputs of its own")
    func isolatesScope() throws {
        let action = CompositeAction(
            inputs: [
                TemplateEntry(key: .string("who"), value: .string("nobody")),
                TemplateEntry(key: .string("greeting"), value: .expression("format('hi from {0}', github.repository)")),
            ],
            outputs: [TemplateEntry(key: .string("said"), value: .expression("steps.say.outputs.text"))],
            steps: [
                .shell(
                    .expression("format('echo \"text={0} {1}\" >> $GITHUB_OUTPUT', inputs.greeting, inputs.WHO)"),
                    id: "say"),
                .shell(.string("echo \"$GITHUB_ACTION_PATH $GITHUB_ACTION [$OUTER]\"; echo LATER=l >> $GITHUB_ENV")),
                .shell(.expression("format('echo \"{0}|{1}|$PWD\"', steps.before.outcome, steps.say.outcome)")),
            ])
        let job = try JobHarness([
            .run("true", id: "before"),
            .composite(
                action, path: "./.github/actions/act", id: "act",
                with: .map(["who": .string("me"), "odd": .string("x")])
            ) {
                $0.env = .map(["OUTER": .expression("github.event_name")])
            },
            .run(
                of: .expression(
                    "format('echo \"{0} {1} $LATER $OUTER|$GITHUB_ACTION_PATH\"', steps.act.outputs.said, steps.say.outcome)"
                )),
        ]) { $0.steps.defaultWorkingDirectory = .string("/") }
        try job.runAll()
        let workspace = job.folder.path + "/work"
        #expect(job.logs[StepPath([2, 2])]?.output == ["\(workspace)/.github/actions/act act [push]"])
        #expect(job.logs[StepPath([2, 3])]?.output == ["|success|\(workspace)"])
        #expect(job.output(3) == ["hi from owner/repo me  l |"])
        #expect(job.result(2)?.outcome == .success)
        #expect(job.result(2)?.outputNames == ["said"])
        #expect(
            job.logs[StepPath(2)]?.lines == [
                "##[group]Run ./.github/actions/act", "with:", "  who: me", "  odd: x",
                "  greeting: hi from owner/repo", "env:", "  OUTER: push", "##[endgroup]",
                "##[warning]Unexpected input(s) 'odd', valid inputs are ['who', 'greeting']",
            ])
        #expect(job.logs[StepPath(2)]?.isClosed == true)
    }

    @Test("a failure inside skips what follows, always() aside, and fails the action unless it may fail")
    func propagatesFailure() throws {
        let action = CompositeAction(steps: [
            .shell(.string("exit 2")), .shell(.string("echo no")),
            .shell(.string("echo yes")) { $0.condition = "failure()" },
        ])
        let job = try JobHarness([
            .composite(action, id: "a") { $0.continueOnError = .expression("true") },
            .run(of: .expression("format('echo {0} {1}', steps.a.outcome, steps.a.conclusion)")),
            .composite(action, id: "b"),
            .run("echo not reached"),
        ])
        try job.runAll()
        #expect(job.skips[StepPath([1, 2])] != nil)
        #expect(job.logs[StepPath([1, 3])]?.output == ["yes"])
        #expect(job.output(2) == ["failure success"])
        #expect(job.result(3)?.conclusion == .failure)
        #expect(job.skips[StepPath(4)] != nil)
    }

    @Test("actions nest; the environment of the callers wins over what steps add")
    func nests() throws {
        let inner = CompositeAction(
            inputs: [TemplateEntry(key: .string("x"), value: .null)],
            outputs: [TemplateEntry(key: .string("o"), value: .expression("format('<{0}>', inputs.x)"))],
            steps: [
                .shell(.string("echo \"$A $B\"; echo A=changed >> $GITHUB_ENV; echo B=added >> $GITHUB_ENV")),
                .shell(.string("echo \"$A $B\"")),
            ])
        let outer = CompositeAction(
            inputs: [TemplateEntry(key: .string("y"), value: .string("Y"))],
            outputs: [TemplateEntry(key: .string("o"), value: .expression("steps.in.outputs.o"))],
            steps: [.composite(inner, path: "./in", id: "in", with: .map(["x": .expression("inputs.y")]))])
        let job = try JobHarness([
            .composite(outer, path: "./out", id: "out") { $0.env = .map(["A": .string("outer")]) },
            .run(of: .expression("format('echo \"{0} $A $B\"', steps.out.outputs.o)")),
        ])
        try job.runAll()
        #expect(job.logs[StepPath([1, 1, 1])]?.output == ["outer "])
        #expect(job.logs[StepPath([1, 1, 2])]?.output == ["outer added"])
        #expect(job.output(2) == ["<Y> changed added"])
    }

    @Test("an action with a timeout tells its deadline; its steps can be stopped for it")
    func timesOut() throws {
        let action = CompositeAction(steps: [.shell(.string("echo ready; exec sleep 1000"))])
        let job = try JobHarness([.composite(action, id: "a") { $0.timeoutMinutes = .number(2) }])
        try job.prepare()
        job.job.start(StepAttempt(step: StepPath(1)), StatusFlags())
        guard case .started(.some)? = job.reports.first?.1 else {
            Issue.record("no deadline")
            return
        }
        let inner = StepPath([1, 1])
        job.job.start(StepAttempt(step: inner), StatusFlags())
        job.loop.run(while: { job.logs[inner]?.output != ["ready"] })
        job.job.timeOut(StepAttempt(step: inner))
        job.loop.run(while: { !job.isOver(inner) })
        #expect(job.logs[inner]?.output.last == "##[error]The action has timed out.")
        #expect(job.results[inner]?.outcome == .failure)
        job.job.conclude(StepAttempt(step: StepPath(1)), outcome: .failure, reason: Reason(.timeout, "Too long."))
        #expect(job.result(1)?.reason?.text == "The action 'Run ./act' has timed out after 2 minutes.")
        _ = job.finish()
    }

    @Test("a native action gets its inputs evaluated, and hands outputs on")
    func runsNative() throws {
        let job = try JobHarness([
            .native("checkout", id: "co", with: .map(["Path": .expression("github.repository")])),
            .run(of: .expression("format('echo {0}', steps.co.outputs.where)")),
        ]) {
            $0.nativeActions["checkout"] = { call in
                call.line("checking out \(call.input("path") ?? "?")")
                let workspace = call.workspace
                call.loop.offload(
                    { Files.isDirectory(workspace) },
                    then: { _ in
                        call.complete(.success(outputs: [.init("where", call.input("PATH") ?? "")]))
                    })
                return {}
            }
        }
        try job.runAll()
        #expect(job.output(1) == ["checking out owner/repo"])
        #expect(job.output(2) == ["owner/repo"])
    }

    @Test("a native action can fail with a code, and be cancelled")
    func endsNative() throws {
        let job = try JobHarness([.native("checkout"), .native("waiting"), .native("unknown")]) {
            $0.nativeActions["checkout"] = { call in
                call.complete(.failure(Diagnostic(.jobFiles, "No such ref.", remedy: "Fetch it.")))
                return {}
            }
            $0.nativeActions["waiting"] = { call in { call.complete(.cancelled) } }
        }
        try job.prepare()
        job.run(StepPath(1))
        #expect(job.output(1) == ["##[error]No such ref.", "MRT0554: Fetch it."])
        #expect(job.result(1)?.outcome == .failure)
        job.job.start(StepAttempt(step: StepPath(2)), StatusFlags())
        #expect(!job.isOver(StepPath(2)))
        job.job.cancel(StepAttempt(step: StepPath(2)), force: false)
        #expect(job.result(2)?.outcome == .cancelled)
        job.run(StepPath(3), StatusFlags())
        #expect(job.result(3)?.reason?.kind == .unavailable)
        _ = job.finish()
    }
}

@Suite("Background steps") struct BackgroundStepTests {
    private func background(_ script: String, id: String) -> PlannedStep {
        .run(script, id: id) { $0.isBackground = true }
    }

    @Test("run beside each other, and what they hand on counts once they are waited for")
    func defersChanges() throws {
        let job = try JobHarness([
            background(
                "until test -e go; do sleep 0.005; done; echo A=a >> $GITHUB_ENV; echo o=1 >> $GITHUB_OUTPUT", id: "one"
            ),
            background("until test -e go; do sleep 0.005; done; echo B=b >> $GITHUB_ENV", id: "two"),
            .run("touch go; echo \"[$A$B]\""),
            PlannedStep(id: "w", work: .wait(["one"])),
            .run(of: .expression("format('echo \"{0} $A\"', steps.one.outputs.o)")),
            PlannedStep(id: "all", work: .waitAll),
            .run("echo \"$A$B\""),
        ])
        try job.prepare()
        for step in 1...2 { job.job.start(StepAttempt(step: StepPath(step)), StatusFlags()) }
        job.run(StepPath(3))
        job.loop.run(while: { !job.isOver(StepPath(1)) || !job.isOver(StepPath(2)) })
        // The machine carries steps 4 and 6 itself.
        job.run(StepPath(5))
        job.run(StepPath(7))
        #expect(job.output(3) == ["[]"])
        #expect(job.output(5) == ["1 a"])
        #expect(job.output(7) == ["ab"])
        _ = job.finish()
    }
}
