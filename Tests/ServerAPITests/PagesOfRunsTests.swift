// SPDX-License-Identifier: Apache-2.0

import AccessRules
import HTTPMessages
import PipelineModel
import RunCoordination
import StructuredData
import TestFolders
import Testing
import Timekeeping

@testable import ServerAPI
@testable import ServerOperation

@Suite("Pages of runs", .ownFolders)
struct PagesOfRunsTests {
    /// One job fails with a test, an annotation and a summary; names are hostile.
    static let failing = """
        name: CI <script>alert(2)</script>
        on: push
        jobs:
          build:
            runs-on: ubuntu-latest
            steps:
              - name: Compile <img src=x onerror=alert(3)>
                run: |
                  echo "##[group]Objects"
                  echo one
                  echo "##[endgroup]"
                  echo '<script>alert(4)</script> & more'
          test:
            name: test <b>all</b>
            needs: build
            runs-on: ubuntu-latest
            strategy: {fail-fast: false, matrix: {n: [1, 2]}}
            steps:
              - name: Try
                run: |
                  mkdir test-results
                  cat > test-results/junit.xml <<'X'
                  <testsuite name="Sums"><testcase name="adds"/><testcase name="carries"><failure message="7 &lt; 8"/></testcase></testsuite>
                  X
                  echo "::warning file=Sources/Sum.swift,line=7::beware of <i>this</i>"
                  echo "## Done <script>alert(5)</script>" >> "$GITHUB_STEP_SUMMARY"
                  for n in $(seq 1 40); do echo "try $n"; done
                  test ${{ matrix.n }} = 2
              - name: Go on
                run: echo went on
          deploy:
            needs: test
            runs-on: ubuntu-latest
            steps: [{run: echo never}]
        """

    private static let views = ["graph", "timeline", "tests", "annotations", "artifacts", "summary", "plan", "events"]

    /// What no page may hold as markup, whoever wrote it.
    private static func expectHarmless(_ reply: Reply, _ what: String) {
        for text in ["<script>alert", "<img src=x", "<b>all", "<i>L", "<i>this"] {
            #expect(!reply.text.contains(text), "\(what) holds \(text)")
        }
        #expect(reply.headers["content-security-policy"]?.contains("script-src 'self'") == true, "\(what)")
        #expect(reply.headers["x-content-type-options"] == "nosniff", "\(what)")
        #expect(reply.headers["Cache-Control"]?.contains("no-") == true, "\(what)")
    }

