// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPMessages
import Testing

/// The verbs, asked of a server.
@Suite struct RemoteVerbs {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.git("init", "-q", "-b", "main", ".")
        try sandbox.git("remote", "add", "origin", "git@git.example.org:octo/app.git")
    }

    private func martlet(
        _ server: FakeServer, _ arguments: String..., environment: [String: String] = [:]
    ) throws -> Ended {
        var variables = ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": FakeServer.token]
        variables.merge(environment) { $1 }
        return try sandbox.start([Program.path] + arguments, environment: variables).end()
    }

    private func golden(
        _ name: String, _ ended: Ended, _ server: FakeServer, _ place: SourceLocation = #_sourceLocation
    ) throws {
        var text = ended.out + (ended.err.isEmpty ? "" : "--- stderr\n" + ended.err) + "--- exit \(ended.status)\n"
        text = text.replacingOccurrences(of: sandbox.root, with: "ROOT").replacingOccurrences(
            of: server.url, with: "SERVER")
        let path = Program.repository + "/Fixtures/terminal/\(name).txt"
        if ProcessInfo.processInfo.environment["BLESS"] == "1" {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        let golden = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        #expect(text == golden, "Fixtures/terminal/\(name).txt", sourceLocation: place)
    }

    // MARK: running

    @Test func aDispatchedRunIsFollowedAsALocalOneIs() throws {
        var answers = FakeRun.answers(12)
        answers["POST /projects/app/runs"] = [
            .json(
                #"{"runs":[{"run":12,"url":"https://ci.example.org/runs/12","workflow":"CI"}],"refused":[]}"#,
                status: 201)
        ]
        let server = try FakeServer(sandbox, answers)
        let ended = try martlet(
            server, "run", "./.github/workflows/ci.yml", "--ref", "main", "--input", "k=v", "--job", "build")
        try golden("server-run", ended, server)
        let request = try #require(server.requests("POST /projects/app/runs").first)
        #expect(
            JSON(Data(request.body))
                == JSON(
                    Data(#"{"workflow":".github/workflows/ci.yml","ref":"main","inputs":{"k":"v"},"jobs":["build"]}"#)))
        #expect(request.headers["idempotency-key"]?.isEmpty == false)
    }

    @Test(arguments: [("success", Int32(0)), ("failure", 5), ("cancelled", 3)])
    func aFollowedRunEndsAsALocalOneDoes(conclusion: String, status: Int32) throws {
        var answers = FakeRun.answers(12, conclusion: conclusion)
        answers["POST /projects/app/runs"] = [.json(#"{"runs":[{"run":12}],"refused":[]}"#, status: 201)]
        let server = try FakeServer(sandbox, answers)
        let ended = try martlet(server, "run", "ci.yml", "--json")
        #expect(ended.status == status, "\(ended.err)")
        #expect(
            ended.events.map { $0["type"].string } == [
                "runStarted", "jobWaiting", "jobStarted", "stepStarted", "annotation",
            ] + (ended.events("log").map { _ in "log" }) + ["stepFinished", "jobFinished", "runFinished"]
                || ended.events("log").count == 4)
        #expect(ended.events("log").map { $0["line"].string } == FakeRun.lines)
        #expect(ended.conclusion == conclusion)
        #expect(try martlet(server, "logs", "12", "-f").status == status)
    }

    @Test func aFailureShowsItsLastLinesAndWhatToDo() throws {
        var answers = FakeRun.answers(12, conclusion: "failure")
        answers["POST /runs/12/rerun"] = [.json(#"{"run":12,"attempt":1,"url":"u"}"#, status: 201)]
        let server = try FakeServer(sandbox, answers)
        let ended = try sandbox.start(
            [Program.path, "--server", server.url, "rerun", "12", "--failed"],
            environment: ["MARTLET_TOKEN": FakeServer.token]
        ).end()
        try golden("server-failure", ended, server)
        #expect(server.requests("POST /runs/12/rerun").map(\.body) == [#"{"select":"failed"}"#])
    }

    @Test(arguments: [
        (["--job", "a", "--job", "b"], #"{"select":"jobs","jobs":["a","b"]}"#),
        (["--from", "a/2"], #"{"select":"from","from":"a/2"}"#), ([], #"{"select":"all"}"#),
    ])
    func aRerunSaysWhatOfIt(arguments: [String], body: String) throws {
        let server = try FakeServer(
            sandbox,
            [
                "POST /runs/12/rerun": [.json(#"{"run":12,"attempt":2,"url":"U"}"#, status: 201)]
            ])
        let ended = try sandbox.start(
            [Program.path, "rerun", "12", "--detach"] + arguments,
            environment: ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": FakeServer.token]
        ).end()
        #expect(ended.out == "run 12, attempt 2  U\n")
        #expect(server.requests("POST /runs/12/rerun").map(\.body) == [body])
    }

    @Test func whatIsNotFollowedIsNamed() throws {
        let server = try FakeServer(
            sandbox,
            [
                "POST /projects/p/runs": [
                    .json(#"{"runs":[{"run":3,"url":"U","workflow":"CI"}],"refused":[]}"#, status: 201)
                ]
            ])
        #expect(try martlet(server, "run", "ci.yml", "--project", "p", "--detach").out == "run 3  CI  U\n")
    }

    @Test func nothingToRunIsSaidWithItsReasons() throws {
        let server = try FakeServer(
            sandbox,
            [
                "POST /projects/p/runs": [
                    .json(#"{"runs":[],"refused":[{"workflow":"ci.yml","reason":"No dispatch."}]}"#)
                ]
            ])
        let ended = try martlet(server, "run", "ci.yml", "--project", "p")
        #expect(ended.status == 6)
        #expect(ended.err.contains("MRT0903") && ended.err.contains("ci.yml: No dispatch."))
    }

    @Test func anInterruptEndsTheShowingAndNotTheRun() throws {
        var answers = FakeRun.answers(12)
        answers["GET /runs/12/attempts/1"] = [
            .json(FakeRun.row(12, state: "running", conclusion: nil) + #","jobs":[]}"#)
        ]
        answers["GET /runs/12/attempts/1/events"] = [
            .events(
                [FakeRun.events(Array(FakeRun.updates(run: 12, conclusion: "success").prefix(3)), ends: false)],
                end: .hangs)
        ]
        answers["POST /projects/p/runs"] = [.json(#"{"runs":[{"run":12}],"refused":[]}"#, status: 201)]
        let server = try FakeServer(sandbox, answers)
        let running = try sandbox.start(
            [Program.path, "run", "ci.yml", "--project", "p"],
            environment: ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": FakeServer.token])
        while !((try? String(contentsOfFile: running.outPath, encoding: .utf8)) ?? "").contains("[Build] started") {
            sched_yield()
        }
        running.signal(SIGINT)
        let ended = try running.end()
        #expect(ended.status == 130)
        #expect(ended.err.contains("Run 12 goes on.") && ended.err.contains("martlet cancel 12"))
        #expect(server.requests.allSatisfy { !$0.line.contains("cancel") })
    }

    @Test func aBrokenConnectionIsMadeAnewWithoutGapOrEcho() throws {
        let updates = FakeRun.updates(run: 12, conclusion: "success")
        let whole = FakeRun.events(updates)
        let cut = whole.firstRange(of: "id: 4")!.lowerBound
        var answers = FakeRun.answers(12)
        answers["GET /runs/12/attempts/1"] = [
            .json(FakeRun.row(12, state: "queued", conclusion: nil) + #","jobs":[]}"#)
        ]
        answers["GET /runs/12/attempts/1/events"] = [
            .events([String(whole[..<cut])], end: .breaks), .events([String(whole[cut...])]),
        ]
        answers["POST /projects/p/runs"] = [.json(#"{"runs":[{"run":12}],"refused":[]}"#, status: 201)]
        let server = try FakeServer(sandbox, answers)
        let ended = try martlet(server, "run", "ci.yml", "--project", "p", "--json")
        #expect(ended.status == 0, "\(ended.err)")
        #expect(
            ended.events.filter { $0["type"].string != "log" }.map { $0["type"].string }
                == updates.map { JSON(Data($0))["type"].string })
        let last = server.requests("GET /runs/12/attempts/1/events").map { $0.headers["last-event-id"] }
        #expect(last == ["0", "3"])
    }

    // MARK: looking back

    @Test func runsAreListedAsThoseOfThisMachine() throws {
        let rows =
            FakeRun.row(12, state: "running", conclusion: nil) + "}," + FakeRun.row(11, conclusion: "failure") + "},"
            + FakeRun.row(10) + "}"
        let server = try FakeServer(
            sandbox,
            [
                "GET /projects": [FakeRun.projects], "GET /runs": [.json(#"{"items":[\#(rows)],"next":null}"#)],
            ])
        try golden("server-runs", try martlet(server, "runs"), server)
        #expect(server.requests("GET /runs?project=app&limit=20").count == 1)
        try golden("server-runs-all", try martlet(server, "runs", "--all"), server)
        let json = try martlet(server, "runs", "--json").json.array
        #expect(json.map { $0["run"].number } == [12, 11, 10])
        let keys: Set = [
            "run", "attempt", "workflow", "title", "path", "event", "ref", "root", "createdAt", "conclusion", "state",
            "unavailable",
        ]
        #expect(json.allSatisfy { keys.isSubset(of: $0.keys) })
        #expect(json[1]["durationMs"].number == 3_400)
    }

    @Test func aRunIsShownWithWhatItsJobsFound() throws {
        var answers = FakeRun.answers(12, conclusion: "failure")
        let at = "GET /runs/12/attempts/1"
        answers[at + "/annotations"] = [
            .json(
                #"{"items":[{"job":"build","step":"1","level":"error","message":"expected ;","file":"main.c","line":3}],"next":null}"#
            )
        ]
        answers[at + "/tests"] = [
            .json(
                #"{"items":[{"job":"build","suite":"s","name":"adds","status":"failed","durationSeconds":0.5,"message":"1 is not 2"}],"next":null}"#
            )
        ]
        answers[at + "/summaries"] = [
            .json(#"{"items":[{"job":"build","step":"1","markdown":"All done"}],"next":null}"#)
        ]
        let server = try FakeServer(sandbox, answers)
        try golden("server-show", try martlet(server, "runs", "show", "12"), server)
        let json = try martlet(server, "runs", "show", "12", "--json").json
        #expect(json.keys == ["schema", "run", "jobs", "annotations", "tests", "summaries"])
        #expect(json["jobs"].array.map { $0["job"].string } == ["build"])
        #expect(json["annotations"].array.map { $0["line"].number } == [3])
        #expect(json["run"]["jobs"] == .null)
    }

    @Test func reasonsAreTold() throws {
        var answers = FakeRun.answers(12, conclusion: "failure")
        answers["GET /runs/12/attempts/1/why"] = [
            .json(
                #"{"items":[{"title":"Build","job":"build","conclusion":"failure","reason":{"kind":"exitCode","text":"Step 1 failed."},"notes":["It waited 4 s for the runner 'one'."]},{"title":"1 Compile","job":"build","step":"1","conclusion":"failure","reason":{"kind":"exitCode","text":"It exited with code 2."},"notes":[]}],"next":null}"#
            )
        ]
        let server = try FakeServer(sandbox, answers)
        try golden("server-why", try martlet(server, "why", "12", "build"), server)
        #expect(server.requests("GET /runs/12/attempts/1/why?job=build&limit=100").count == 1)
        let json = try martlet(server, "why", "12", "--json").json
        #expect(json["run"]["run"].number == 12)
        #expect(json["reasons"].array.count == 2)
    }

    @Test func logsAreThoseOfTheRun() throws {
        let server = try FakeServer(sandbox, FakeRun.answers(12))
        try golden("server-logs", try martlet(server, "logs", "12"), server)
        #expect(
            try martlet(server, "logs", "12", "--raw", "--job", "Build").out.contains("[Build] ##[group]Run make\n"))
        #expect(try martlet(server, "logs", "12", "-f", "--step", "1").out == martlet(server, "logs", "12").out)
        let none = try martlet(server, "logs", "12", "--job", "test")
        #expect(none.status == 1)
        #expect(none.err.contains("MRT0906"))
    }

    @Test func artifactsAreListedAndFetched() throws {
        try sandbox.write("in/a.txt", "hello")
        #expect(try sandbox.start(["python3", "-m", "zipfile", "-c", "x.zip", "in/a.txt"]).end().status == 0)
        let server = try FakeServer(
            sandbox,
            [
                "GET /runs/12/artifacts": [
                    .json(
                        #"{"items":[{"name":"my out","id":1,"job":"Build","size":5,"created":"2026-01-01T00:00:00Z","digest":"sha256:ab"}],"next":null}"#
                    )
                ],
                "GET /runs/12/artifacts/my%20out": [.file(sandbox.path("x.zip"), type: "application/zip")],
            ])
        try golden("server-artifacts", try martlet(server, "artifacts", "list", "12"), server)
        #expect(try martlet(server, "artifacts", "list", "12", "--json").json["artifacts"].array.count == 1)
        let ended = try martlet(server, "artifacts", "get", "my out", "--run", "12", "--to", "out")
        #expect(ended.status == 0, "\(ended.err)")
        #expect(sandbox.read("out/in/a.txt") == "hello" || sandbox.read("out/a.txt") == "hello")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: sandbox.path("out")).allSatisfy { !$0.hasPrefix(".") })
    }

    @Test func aRunIsCancelled() throws {
        let server = try FakeServer(sandbox, ["POST /runs/12/cancel": [.json("{}", status: 202)]])
        #expect(try martlet(server, "cancel", "12", "--force").out == "Run 12 was asked to end.\n")
        #expect(server.requests("POST /runs/12/cancel").map(\.body) == [#"{"force":true}"#])
    }

    // MARK: approvals

    private static let approvals = FakeServer.Answer.json(
        #"{"items":[{"run":12,"attempt":2,"job":"deploy","project":"app","event":"workflow_dispatch","inputs":{"level":"high"},"environment":"production","sentence":"One of the release team","requested":1,"required":2,"approved":["ada"]},{"run":12,"attempt":2,"job":"docs","project":"app","event":"push","environment":"pages","sentence":"Anybody","requested":1,"required":1,"approved":[]}],"next":null}"#
    )

    @Test func whatWaitsForPeopleIsListedAndDecided() throws {
        let server = try FakeServer(
            sandbox,
            [
                "GET /approvals": [Self.approvals], "POST /runs/12/attempts/2/approvals/deploy": [.json("{}")],
            ])
        try golden("server-approvals", try martlet(server, "approve"), server)
        #expect(try martlet(server, "approve", "--json").json["approvals"].array.count == 2)
        let several = try martlet(server, "approve", "12")
        #expect(several.status == 1 && several.err.contains("MRT1251"), "\(several.err)")
        let one = try martlet(server, "approve", "12", "--environment", "production", "--reason", "Go")
        #expect(one.out == "deploy of run 12 was approved for production.\n", "\(one.err)")
        let other = try martlet(server, "reject", "12", "--job", "deploy")
        #expect(other.out == "deploy of run 12 was rejected for production.\n", "\(other.err)")
        #expect(
            server.requests("POST /runs/12/attempts/2/approvals/deploy").map(\.body) == [
                #"{"decision":"approve","reason":"Go"}"#, #"{"decision":"reject","reason":""}"#,
            ])
    }
}

/// Which server is meant, and what is said where it cannot be asked.
@Suite struct RemoteChoice {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private func martlet(_ arguments: String..., environment: [String: String] = [:], stdin: String = "") throws
        -> Ended
    {
        try sandbox.start([Program.path] + arguments, stdin: Data(stdin.utf8), environment: environment).end()
    }

    @Test(arguments: ["shell", "debug", "clean", "hooks", "plan", "check", "eval", "doctor"])
    func aVerbOfThisMachineSaysSo(verb: String) throws {
        for arguments in [[verb, "--server", "https://ci.example.org"], ["--server=https://ci.example.org", verb]] {
            let ended = try sandbox.martlet(arguments)
            #expect(ended.status == 2)
            #expect(ended.err.contains("error[MRT1245]") && ended.err.contains("martlet \(verb)"), "\(ended.err)")
        }
    }

    @Test func aServerOfTheEnvironmentLeavesThemAlone() throws {
        let ended = try martlet("eval", "1 + 1 == 2", environment: ["MARTLET_SERVER": "https://ci.example.org"])
        #expect(!ended.err.contains("MRT1245"))
        #expect(try martlet("exit-codes", environment: ["MARTLET_SERVER": "https://ci.example.org"]).status == 0)
    }

    @Test func thisMachineCanBeMeantAllTheSame() throws {
        let ended = try martlet(
            "runs", "--all", "--server", "none", environment: ["MARTLET_SERVER": "http://127.0.0.1:1"])
        #expect(ended.status == 0)
        #expect(ended.out == "No run was made here yet.\n")
    }

    @Test func optionsOfThisMachineAreRefused() throws {
        let ended = try martlet("run", "--watch", "--bind", "--server", "http://127.0.0.1:1")
        #expect(ended.status == 2)
        #expect(ended.err.contains("MRT1246") && ended.err.contains("--bind, --watch"), "\(ended.err)")
    }

    @Test func anOptionForAServerNeedsOne() throws {
        for arguments in [["runs", "--project", "p"], ["run", "--detach"], ["approve", "1"]] {
            let ended = try sandbox.martlet(arguments)
            #expect(ended.status == 2 && ended.err.contains("MRT1247"), "\(ended.err)")
        }
    }

    @Test func aServerThatIsNotThereIsSaidToBeSo() throws {
        let ended = try martlet("cancel", "1", "--server", "http://127.0.0.1:1")
        #expect(ended.status == 1)
        #expect(ended.err.contains("MRT1241") && ended.err.contains("curl http://127.0.0.1:1/healthz"), "\(ended.err)")
        #expect(try martlet("cancel", "1", "--server", "ftp://x").status == 2)
        let unnamed = try martlet("run", "--server", "http://127.0.0.1:1")
        #expect(unnamed.status == 2 && unnamed.err.contains("MRT0900"), "\(unnamed.err)")
    }

    @Test func whoMayNotIsTold() throws {
        let server = try FakeServer(
            sandbox,
            [
                "POST /runs/1/cancel": [FakeServer.problem(403, "MRT1101", "You may not cancel runs.", "Ask for it.")]
            ])
        let ended = try martlet(
            "cancel", "1", environment: ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": FakeServer.token])
        #expect(ended.status == 4)
        #expect(ended.err.contains("error[MRT1101]") && ended.err.contains("You may not cancel runs."))
        #expect(ended.err.contains("Ask for it."))
        #expect(try martlet("cancel", "1", environment: ["MARTLET_SERVER": server.url]).status == 4)
    }

    @Test func aTokenComesFromAFileToo() throws {
        let server = try FakeServer(sandbox, ["POST /runs/1/cancel": [.json("{}", status: 202)]])
        try sandbox.write("token", "  \(FakeServer.token)\n")
        #expect(try martlet("cancel", "1", "--server", server.url, "--token-file", "token").status == 0)
        try sandbox.write("token", "\n")
        let ended = try martlet("cancel", "1", "--server", server.url, "--token-file", "token")
        #expect(ended.status == 1 && ended.err.contains("MRT1250"))
    }

    @Test func theTokenOfOneServerIsNotShownToAnother() throws {
        let server = try FakeServer(sandbox, ["POST /runs/1/cancel": [.json("{}", status: 202)]])
        let ended = try martlet(
            "cancel", "1", "--server", server.url,
            environment: ["MARTLET_SERVER": "https://ci.example.org", "MARTLET_TOKEN": FakeServer.token])
        #expect(ended.status == 2 && ended.err.contains("MRT1249"))
        #expect(server.requests.isEmpty)
    }

    @Test func whoHasSignedInNeedsNoToken() throws {
        let server = try FakeServer(
            sandbox,
            [
                "GET /runs": [.json(#"{"items":[],"next":null}"#)],
                "GET /approvals": [.json(#"{"items":[],"next":null}"#)], "GET /me": [.json("{}")],
            ])
        let wrong = try martlet("auth", "login", server.url, stdin: "mrt_pat_wrong\n")
        #expect(wrong.status == 4)
        let path = sandbox.root + "/.config/martlet/servers.json"
        #expect(!FileManager.default.fileExists(atPath: path))
        let ended = try martlet("auth", "login", server.url, stdin: FakeServer.token + "\n")
        #expect(ended.status == 0, "\(ended.err)")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try martlet("runs", "--all", "--server", "127.0.0.1").status == 0)
        #expect(try martlet("auth", "status").status == 0)
        #expect(try martlet("auth", "status", "--server", "127.0.0.1").status == 0)
        #expect(try martlet("approve").out == "Nothing waits for an approval.\n")
        #expect(try martlet("auth", "logout").status == 0)
        #expect(try martlet("runs", "--all", "--server", server.url).status == 4)
        let gone = try martlet("auth", "logout")
        #expect(gone.status == 2 && gone.err.contains("MRT1249"))
    }

    @Test func aProjectThatCannotBeToldIsAskedFor() throws {
        let server = try FakeServer(sandbox, ["GET /projects": [FakeRun.projects]])
        let environment = ["MARTLET_SERVER": server.url, "MARTLET_TOKEN": FakeServer.token]
        let ended = try martlet("runs", environment: environment)
        #expect(ended.status == 2)
        #expect(ended.err.contains("MRT1248") && ended.err.contains("other, app"), "\(ended.err)")
        let missing = try martlet("runs", environment: environment.merging(["MARTLET_PROJECT": "nope"]) { $1 })
        #expect(missing.status == 1)
    }

    @Test func aStepIsNotGivenTheToken() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'echo "token=[${MARTLET_TOKEN:-}]"'}]}}
            """, environment: ["MARTLET_TOKEN": "mrt_pat_secret"])
        #expect(ended.lines("a").contains("token=[]"), "\(ended.out)")
    }
}

extension Data {
    fileprivate init(_ text: String) { self.init(text.utf8) }
}
