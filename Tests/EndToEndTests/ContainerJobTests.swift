// SPDX-License-Identifier: Apache-2.0

import ContainerEngine
import Foundation
import Glibc
import Testing

/// Jobs in containers, services and Docker actions, against a real engine.
@Suite(.enabled(if: PrivateEngine.shared != nil, "dockerd does not start here"), PrivateEngineTrait())
struct ContainerJobTests {
    private let sandbox: Sandbox
    private let engine: PrivateEngine

    init() throws {
        sandbox = try Sandbox()
        engine = try #require(PrivateEngine.shared)
    }

    private func start(_ job: String, steps: String, engine other: PrivateEngine? = nil) throws -> RunningProgram {
        let lines = steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        try sandbox.workflow("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    \(job)\n    steps:\n\(lines)\n")
        return try martlet(["run", "--json", "ci.yml"], engine: other)
    }

    private func martlet(_ arguments: [String], engine other: PrivateEngine? = nil) throws -> RunningProgram {
        let more = ["MARTLET_ACTIONS_DIR": sandbox.root + "/actions"]
        return try sandbox.start(
            [Program.path] + arguments, environment: (other ?? engine).environment.merging(more) { $1 })
    }

    private func run(_ job: String, steps: String) throws -> Ended { try start(job, steps: steps).end() }

    private func reason(_ ended: Ended, _ place: String) -> String {
        ended.step("a", place)["reason"].string ?? ended.step("a", place)["reason"]["text"].string ?? ""
    }

    // MARK: steps

    @Test func builtInActionsSpeakTheContainersPathsAndReachNoOthers() throws {
        let steps = """
            - uses: actions/cache@v4
              id: c
              with: {path: "~/.tool\\n${{ github.workspace }}/deps", key: k}
            - run: mkdir -p ~/.tool deps; echo x > ~/.tool/f; echo y > deps/f; cat ~/.tool/f deps/f > all
            - {uses: actions/upload-artifact@v4, with: {path: '${{ github.workspace }}/all', name: art}}
            - {uses: actions/download-artifact@v4, id: d, with: {name: art, path: got}}
            - run: cmp all got/all && test '${{ steps.d.outputs.download-path }}' = $GITHUB_WORKSPACE/got
            - run: echo "hit=${{ steps.c.outputs.cache-hit }}"
            """
        let first = try run("container: \(PrivateEngine.plain)", steps: steps)
        #expect(first.status == 0, "\(first.out)\(first.err)")
        #expect(first.lines("a").contains("Cache saved with key: k"), "\(first.out)")
        let second = try run("container: \(PrivateEngine.plain)", steps: steps)
        #expect(second.lines("a").contains("hit=true"), "\(second.out)\(second.err)")
        try sandbox.write("../secret", "of the user")
        let outside = try run(
            "container: \(PrivateEngine.plain)",
            steps: "- {uses: actions/upload-artifact@v4, with: {path: \(sandbox.root)/secret}}")
        #expect(outside.out.contains("MRT0891"), "\(outside.out)")
    }

    @Test func aCheckoutHasItsObjectsAndIsTrustedByGit() throws {
        let steps = """
            - uses: actions/checkout@v4
            - run: test ! -e .git/objects/info/alternates; ls .git/objects/pack | grep 'pack$'
            - run: grep "directory = $GITHUB_WORKSPACE" ~/.gitconfig
            """
        try sandbox.write("f", "x")
        try sandbox.commitAll()
        let ended = try run("container: \(PrivateEngine.plain)", steps: steps)
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
    }

