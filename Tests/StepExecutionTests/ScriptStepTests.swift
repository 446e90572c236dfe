// SPDX-License-Identifier: Apache-2.0

import PipelineModel
import StructuredData
import Testing

@testable import StepExecution

@Suite("Script steps") struct ScriptStepTests {
    @Test("a step prints, and hands outputs, environment and path on")
    func handsOn() throws {
        let job = try JobHarness([
            .run("echo hello; echo 'v=1' >> $GITHUB_OUTPUT; echo 'NAME=x y' >> $GITHUB_ENV; echo /opt/a >> $GITHUB_PATH", id: "one"),
            .run(of: .expression("format('echo {0} $NAME ${{PATH%%:*}}', steps.one.outputs.v)")),
        ])
        try job.runAll()
        #expect(job.output(1) == ["hello"])
        #expect(job.output(2) == ["1 x y /opt/a"])
        #expect(job.result(1)?.outcome == .success)
        #expect(job.result(1)?.outputNames == ["v"])
        #expect(job.result(2)?.exitCode == 0)
    }
}
