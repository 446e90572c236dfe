// SPDX-License-Identifier: Apache-2.0

import FileAccess
import Glibc
import PipelineModel
import SecretRedaction
import StructuredData
import Testing

@testable import StepExecution

@Suite("Script steps") struct ScriptStepTests {
    @Test("a step hands outputs, environment and path on")
    func handsOn() throws {
        let job = try JobHarness([
            .run(
                "echo hello; echo 'v=1' >> $GITHUB_OUTPUT; echo 'NAME=x y' >> $GITHUB_ENV; echo /opt/a >> $GITHUB_PATH",
                id: "one"),
            .run(of: .expression("format('echo {0} $NAME ${{PATH%%:*}}', steps.one.outputs.v)")),
            .run("cat $GITHUB_OUTPUT $GITHUB_ENV $GITHUB_PATH | wc -c"),
        ])
        try job.runAll()
        #expect(job.output(1) == ["hello"])
        #expect(job.output(2) == ["1 x y /opt/a"])
        #expect(job.output(3) == ["0"])
        #expect(job.result(1)?.outcome == .success)
        #expect(job.result(1)?.outputNames == ["v"])
        #expect(job.result(1)?.recordDigest != nil)
        #expect(job.result(2)?.exitCode == 0)
    }

    @Test("the log begins with the script, its shell and its environment, as GitHub's does")
    func printsHeader() throws {
        let job = try JobHarness([
            .run("\n  echo one\necho two\n") {
                $0.script { $0.shell = .string("bash") }
                $0.env = .map(["B": .number(1.5), "A": .bool(true)])
            }
        ]) { $0.steps.env = .map(["J": .string("j")]) }
        try job.runAll()
        let bash = Files.isFile("/usr/local/bin/bash") ? "/usr/local/bin/bash" : "/usr/bin/bash"
        #expect(
            job.logs[StepPath(1)]?.lines == [
                "##[group]Run echo one", "\u{1B}[36;1m\u{1B}[0m", "\u{1B}[36;1m  echo one\u{1B}[0m",
                "\u{1B}[36;1mecho two\u{1B}[0m", "shell: \(bash) --noprofile --norc -e -o pipefail {0}", "env:",
                "  J: j",
                "  B: 1.5", "  A: true", "##[endgroup]", "one", "two",
            ])
        #expect(job.logs[StepPath(1)]?.heading.name == "Run echo one")
    }

    @Test("the default shell stops at the first failure but not in a pipe; bash also does there")
    func usesShellFlags() throws {
        let job = try JobHarness([
            .run("false | true; echo on; false; echo off") { $0.continueOnError = .bool(true) },
            .run("false | true; echo on") {
                $0.script { $0.shell = .string("bash") }
                $0.continueOnError = .bool(true)
            },
            .run("import sys; print('py', sys.argv[0][-3:])") { $0.script { $0.shell = .string("python3 {0}") } },
            .run("print q(perl)") { $0.script { $0.shell = .string("perl {0}") } },
            .run("echo sh") { $0.script { $0.shell = .string("sh") } },
        ]) { $0.hostEnvironment[0] = "PATH=\(hostPath)" }
        try job.runAll()
        #expect(job.output(1).prefix(2) == ["on", "##[error]Process completed with exit code 1."])
        #expect(job.result(1)?.outcome == .failure)
        #expect(job.result(1)?.conclusion == .success)
        #expect(job.output(2).first == "##[error]Process completed with exit code 1.")
        #expect(job.output(4) == ["perl"])
        #expect(job.output(5) == ["sh"])
    }

    private var hostPath: String { getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin" }

    @Test("environment: workflow, then job, then step, then what steps added before; contexts win")
    func layersEnvironment() throws {
        let job = try JobHarness([
            .run("echo $W $J $S $CI $GITHUB_ACTIONS; echo 'W=added' >> $GITHUB_ENV; echo GITHUB_SHA=x >> $GITHUB_ENV") {
                $0.env = .map(["S": .expression("format('{0}{1}', env.J, env.W)"), "CI": .string("no")])
            },
            .run("echo $W $J \"[$S]\" $CI $GITHUB_SHA $GITHUB_REPOSITORY $RUNNER_OS") {
                $0.env = .map(["GITHUB_REPOSITORY": .string("other/other")])
            },
            .run("echo $W") { $0.env = .map(["W": .string("mine")]) },
        ]) {
            $0.outerEnvironments = [.map(["W": .string("w"), "J": .string("w"), "S": .string("w")])]
            $0.steps.env = .map(["J": .string("j")])
            $0.contexts["github"] = ["repository": "owner/repo", "sha": "abc"]
        }
        try job.runAll()
        #expect(job.output(1) == ["w j jw no true"])
        #expect(job.output(2) == ["added j [w] true abc owner/repo Linux"])
        #expect(job.output(3) == ["mine"])
    }

    @Test("conditions see the steps before, and a skip says why, with secrets hidden")
    func evaluatesConditions() throws {
        let job = try JobHarness([
            .run("exit 3", id: "bad"),
            .run("echo no"),
            .run("echo yes") { $0.condition = "failure() && steps.bad.outcome == 'failure'" },
            .run("echo no", id: "quiet") { $0.condition = "always() && secrets.TOKEN == 'x' && github.ref == 'y'" },
            .run("echo ${{") { $0.condition = "always() && steps.quiet.conclusion == 'skipped'" },
            .run("echo") { $0.condition = "always() && fromJSON('{')" },
        ]) {
            $0.contexts["secrets"] = ["TOKEN": "hunter22"]
            $0.secrets = [Secret(name: "TOKEN", value: "hunter22")]
        }
        try job.runAll()
        #expect(job.result(1)?.reason == Reason(.exitCode, "Process completed with exit code 3."))
        #expect(job.skips[StepPath(2)]?.kind == .condition)
        #expect(job.output(3) == ["yes"])
        let reason = try #require(job.skips[StepPath(4)])
        #expect(reason.values.contains("secrets.TOKEN → '***'"))
        #expect(!reason.text.contains("hunter22"))
        #expect(job.result(5)?.outcome == .failure)
        #expect(job.result(6)?.reason?.kind == .invalid)
    }

    @Test("commands in the output do what they say, in order with it")
    func performsCommands() throws {
        let job = try JobHarness([
            .run(
                """
                printf 'a\\n::group::G\\nb\\n::endgroup::\\nno end'
                printf '\\n::warning file=x.c,line=2::careful\\n::set-output name=o::v\\n'
                echo 'text ::notice::no'
                echo '::debug::hidden'
                echo '##[error]broken'
                """, id: "c"),
            .run(of: .expression("format('echo {0}', steps.c.outputs.o)")),
        ])
        try job.runAll()
        let output = job.output(1)
        #expect(output.prefix(6) == ["a", "##[group]G", "b", "##[endgroup]", "no end", "##[warning]careful"])
        #expect(output.suffix(2) == ["text ::notice::no", "##[error]broken"])
        let annotations = try #require(job.logs[StepPath(1)]?.annotations)
        #expect(annotations.map(\.level) == [.warning, .warning, .error])
        #expect(annotations.first?.file == "x.c")
        #expect(annotations.first?.line == 2)
        #expect(job.result(1)?.outcome == .success)
        #expect(job.output(2) == ["v"])
    }

    @Test("secrets are hidden however the writes are split, added masks at once and for all that follows")
    func redacts() throws {
        let job = try JobHarness([
            .run(
                """
                printf 'x hun'; sleep 0.05; printf 'ter22 y\\n'
                echo "::add-mask::swordfish"; echo "a swordfish"
                echo "::add-mask::first-line%0Asecond-line"; echo "a second-line"
                echo "o=swordfish" >> $GITHUB_OUTPUT
                echo '# swordfish' >> $GITHUB_STEP_SUMMARY
                """, id: "s"),
            .run(of: .expression("format('echo {0} hunter22 | rev | rev', steps.s.outputs.o)")) {
                $0.env = .map(["E": .expression("secrets.TOKEN")])
            },
        ]) {
            $0.contexts["secrets"] = ["TOKEN": "hunter22"]
            $0.secrets = [Secret(name: "TOKEN", value: "hunter22")]
            $0.steps.outputs = .map([
                "bad": .expression("steps.s.outputs.o"), "good": .string("g"), "none": .string(""),
            ])
        }
        let ending = try job.runAll()
        #expect(job.output(1) == ["x *** y", "a ***", "a ***"])
        #expect(job.logs[StepPath(1)]?.marks.contains(.summary("# ***\n")) == true)
        #expect(job.output(2) == ["*** ***"])
        let all = job.logs.values.map(\.text).joined()
        #expect(!all.contains("hunter22"))
        #expect(job.logs[StepPath(2)]?.lines.contains("  E: ***") == true)
        #expect(ending.outputs == ["good": "g"])
        #expect(ending.annotations == [Annotation(.warning, "Skip output 'bad' since it may contain secret.")])
    }

    @Test("a mistake in a command file fails the step and keeps what was before it")
    func failsOnBadFiles() throws {
        let job = try JobHarness([
            .run("echo 'a=1' >> $GITHUB_OUTPUT; echo nothing >> $GITHUB_OUTPUT", id: "f"),
            .run(of: .expression("format('echo {0}', steps.f.outputs.a)")) { $0.condition = "always()" },
            .run("echo NODE_OPTIONS=x >> $GITHUB_ENV; head -c 1100000 /dev/zero >> $GITHUB_STEP_SUMMARY") {
                $0.condition = "always()"
            },
            .run("rm $GITHUB_ENV; mkdir $GITHUB_OUTPUT.d; echo \"[$NODE_OPTIONS]\"") { $0.condition = "always()" },
            .run("echo 'x<<E' >> $GITHUB_ENV; echo E >> $GITHUB_ENV") { $0.condition = "always()" },
        ])
        try job.runAll()
        #expect(job.result(1)?.outcome == .failure)
        #expect(
            job.output(1) == [
                "##[error]Unable to process file command 'output' successfully.", "##[error]Invalid format 'nothing'",
            ])
        #expect(job.output(2) == ["1"])
        #expect(
            job.output(3).first == "##[error]Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.")
        #expect(
            job.output(3).last?.hasPrefix(
                "##[error]$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got 1074k.")
                == true)
        #expect(job.result(3)?.outcome == .success)
        #expect(job.output(4) == ["[]"])
        #expect(job.result(5)?.outcome == .success)
    }

    @Test("what a step puts in the place of a command file neither blocks nor is written through")
    func survivesOddFiles() throws {
        let job = try JobHarness([
            .run(
                """
                echo 'o=through a link' > keep; ln -sf "$PWD/keep" "$GITHUB_OUTPUT"
                rm "$GITHUB_ENV"; mkfifo "$GITHUB_ENV"; rm "$GITHUB_PATH"; mkdir "$GITHUB_PATH"
                rm "$GITHUB_STATE"; ln -s /dev/zero "$GITHUB_STATE"
                """, id: "odd"),
            .run(of: .expression("format('echo \"{0}\"; cat keep; echo A=1 >> $GITHUB_ENV', steps.odd.outputs.o)")),
            .run("echo $A"),
        ])
        try job.runAll()
        #expect(job.result(1)?.outcome == .success)
        #expect(job.output(2) == ["through a link", "o=through a link"])
        #expect(job.output(3) == ["1"])
    }

    @Test("a missing shell, folder or a bad shell option fails with what to do")
    func explainsSetupFailures() throws {
        let job = try JobHarness([
            .run("echo") { $0.script { $0.shell = .string("pwsh") } },
            .run("echo") {
                $0.condition = "always()"
                $0.script { $0.workingDirectory = .string("not/there") }
            },
            .run("echo") {
                $0.condition = "always()"
                $0.script { $0.shell = .string("fish") }
            },
            .run("echo $PWD") {
                $0.condition = "always()"
                $0.script { $0.workingDirectory = .string("/tmp") }
            },
        ])
        try job.runAll()
        #expect(job.logs[StepPath(1)]?.lines.first == "##[error]pwsh: command not found")
        #expect(job.logs[StepPath(1)]?.lines.last?.hasPrefix("MRT0551: Install PowerShell") == true)
        #expect(job.result(1)?.reason?.kind == .setup)
        #expect(job.output(2).last?.hasPrefix("MRT0553: Create the folder") == true)
        #expect(job.result(3)?.outcome == .failure)
        #expect(job.output(4) == ["/tmp"])
    }

    @Test("a failure in an empty workspace hints at the forgotten checkout, once")
    func hintsAtCheckout() throws {
        let job = try JobHarness([.run("make"), .run("make") { $0.condition = "always()" }])
        try job.runAll()
        #expect(job.logs[StepPath(1)]?.annotations.contains { $0.message.contains("actions/checkout") } == true)
        #expect(job.logs[StepPath(2)]?.annotations.contains { $0.message.contains("actions/checkout") } == false)
    }

    @Test("the job's defaults, and contexts of its own")
    func usesDefaults() throws {
        let job = try JobHarness([
            .run(
                of: .expression(
                    "format('echo {0} {1} {2} {3}', job.status, runner.os, github.action, github.workspace); echo 1'")),
            .run(
                "echo \"$PWD $BASH_VERSION\"; echo $GITHUB_ACTION $GITHUB_EVENT_PATH; cat $GITHUB_EVENT_PATH",
                id: "named"
            ) {
                $0.condition = "always()"
            },
        ]) {
            $0.contexts["github"] = ["event": ["a": 1], "event_name": "push"]
            $0.steps.defaultShell = .string("sh")
            $0.steps.defaultWorkingDirectory = .expression("format('{0}', '/')")
        }
        try job.runAll()
        #expect(job.result(1)?.reason?.kind == .invalid)
        #expect(job.output(2) == ["/ ", "named \(job.folder.path)/scratch/event.json", "{\"a\":1}"])
    }

    @Test("hashFiles hashes files of the workspace")
    func hashesFiles() throws {
        let job = try JobHarness([
            .run("mkdir sub; printf a > a.txt; printf b > sub/b.txt"),
            .run(of: .expression("format('echo {0} [{1}]', hashFiles('**/*.txt'), hashFiles('none'))")),
        ])
        try job.runAll()
        #expect(job.output(2) == ["e5a01fee14e0ed5c48714f22180f25ad8365b53f9779f79dc4a3d7e93963f94a []"])
    }
}