    @Test func stepsRunInTheContainerWithItsPaths() throws {
        try sandbox.write("here.txt", "from the host\n")
        let ended = try run(
            "container: {image: \(PrivateEngine.plain), env: {COLOUR: red}}\n    env: {PLACE: '${{ github.workspace }}/x'}",
            steps: """
                - uses: actions/checkout@v4
                - id: one
                  run: |
                    echo $COLOUR $PLACE $(pwd) $HOME; cat here.txt
                    echo A=1 >> $GITHUB_ENV; echo /extra >> $GITHUB_PATH; echo o=2 >> $GITHUB_OUTPUT
                    mkdir sub; echo made > sub/made.txt
                - run: echo $A ${PATH%%:*} ${{ steps.one.outputs.o }} ${{ hashFiles('sub/made.txt') != '' }}; pwd
                  working-directory: sub
                - run: test "$(cat $GITHUB_EVENT_PATH)" && echo ${{ runner.temp }} $RUNNER_TEMP $GITHUB_WORKSPACE
                - run: 'echo "::warning file=$GITHUB_WORKSPACE/sub/made.txt,line=1::hm"'
                - run: exit 3
                """)
        #expect(ended.status == 5, "\(ended.err)")
        #expect(
            ended.lines("a").contains("red /__w/project/project/x /__w/project/project /github/home"),
            "\(ended.lines("a"))")
        #expect(ended.lines("a").contains("from the host"))
        #expect(ended.lines("a").contains("1 /extra 2 true"))
        #expect(ended.lines("a").contains("/__w/project/project/sub"))
        #expect(ended.lines("a").contains("/__w/_temp /__w/_temp /__w/project/project"))
        #expect(ended.out.contains("\"sub/made.txt\"") || ended.out.contains("sub\\/made.txt"))
        #expect(ended.step("a", "6")["exitCode"].number == 3)
        #expect(try engine.leftovers(of: sandbox) == 0)
    }

    @Test func whatTheImageLacksIsToldByName() throws {
        let ended = try run(
            "container: \(PrivateEngine.plain)",
            steps: """
                - run: echo no
                  shell: bash
                  continue-on-error: true
                - run: pwd
                  working-directory: /no/such
                """)
        #expect(ended.out.contains("MRT0551: bash: command not found in the container"))
        #expect(ended.out.contains("MRT0553: The step's working directory '/no/such' is not in the container."))
    }

    @Test func bashIsTakenWhereItIsAskedFor() throws {
        let ended = try run(
            "container: \(PrivateEngine.full)",
            steps: "- run: echo ${BASH_VERSION:+bash}\n  shell: bash\n- run: echo ${BASH_VERSION:-sh}\n")
        #expect(ended.status == 0, "\(ended.out)")
        #expect(ended.lines("a").contains("bash") && ended.lines("a").contains("sh"))
    }

    @Test func nodeActionsRunInTheContainer() throws {
        try sandbox.write(
            "../actions/acme/js@v1/action.yml",
            "name: J\ndescription: d\ninputs: {who: {description: x}}\nruns: {using: node20, main: m.js, post: p.js}\n")
        let state = "require('fs').appendFileSync(process.env.GITHUB_STATE, 'a=1\\n')"
        try sandbox.write(
            "../actions/acme/js@v1/m.js",
            "console.log('>', process.env.INPUT_WHO, process.cwd(), process.env.GITHUB_ACTION_REPOSITORY); \(state)\n")
        let call =
            "require('http').get(process.env.ACTIONS_RESULTS_URL, r => { r.resume(); console.log('> status', r.statusCode) })"
        try sandbox.write("../actions/acme/js@v1/p.js", "console.log('> post', process.env.STATE_a); \(call)\n")
        let steps = "- uses: acme/js@v1\n  with: {who: me}\n"
        let ended = try run("container: \(PrivateEngine.full)", steps: steps)
        #expect(ended.status == 0, "\(ended.out)")
        let said = ended.lines("a").filter { $0.hasPrefix("> ") }
        #expect(said.prefix(2) == ["> me /__w/project/project acme/js", "> post 1"], "\(said)")
        // The run's services are reached from there.
        #expect(said.last?.hasPrefix("> status ") == true)
        let without = try run("container: \(PrivateEngine.plain)", steps: steps)
        #expect(without.status == 5 && without.out.contains("MRT0883"))
    }

    // MARK: services

    @Test func servicesAreReachedByNameAndByPort() throws {
        let service = "{image: \(PrivateEngine.plain), entrypoint: httpd, command: '-f -p 80 -h /etc', ports: ['80']"
        let check = "options: '--health-cmd \"wget -q -O - http://localhost/passwd\" --health-interval 100ms'}"
        let inside = try run(
            "container: \(PrivateEngine.plain)\n    services: {web: \(service), \(check)}",
            steps: "- run: wget -q -O - http://web/passwd\n")
        #expect(inside.status == 0, "\(inside.out)")
        #expect(inside.lines("a").contains { $0.hasPrefix("root:") })
        let outside = try run(
            "services: {web: \(service), \(check)}",
            steps: """
                - run: exec 3<>/dev/tcp/127.0.0.1/${{ job.services.web.ports[80] }}; printf 'GET /passwd HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3
                  shell: bash
                """)
        #expect(outside.lines("a").contains { $0.hasPrefix("root:") }, "\(outside.out)")
    }

    @Test func aServiceThatFailsIsToldWithWhatItPrinted() throws {
        let ended = try run(
            "services: {web: {image: \(PrivateEngine.plain), entrypoint: sh, command: '-c \"echo going down; sleep 60\"', "
                + "options: '--health-cmd false --health-interval 50ms --health-retries 2'}}",
            steps: "- run: echo never\n")
        #expect(ended.status == 5)
        #expect(ended.out.contains("The service 'web' is unhealthy.") && ended.out.contains("going down"))
        #expect(!ended.lines("a").contains("never"))
    }

    // MARK: Docker actions

    @Test func dockerActionsAreBuiltOnceAndRun() throws {
        try sandbox.write(
            "doc/action.yml",
            """
            name: D
            description: d
            inputs: {who: {description: x, default: 'w ${{ github.event_name }}'}, place: {description: y}}
            runs:
              using: docker
              image: Dockerfile
              args: ['${{ inputs.who }}', two words]
              env: {FLAVOUR: 'f-${{ inputs.who }}'}
              post-entrypoint: /post.sh
            """)
        try sandbox.write("doc/Dockerfile", "FROM \(PrivateEngine.plain)\nCOPY *.sh /\nENTRYPOINT [\"/main.sh\"]\n")
        let main = """
            #!/bin/sh
            echo "> $#" "$1" "$2" "$INPUT_PLACE" "$FLAVOUR" $(pwd) $HOME
            echo said=yes >> $GITHUB_OUTPUT; echo k=v >> $GITHUB_STATE; cat $GITHUB_EVENT_PATH > made; exit ${CODE:-0}

            """
        try sandbox.write("doc/main.sh", main, mode: 0o755)
        try sandbox.write("doc/post.sh", "#!/bin/sh\necho \"> post $STATE_k\"\n", mode: 0o755)
        let steps = """
            - uses: actions/checkout@v4
            - id: d
              uses: ./doc
              with: {place: '${{ github.workspace }}/made'}
            - run: test -s made && echo "> ${{ steps.d.outputs.said }}"
            - uses: ./doc
              env: {CODE: 4}
            """
        for (place, job) in ["env: {X: y}", "container: \(PrivateEngine.plain)"].enumerated() {
            let ended = try run(job, steps: steps)
            #expect(ended.step("a", "4")["exitCode"].number == 4, "\(ended.out)")
            #expect(
                ended.lines("a").filter { $0.hasPrefix("> ") } == [
                    "> 2 w push two words /github/workspace/made f-w push /github/workspace /github/home", "> yes",
                    "> 2 w push two words  f-w push /github/workspace /github/home", "> post v", "> post v",
                ])
            #expect(ended.out.contains("Build container image") == (place == 0))
        }
        #expect(try engine.leftovers(of: sandbox) == 0)
        // Nor is a network left.
        #expect(try !martlet(["clean"]).end().out.contains("networks"))
    }

    @Test func whatIsIgnoredIsNotInAnImagesFiles() throws {
        try sandbox.write("doc/action.yml", "name: D\ndescription: d\nruns: {using: docker, image: Dockerfile}\n")
        try sandbox.write(
            "doc/Dockerfile", "FROM \(PrivateEngine.plain)\nCOPY . /src\nENTRYPOINT [\"/bin/ls\", \"-R\", \"/src\"]\n")
        try sandbox.write(
            "doc/.dockerignore", "# secrets\n*.key\n/build\n!build/keep.txt\n**/deep/*.tmp\nDockerfile\n")
        for name in ["a.key", "sub/a.key", "build/out", "build/keep.txt", "x/deep/a.tmp", "x/deep/b.txt"] {
            try sandbox.write("doc/" + name, "x")
        }
        let ended = try run("env: {X: y}", steps: "- uses: actions/checkout@v4\n- uses: ./doc\n")
        #expect(ended.status == 0, "\(ended.out)")
        let lines = Set(ended.lines("a"))
        // `*.key` is of the folder itself.
        #expect(lines.isSuperset(of: ["/src/sub:", "a.key", "keep.txt", "b.txt"]), "\(lines)")
        #expect(lines.isDisjoint(with: ["out", "a.tmp"]), "\(lines)")
        #expect(ended.lines("a").count { $0 == "a.key" } == 1)
    }

    @Test func imagesAreStepsToo() throws {
        let ended = try run(
            "env: {X: y}",
            steps: """
                - uses: docker://\(PrivateEngine.plain)
                  with: {entrypoint: echo, args: 'a "b c" d'}
                - uses: docker://\(PrivateEngine.plain)
                  with: {entrypoint: sh, args: '-c "exit 7"'}
                """)
        #expect(ended.lines("a").contains("a b c d"), "\(ended.out)")
        #expect(ended.step("a", "2")["exitCode"].number == 7)
    }

    @Test func nothingInTheSandboxReachesTheEngine() throws {
        try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, container: '\(PrivateEngine.plain)', steps: [{run: 'true'}]}}\n"
        )
        let ended = try martlet(["run", "--json", "--executor", "sandbox", "ci.yml"]).end()
        #expect(ended.status == 5 && ended.out.contains("MRT0887"), "\(ended.out) \(ended.err)")
    }

    // MARK: ends of another kind

    @Test func aStepThatTakesTooLongOrTooMuchIsEnded() throws {
        func run() throws -> Ended {
            try self.run(
                "container: {image: \(PrivateEngine.plain), options: --memory 48m}",
                steps: """
                    - run: |
                        trap 'echo interrupted; exit 5' INT
                        while true; do sleep 1000 || true; done
                      timeout-minutes: 0.2
                      continue-on-error: true
                    - run: tail /dev/zero
                    """)
        }
        var ended = try run()
        // On a busy machine the engine may take longer over the signal than a step is waited for.
        if !ended.lines("a").contains("interrupted") { ended = try run() }
        #expect(ended.lines("a").contains("interrupted"), "\(ended.out)")
        #expect(ended.out.contains("has timed out after 0.2 minutes"))
        #expect(ended.out.contains("The container ran out of memory"))
    }

    private var bellMount: String { "container: {image: \(PrivateEngine.plain), volumes: ['\(sandbox.folder):/bell']}" }

    @Test func aCancelledRunLeavesNoContainer() throws {
        let bell = try sandbox.bell()
        let running = try start(
            bellMount, steps: "- run: echo > /bell/bell; sleep 1000\n- run: echo after\n  if: always()\n")
        #expect(bell.rings())
        running.signal(SIGINT)
        let ended = try running.end()
        #expect(ended.conclusion == "cancelled", "\(ended.out)")
        #expect(ended.lines("a").contains("after"))
        #expect(try engine.leftovers(of: sandbox) == 0)
    }

    @Test func aCrashedRunGoesOnInContainersOfItsOwn() throws {
        let bell = try sandbox.bell()
        let running = try start(
            bellMount,
            steps: """
                - run: echo A=1 >> $GITHUB_ENV
                - run: echo > /bell/bell; sleep 1000
                - run: echo after $A
                  if: always()
                """)
        #expect(bell.rings())
        running.signal(SIGKILL)
        try running.end()
        #expect(try engine.leftovers(of: sandbox) == 1)
        let ended = try martlet(["run", "--json", "--resume", "1"]).end()
        #expect(ended.lines("a").contains("after 1"), "\(ended.out)")
        #expect(ended.out.contains("The step was cut off"))
        #expect(try engine.leftovers(of: sandbox) == 0)
    }

    @Test func aShellStandsInAContainerOfItsOwn() throws {
        let steps = """
            - run: echo "E=env" >>"$GITHUB_ENV"; echo made >f
            - run: "false"
            """
        #expect(try run("container: \(PrivateEngine.plain)", steps: steps).status == 5)
        let ended = try martlet(["shell", "a/2", "--", "sh", "-c", "pwd; cat f; echo $E; test -e /bin/busybox; exit 7"])
            .end()
        #expect(ended.status == 7, "\(ended.err)")
        #expect(ended.out == "/__w/project/project\nmade\nenv\n", "\(ended.out)")
        #expect(try engine.leftovers(of: sandbox) == 0)
    }

    @Test func aFailedStepIsLookedAtInItsContainer() throws {
        try sandbox.write("talk.py", PauseTests.talk)
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                container: \(PrivateEngine.plain)
                steps:
                  - run: echo "E=env" >>"$GITHUB_ENV"
                  - run: test -e mended
            """)
        let talk = [
            "[a]bort > ", "s", "with: exit", "echo \"<$E $PWD>\"; tty; touch mended; exit", "/dev/pts/", "",
            "[a]bort > ", "r",
        ]
        let ended = try sandbox.start(
            ["python3", "talk.py", Program.path] + talk,
            environment: engine.environment.merging(["TERM": "dumb"]) { $1 }
        ).end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(ended.out.contains("<env /__w/project/project>") && ended.out.contains("/dev/pts/"), "\(ended.out)")
    }

    @Test func cleanRemovesWhatACrashLeft() throws {
        let bell = try sandbox.bell()
        let running = try start(bellMount, steps: "- run: echo > /bell/bell; sleep 1000\n")
        #expect(bell.rings())
        // Of a run that is under way nothing is taken.
        #expect(try martlet(["clean"]).end().status == 0)
        #expect(try engine.leftovers(of: sandbox) == 1)
        running.signal(SIGKILL)
        try running.end()
        #expect(try martlet(["clean"]).end().out.contains("Removed 1 containers and 1 networks."))
        #expect(try engine.leftovers(of: sandbox) == 0)
    }

    @Test func anEngineThatGoesAwayEndsTheStepAndNotTheRun() throws {
        let other = try PrivateEngine()
        defer { other.stop() }
        let bell = try sandbox.bell()
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                \(bellMount)
                steps: [{run: 'echo > /bell/bell; sleep 1000'}]
              b:
                needs: a
                if: always()
                runs-on: ubuntu-latest
                steps: [{run: echo still here}]
            """)
        let running = try martlet(["run", "--json", "ci.yml"], engine: other)
        #expect(bell.rings())
        other.kill()
        let ended = try running.end()
        #expect(ended.status == 5, "\(ended.err)")
        #expect(ended.out.contains("MRT0846"), "\(ended.out)")
        #expect(ended.lines("b").contains("still here"))
        #expect(ended.conclusion == "failure")
    }
}

/// Without an engine.
@Suite struct MissingEngineTests {
    @Test func aPlanSaysWhereAnEngineWasLookedFor() throws {
        let sandbox = try Sandbox()
        try sandbox.workflow(
            """
            on: push
            jobs:
              job: {runs-on: ubuntu-latest, container: 'busybox', steps: [{run: 'true'}]}
              services: {runs-on: ubuntu-latest, services: {s: {image: busybox}}, steps: [{run: 'true'}]}
              step: {runs-on: ubuntu-latest, steps: [{uses: 'docker://busybox'}]}
              none: {runs-on: ubuntu-latest, container: '', steps: [{run: 'true'}]}
            """)
        let ended = try sandbox.start(
            [Program.path, "plan", "--json", "ci.yml"], environment: ["DOCKER_HOST": "unix:///no/engine.sock"]
        ).end()
        let jobs = ended.json["jobs"].array
        for job in jobs.prefix(3) {
            #expect(
                "\(job)".contains("MRT0840") && "\(job)".contains("/no/engine.sock (DOCKER_HOST): nothing is there"))
        }
        #expect(jobs.count == 4 && !"\(jobs.last ?? .null)".contains("MRT0840"))
    }
}
