// SPDX-License-Identifier: Apache-2.0

import Glibc
import PipelineModel
import ProcessControl
import StructuredData
import Testing

@testable import StepExecution

@Suite("Going on after a crash") struct ResumeTests {
    private let steps: [PlannedStep] = [
        .run(
            "echo '::add-mask::swordfish'; echo E=env >> $GITHUB_ENV; echo o=out >> $GITHUB_OUTPUT; echo /p >> $GITHUB_PATH",
            id: "one"),
        .run("echo never") { $0.condition = "false" },
        .run("echo ready; exec sleep 1000", id: "cut"),
        .run(
            of: .expression(
                "format('echo \"{0} $E swordfish {1} ${{PATH%%:*}}\"', steps.one.outputs.o, steps.cut.outcome)")
        ) {
            $0.condition = "always()"
        },
    ]

    /// The job up to the middle of its third step; then its coordinator is gone.
    private func crashed() throws -> TestFolder {
        let folder = TestFolder()
        let job = try JobHarness(steps, in: folder)
        try job.prepare()
        job.run(StepPath(1))
        job.run(StepPath(2))
        job.job.start(StepAttempt(step: StepPath(3)), StatusFlags())
        job.loop.run(while: { !job.output(3).contains("ready") })
        // With the harness its supervisor's lifeline goes, and with that all of its processes.
        return folder
    }

    @Test("what ended is known, what was cut off is known to be, and nothing else was started")
    func tellsEvidence() throws {
        let job = try JobHarness(steps, in: try crashed())
        let evidence = try job.job.restore()
        let outcome = try #require(evidence.outcomes[StepAttempt(step: StepPath(1))])
        #expect(evidence[StepAttempt(step: StepPath(1))] == .reported(.finished(outcome)))
        guard case .reported(.skipped(let reason)) = evidence[StepAttempt(step: StepPath(2))] else {
            Issue.record("the skip is lost")
            return
        }
        #expect(reason.expression == "false")
        #expect(evidence.outcomes[StepAttempt(step: StepPath(1))]?.outputNames == ["o"])
        #expect(evidence.outcomes[StepAttempt(step: StepPath(2))]?.outcome == .skipped)
        #expect(evidence[StepAttempt(step: StepPath(3))].isInterrupted)
        #expect(evidence[StepAttempt(step: StepPath(3), number: 2)] == .notStarted)
        #expect(evidence[StepAttempt(step: StepPath(4))] == .notStarted)
    }

    @Test("environment, outputs, path and masks hold before a line is written")
    func restoresState() throws {
        let job = try JobHarness(steps, in: try crashed())
        _ = try job.job.restore()
        try job.prepare()
        let cut = Reason(.interrupted, "It was cut off.")
        job.job.settle(StepAttempt(step: StepPath(3)), StepResult(outcome: .failure, reason: cut))
        job.run(StepPath(4), StatusFlags(isSuccess: false))
        #expect(job.output(4) == ["out env *** failure /p"])
        _ = job.finish()
    }

    @Test("an attempt that has a receipt is not started again")
    func refusesSecondStart() throws {
        let job = try JobHarness(steps, in: try crashed())
        _ = try job.job.restore()
        try job.prepare()
        job.run(StepPath(3), StatusFlags())
        #expect(job.result(3)?.reason?.kind == .interrupted)
        _ = job.finish()
    }

    @Test("after a reboot a missing receipt says nothing")
    func doubtsAfterReboot() throws {
        let job = try JobHarness(steps, in: try crashed()) { $0.bootID = "another" }
        let evidence = try job.job.restore()
        #expect(evidence[StepAttempt(step: StepPath(4))].isInterrupted)
        #expect(evidence.outcomes[StepAttempt(step: StepPath(1))] != nil)
    }

    @Test("a retry sees the environment from before the step")
    func retriesOnSnapshot() throws {
        let job = try JobHarness([
            .run("echo A=first >> $GITHUB_ENV"),
            .run("echo \"$A$MARTLET_STEP\"; echo A=second >> $GITHUB_ENV; exit 1", id: "again"),
            .run("echo $A") { $0.condition = "always()" },
        ])
        try job.prepare()
        job.run(StepPath(1))
        job.run(StepPath(2), StatusFlags())
        job.results = [:]
        job.job.start(StepAttempt(step: StepPath(2), number: 2), StatusFlags())
        job.loop.run(while: { !job.isOver(StepPath(2)) })
        #expect(job.output(2).first == "first2/2")
        job.run(StepPath(3), StatusFlags())
        #expect(job.output(3) == ["second"])
        _ = job.finish()
    }

    @Test("a composite action goes on inside, and ends after its last step")
    func resumesInsideAction() throws {
        let action = CompositeAction(
            inputs: [TemplateEntry(key: .string("i"), value: .string("in"))],
            outputs: [TemplateEntry(key: .string("o"), value: .expression("steps.a.outputs.x"))],
            steps: [
                .shell(.expression("format('echo x={0} >> $GITHUB_OUTPUT', inputs.i)"), id: "a"),
                .shell(.expression("format('echo {0} {1}', inputs.i, steps.a.outputs.x)"), id: "b"),
            ])
        let steps: [PlannedStep] = [
            .composite(action, id: "act", with: .map(["i": .string("given")])),
            .run(of: .expression("format('echo {0}', steps.act.outputs.o)")),
        ]
        let folder = TestFolder()
        do {
            let job = try JobHarness(steps, in: folder)
            try job.prepare()
            job.job.start(StepAttempt(step: StepPath(1)), StatusFlags())
            job.run(StepPath([1, 1]), StatusFlags())
        }
        let job = try JobHarness(steps, in: folder)
        let evidence = try job.job.restore()
        #expect(evidence.outcomes[StepAttempt(step: StepPath([1, 1]))]?.outcome == .success)
        try job.prepare()
        #expect(
            evidence[StepAttempt(step: StepPath(1))]
                == .reported(.expanded(steps: [ExpandedStep(id: "a"), ExpandedStep(id: "b")])))
        job.run(StepPath([1, 2]), StatusFlags())
        job.job.conclude(StepAttempt(step: StepPath(1)), outcome: .success)
        #expect(job.logs[StepPath([1, 2])]?.output == ["given given"])
        #expect(job.result(1)?.outcome == .success)
        job.run(StepPath(2), StatusFlags())
        #expect(job.output(2) == ["given"])
        _ = job.finish()
    }
}

extension AttemptEvidence {
    fileprivate var isInterrupted: Bool { if case .interrupted = self { true } else { false } }
}
