// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `--pause-on-failure`, at a terminal that python makes.
@Suite struct PauseTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: echo "E=env" >> "$GITHUB_ENV"; echo made > made.txt
                  - name: Second
                    env: {OWN: mine}
                    run: echo 2 >> "$T/ran"; test -e mended
                  - run: echo 3 >> "$T/ran"
                  - if: always()
                    run: echo "last ${{ job.status }}" >> "$T/ran"
            """)
        try sandbox.write("talk.py", Self.talk)
    }

    /// Runs the workflow at a terminal, waits for each text in turn, and answers it.
    static let talk = """
        import os, pty, sys, select
        program, pairs = sys.argv[1], sys.argv[2:]
        pid, fd = pty.fork()
        if pid == 0:
            os.execvp(program, [program, 'run', 'ci.yml', '--pause-on-failure'])
        seen = b''
        def read():
            global seen
            ready, _, _ = select.select([fd], [], [], 30)
            if not ready: sys.exit('nothing came: ' + seen.decode(errors='replace'))
            try: data = os.read(fd, 65536)
            except OSError: data = b''
            sys.stdout.buffer.write(data)
            seen += data
            return data
        for wanted, answer in zip(pairs[::2], pairs[1::2]):
            while wanted.encode() not in seen:
                if not read(): sys.exit('it ended')
            seen = seen.split(wanted.encode(), 1)[1]
            os.write(fd, answer.encode() + b'\\n')
        while read(): pass
        sys.stdout.flush()
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """

    private func talk(_ pairs: String...) throws -> Ended {
        try sandbox.start(["python3", "talk.py", Program.path] + pairs, environment: ["TERM": "dumb"]).end()
    }

    @Test func aShellHasTheStepsEnvironmentAndAMendedStepIsTriedAgain() throws {
        let ended = try talk(
            "paused: Second failed", "s", "exit", "echo \"<$E $OWN $(cat made.txt)>\"; touch mended; exit",
            "<env mine made>", "", "[a]bort > ", "r")
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(sandbox.lines("ran") == ["2", "2", "3", "last success"])
        #expect(try sandbox.martlet("why", "1").out.contains("✓ 2 Second"))
    }

    @Test func aFailureStandsWhereTheUserGoesOn() throws {
        let ended = try talk("[a]bort > ", "c")
        #expect(ended.status == 5, "\(ended.out)\(ended.err)")
        #expect(sandbox.lines("ran") == ["2", "last failure"])
    }

    @Test func theRunIsCancelledWhereTheUserGivesUp() throws {
        let ended = try talk("[a]bort > ", "a")
        #expect(ended.status == 5 || ended.status == 3, "\(ended.out)\(ended.err)")
        #expect(sandbox.lines("ran").first == "2" && !sandbox.lines("ran").contains("3"))
    }

    @Test func thatIsRefusedWithoutATerminal() throws {
        let ended = try sandbox.martlet("run", "ci.yml", "--pause-on-failure")
        #expect(ended.status == 2 && ended.err.contains("there is none"))
    }
}