    @Test("A failed run's page says where it failed, and every view of it escapes what others wrote")
    func failedRun() async throws {
        let folder = try await PageFolder(Self.failing)
        let run = try await folder.withRunner {
            let run = try await folder.begin(ref: "feature/<script>alert(6)</script>")
            try await folder.end(of: run)
            return run
        }
        for view in Self.views {
            let reply = await folder.page("/runs/\(run)/1?view=\(view)")
            #expect(reply.status == 200, "\(view)")
            Self.expectHarmless(reply, view)
            #expect(reply.text.contains("Failed in test &lt;b&gt;all&lt;/b&gt; (1) › Try"), "\(view)")
            #expect(reply.text.contains("2 tests failed"), "\(view)")
        }
        let graph = await folder.page("/runs/\(run)")
        #expect(graph.text.contains("try 40") && !graph.text.contains("try 8<"), "the last 30 lines")
        #expect(graph.text.contains("Re-run failed jobs"))
        #expect(graph.text.contains("https://forge.test/acme/shop/commit/abab"))
        let tests = await folder.page("/runs/\(run)/1?view=tests&state=failed")
        #expect(tests.text.contains("carries") && tests.text.contains("7 &lt; 8") && !tests.text.contains(">adds<"))
        let notes = await folder.page("/runs/\(run)/1?view=annotations")
        #expect(
            notes.text.contains(
                "https://forge.test/acme/shop/blob/\(String(repeating: "ab", count: 20))/Sources/Sum.swift#L7"))
        let plan = await folder.page("/runs/\(run)/1?view=plan")
        #expect(plan.text.contains(".github/workflows/ci.yml"))
        let events = await folder.page("/runs/\(run)/1?view=events")
        #expect(events.text.contains("runFinished") && events.text.contains("jobAssigned"))
        let fragment = await folder.page("/runs/\(run)?fragment=main")
        #expect(fragment.text.hasPrefix("<main ") && !fragment.text.contains("<!doctype"))
    }

    @Test("A log's page has its lines, groups and steps; a search finds a line and names its place")
    func logs() async throws {
        let folder = try await PageFolder(Self.failing)
        let run = try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            return run
        }
        let log = await folder.page("/runs/\(run)/1/log/build/1/1")
        #expect(log.status == 200)
        Self.expectHarmless(log, "log")
        #expect(log.text.contains("&lt;script&gt;alert(4)&lt;/script&gt; &amp; more"))
        #expect(log.text.contains("<details") && log.text.contains("Objects"))
        let raw = await folder.page("/api/v1/runs/\(run)/attempts/1/logs/build/1/1?format=text&download=1")
        #expect(raw.text.contains("<script>alert(4)</script> & more\n"))
        #expect(raw.headers["Content-Type"]?.hasPrefix("text/plain") == true)
        #expect(raw.headers["Content-Disposition"]?.contains("run-\(run)-build-step-1.log") == true)
        let search = await folder.page("/runs/\(run)/1/search?q=TRY+4")
        #expect(search.text.contains("4 matches"))
        #expect(search.text.contains("/runs/\(run)/1/log/test%231/1/1#L"))
        Self.expectHarmless(search, "search")
        let api = await folder.page("/api/v1/runs/\(run)/attempts/1/search?q=went", headers: [])
        #expect((api.json["count"]?.int ?? 0) > 0, "the log of a step that was skipped is not missed")
        let mistake = await folder.page("/runs/\(run)/1/search?q=%28&regex=1")
        #expect(mistake.status == 200 && mistake.text.contains("note bad"))
        #expect(await folder.page("/runs/\(run)/1/log/build/9/1").status == 404)
        #expect(await folder.page("/runs/\(run)/1/log/nothing/1/1").status == 404)
        #expect(await folder.page("/runs/\(run)/7").status == 404)
    }

    @Test("Failed jobs run again from the page; the new attempt has the logs of what was taken over")
    func rerun() async throws {
        let folder = try await PageFolder(Self.failing)
        try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            let answer = await folder.post("/runs/\(run)/1/rerun", [("mode", "failed")])
            #expect(answer.status == 303)
            #expect(answer.headers["Location"] == "/runs/\(run)/2")
            try await folder.end(of: run)
            let page = await folder.page("/runs/\(run)/2")
            #expect(page.text.contains("aria-current=\"page\""))
            let log = await folder.page("/runs/\(run)/2/log/build/1/1")
            #expect(log.status == 200 && log.text.contains("&amp; more"))
            let first = await folder.page("/runs/\(run)/1")
            #expect(!first.text.contains("Re-run failed jobs"), "only the newest attempt runs again")
            let over = await folder.post("/runs/\(run)/2/cancel")
            #expect(over.status == 409 && over.headers["Content-Type"]?.hasPrefix("text/html") == true)
        }
    }

    @Test("A run goes on from any step that was reached, as the page offers it")
    func fromStep() async throws {
        let workflow = """
            on: push
            jobs:
              build:
                runs-on: ubuntu-latest
                steps:
                  - run: echo first >> log
                  - {name: Second, run: echo second >> log}
                  - run: test "$(cat log)" = never
                  - run: echo not reached
            """
        let folder = try await PageFolder(workflow)
        try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            let page = await folder.page("/runs/\(run)").text
            #expect(page.contains("value=\"@build/2\"") && page.contains("value=\"@build/3\""))
            #expect(!page.contains("value=\"@build/1\""))
            let answer = await folder.post("/runs/\(run)/1/rerun", [("mode", "from"), ("job", "@build/2")])
            #expect(answer.status == 303 && answer.headers["Location"] == "/runs/\(run)/2", "\(answer.text)")
            try await folder.end(of: run)
            let steps = try folder.server.report(of: run, attempt: 2).jobs[0].steps
            #expect(steps.first?.takenFrom == 1 && steps.first?.conclusion == .success)
            #expect(steps.dropFirst().first?.takenFrom == nil)
            let none = await folder.post("/runs/\(run)/2/rerun", [("mode", "from"), ("job", "@build/99")])
            #expect(none.status < 500)
        }
    }

    @Test("A run without a runner says what it waits for, and is cancelled from its page")
    func waiting() async throws {
        let folder = try await PageFolder(Self.failing)
        let run = try await folder.begin()
        try await folder.listed(run)
        let page = await folder.page("/runs/\(run)")
        #expect(page.text.contains("No runner is registered."))
        #expect(page.text.contains("data-events=\"/api/v1/runs/\(run)/attempts/1/events\""))
        let overview = await folder.page("/")
        #expect(overview.text.contains("No runner is registered."))
        #expect(await folder.post("/runs/\(run)/1/cancel").headers["Location"] == "/runs/\(run)/1")
        try await folder.end(of: run)
        let after = await folder.page("/runs/\(run)").text
        #expect(
            after.contains("Cancelled by root (test "),
            "\(after.split(separator: "<h1>").dropFirst().first?.prefix(200) ?? "")")
    }

    @Test("The overview tells what is broken since when; the project's page filters by its address")
    func lists() async throws {
        let folder = try await PageFolder(Self.failing)
        let (first, second) = try await folder.withRunner {
            let first = try await folder.begin(subject: "Breaks it")
            try await folder.end(of: first)
            let second = try await folder.begin(subject: "Does not mend it")
            try await folder.end(of: second)
            return (first, second)
        }
        let overview = await folder.page("/")
        #expect(overview.text.contains("One workflow is broken") && overview.text.contains("Breaks it"))
        Self.expectHarmless(overview, "overview")
        let page = await folder.page("/runs/\(second)")
        #expect(page.text.contains("main has been broken since run \(first)"))
        let path = PageAddressText.project(PageFolder.name)
        let project = await folder.page(path)
        Self.expectHarmless(project, "project")
        #expect(project.text.contains("#\(second)") && project.text.contains("#\(first)"))
        #expect(await folder.page(path + "?state=passed").text.contains("No run is like this."))
        let failed = await folder.page(path + "?state=failed&branch=main")
        #expect(failed.text.contains("#\(first)") && failed.text.contains("selected"))
        #expect(await folder.page(path + "?before=\(second)").text.contains("#\(second)") == false)
        let palette = await folder.page("/api/v1/palette?q=%23\(first)")
        #expect(palette.text.contains("/runs/\(first)"))
    }

    @Test("A job before its environment is on the pages of those who may approve, and goes on when they do")
    func gated() async throws {
        let workflow = """
            on: push
            jobs:
              deploy:
                runs-on: ubuntu-latest
                environment: production
                steps: [{run: echo deployed}]
            """
        let folder = try await PageFolder(workflow)
        var rules = EnvironmentRules(name: "production")
        rules.requiredApprovals = 1
        _ = try await folder.server.directory.perform(
            .setEnvironment(folder.project, rules), by: .system("test"))
        let run = try await folder.begin()
        while await folder.server.gates.waiting.isEmpty { await Task.yield() }
        try await folder.listed(run)
        let page = await folder.page("/runs/\(run)")
        #expect(page.text.contains("Waits for an approval to production"))
        let approvals = await folder.page("/approvals")
        #expect(approvals.text.contains("action=\"/approvals/\(run)/1/deploy\""))
        #expect(approvals.text.contains(">run \(run)</a>") && approvals.text.contains("Pushed"))
        #expect(await folder.page("/").text.contains("1 waits for you"))
        let reader = try await folder.served.account("eve")
        _ = try await folder.server.directory.perform(
            .grantRole(project: folder.project, account: reader, .run), by: .system("test"))
        let weak = try await folder.served.token(reader, [.run])
        #expect(await folder.page("/approvals", token: weak).text.contains("name=\"decision\"") == false)
        let refused = await folder.post("/approvals/\(run)/1/deploy", [("decision", "approve")], token: weak)
        #expect(refused.status == 403)
        let answer = await folder.post(
            "/approvals/\(run)/1/deploy", [("decision", "approve"), ("comment", "go <b>on</b>")])
        #expect(answer.status == 303 && answer.headers["Location"] == "/runs/\(run)/1")
        #expect(await folder.server.gates.waiting.isEmpty)
        #expect(await folder.page("/runs/\(run)").text.contains("No runner is registered."))
        #expect(await folder.page("/audit").text.contains("go &lt;b&gt;on&lt;/b&gt;"))
        try await folder.withRunner { try await folder.end(of: run) }
        let done = await folder.page("/runs/\(run)").text
        #expect(done.contains("approved the deployment to production: go &lt;b&gt;on&lt;/b&gt;"))
        #expect(await folder.page("/runs/\(run)?view=timeline").text.contains("class=\"queue gate\""))
    }

    @Test("What pages follow is theirs by the session's cookie, and nobody else's")
    func events() async throws {
        let folder = try await PageFolder(Self.failing)
        let run = try await folder.withRunner {
            let run = try await folder.begin()
            try await folder.end(of: run)
            return run
        }
        let account = try await folder.served.account("ada", isAdmin: true)
        let ticket = try folder.server.people.sessions.begin(account, now: .now()).ticket
        let headers: HTTPHeaders = [("Cookie", "martlet=\(ticket)"), ("Accept", "text/event-stream")]
        for path in ["events", "logs/build/1/1"] {
            let target = "/api/v1/runs/\(run)/attempts/1/\(path)"
            let stream = await folder.served.ask("GET", target, headers: headers)
            #expect(stream.status == 200 && stream.headers["Content-Type"] == "text/event-stream", "\(path)")
            #expect(stream.text.contains("event: end"), "\(path)")
            #expect(await folder.served.ask("GET", target, headers: [("Accept", "text/event-stream")]).status == 401)
        }
        let stranger = try await folder.served.account("mallory")
        let other = try folder.server.people.sessions.begin(stranger, now: .now()).ticket
        let hidden = await folder.served.ask(
            "GET", "/api/v1/runs/\(run)/attempts/1/events", headers: [("Cookie", "martlet=\(other)")])
        #expect(hidden.status == 404)
    }

    @Test("A held run begins when somebody lets it on the page, and not before")
    func held() async throws {
        let folder = try await PageFolder(Self.failing)
        let run = try await folder.hold("It is of a fork <b>x</b>.")
        for path in ["/", "/approvals", "/runs/\(run)"] {
            let reply = await folder.page(path)
            #expect(reply.text.contains("It is of a fork &lt;b&gt;x&lt;/b&gt;."), "\(path)")
        }
        let reader = try await folder.served.account("eve")
        _ = try await folder.server.directory.perform(
            .grantRole(project: folder.project, account: reader, .run), by: .system("test"))
        let weak = try await folder.served.token(reader, [.run])
        #expect(await folder.page("/approvals", token: weak).text.contains("name=\"decision\"") == false)
        #expect(await folder.post("/approvals/\(run)", [("decision", "approve")], token: weak).status == 403)
        #expect(await folder.post("/approvals/\(run)", [("decision", "maybe")]).status == 400)
        let answer = await folder.post("/approvals/\(run)", [("decision", "approve"), ("comment", "fine")])
        #expect(answer.status == 303 && answer.headers["Location"] == "/runs/\(run)")
        #expect(await folder.server.runs.isActive(run))
        #expect(await folder.page("/audit").text.contains("fine"))
    }
}

/// Addresses as pages write them.
enum PageAddressText {
    static func project(_ name: String) -> String { "/projects/" + FormText.encoded(name) }
}
