// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import NotificationRules
import Notifications
import PipelineModel
import StructuredData
import Testing
import Timekeeping

private func blocks(_ notice: Notice, _ language: NoticeLanguage = .english) -> [DataValue] {
    SlackMessage(notice, language: language, now: now).body["blocks"]?.array ?? []
}

/// Every text in a message, with the limit that Slack has for its place.
private func texts(_ blocks: [DataValue]) -> [(text: String, limit: Int)] {
    blocks.flatMap { block -> [(String, Int)] in
        switch block["type"]?.string {
        case "section": [(block["text"]?["text"]?.string ?? "", 3_000)]
        case "context": (block["elements"]?.array ?? []).map { ($0["text"]?.string ?? "", 2_000) }
        default:
            (block["elements"]?.array ?? []).flatMap { button in
                [
                    (button["text"]?["text"]?.string ?? "", 75), (button["value"]?.string ?? "", 2_000),
                    (button["url"]?.string ?? "x", 2_999), (button["action_id"]?.string ?? "", 255),
                    (button["confirm"]?["text"]?["text"]?.string ?? "x", 300),
                ]
            }
        }
    }
}

private func form(_ pairs: [(String, String)]) -> [UInt8] {
    Array(FormText.text(pairs.map { FormText.Pair($0.0, $0.1) }).utf8)
}

private func command(_ text: String, _ changes: [String: String] = [:]) -> [UInt8] {
    var fields = [
        "token": "t", "team_id": "T0001", "team_domain": "acme", "channel_id": "C2147", "channel_name": "ci",
        "user_id": "U2147", "user_name": "ann", "command": "/martlet", "text": text,
        "response_url": "https://hooks.slack.com/commands/1234/5678", "trigger_id": "13345224609.738474920",
    ]
    for (key, value) in changes { fields[key] = value }
    return form(fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
}

@Suite("Slack")
struct SlackTests {
    @Test("A failure is a sentence, what failed, the change, and buttons to run again and to look")
    func failure() throws {
        let body = SlackMessage(notice(), language: .english, now: now).body
        #expect(body["text"]?.string == "[acme/web] CI is broken on main: CI failed on main; it did not fail before.")
        let found = blocks(notice())
        #expect(found.compactMap { $0["type"]?.string } == ["section", "section", "context", "actions", "context"])
        #expect(found[1]["text"]?["text"]?.string == ">test: the suite 'cart' has 2 failures")
        let facts = found[2]["elements"]?.array?.compactMap { $0["text"]?.string } ?? []
        #expect(facts.contains("Change: Count the cart's items once"))
        #expect(facts.contains("Broken for: 2 h 5 min"))
        let buttons = found[3]["elements"]?.array ?? []
        #expect(buttons.map { $0["action_id"]?.string } == ["martlet.rerun", "martlet.open"])
        #expect(buttons[0]["value"]?.string == "acme/web#12")
        #expect(buttons[1]["url"]?.string == "https://ci.example.org/acme/web/runs/12?a=1&b=2")
    }

    @Test("A run that waits has a button to approve it, which asks once more; a fixed one has neither")
    func buttons() throws {
        let waiting = blocks(notice(.waitingForApproval, news(3, nil)), .korean)
        let button = try #require(waiting.first { $0["type"]?.string == "actions" }?["elements"]?.array?.first)
        #expect(button["action_id"]?.string == "martlet.approve")
        #expect(button["text"]?["text"]?.string == "승인")
        #expect(button["confirm"]?["deny"]?["text"]?.string == "취소")
        let fixed = blocks(notice(.fixed, news(3, .success)))
        let ids = fixed.first { $0["type"]?.string == "actions" }?["elements"]?.array?.map { $0["action_id"]?.string }
        #expect(ids == ["martlet.open"])
    }

    @Test("Nothing that others wrote becomes a mention, a link or a command")
    func escaping() {
        var hostile = news()
        hostile.labels.sentence = "<!channel> & <https://evil.example|click> *x*\n<@U1>"
        hostile.labels.title = "<!here>"
        hostile.subject.branch = "<!everyone>"
        hostile.labels.url = "javascript:alert(1)"
        let found = texts(blocks(notice(.broke, hostile)))
        for text in found.map(\.text) { #expect(!text.contains("<"), "\(text)") }
        #expect(found.contains { $0.text.contains("&lt;!channel&gt; &amp; ") })
        #expect(
            !SlackMessage(notice(.broke, hostile), language: .english, now: now).body.jsonText().contains("javascript"))
        var item = hostile
        item.labels.url = "https://ci.example/a|b>c<d&e"
        item.subject.branch = "x|y"
        let digest = Notice(
            key: "d", policy: "p", address: .channel("c"), due: now,
            content: .digest(.init(items: [.init(news: item, count: 1)])))
        let line = texts(blocks(digest))[1].text
        #expect(line.hasPrefix("• <https://ci.example/a%7Cb%3Ec%3Cd&amp;e|acme/web: CI, x/y (one run)>\n"), "\(line)")
    }

    @Test("Whatever its length, a message keeps Slack's limits, and what is cut ends in an ellipsis")
    func limits() throws {
        var long = news()
        let text = String(repeating: "&<>가🙂\n", count: 2_000)
        long.labels.sentence = text
        long.labels.title = text
        long.labels.workflow = text
        long.labels.url = "https://ci.example/" + String(repeating: "u", count: 4_000)
        long.author = Person(name: text, email: "a@example.org")
        for change in StateChange.allCases {
            let found = blocks(notice(change, long))
            for (text, limit) in texts(found) {
                #expect(text.utf16.count <= limit)
                #expect(!text.isEmpty)
                // No escape was cut in two. Shorter texts are labels without markup.
                guard limit == 3_000 || limit == 2_000 else { continue }
                for part in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
                    #expect(["amp;", "lt;", "gt;"].contains { part.hasPrefix($0) }, "\(part.prefix(8))")
                }
            }
            #expect(found[1]["text"]?["text"]?.string?.hasSuffix("…") == true)
        }
        let many = blocks(digest(20, omitted: 7))
        #expect(many.count <= 50)
        #expect(texts(many).contains { $0.text == "And 7 more." })
        #expect(texts(many).contains { $0.text.contains("branch-20 (20 runs)") })
    }

    @Test("What Slack answers: delivered, later, or never")
    func outcomes() {
        func outcome(_ status: Int, _ body: String, _ headers: HTTPHeaders = []) -> SendOutcome {
            SlackMessage.outcome(HTTPAnswer(status: status, headers: headers, body: Array(body.utf8)), now: now)
        }
        #expect(outcome(200, "ok") == .delivered)
        guard case .retry(let limited, after: .seconds(30)) = outcome(429, "rate_limited", [("Retry-After", "30")])
        else {
            Issue.record("not retried")
            return
        }
        #expect(limited.code == .slackRefused)
        if case .retry(_, after: nil) = outcome(500, "rollup_error") {} else { Issue.record("not retried") }
        for (status, word) in [
            (400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"), (410, "gone"),
        ] {
            guard case .givenUp(let why) = outcome(status, word) else {
                Issue.record("\(status) is tried again")
                continue
            }
            #expect(why.message.contains(word))
        }
    }

    @Test(
        "Commands are understood",
        arguments: [
            ("", SlackCommand.Verb.help), ("  help ", .help), ("status", .status(project: nil)),
            ("STATUS acme/web", .status(project: "acme/web")),
            ("approve 12", .approve(RunReference(project: nil, run: 12))),
            ("approve  acme/web#12", .approve(RunReference(project: "acme/web", run: 12))),
            ("rerun #7", .rerun(RunReference(project: nil, run: 7))), ("approve", .unknown("approve")),
            ("approve 0", .unknown("approve 0")), ("approve 1 2", .unknown("approve 1 2")),
            ("rerun +5", .unknown("rerun +5")), ("drop tables", .unknown("drop tables")),
        ])
    func commands(text: String, verb: SlackCommand.Verb) throws {
        let read = try SlackCommand(form: command(text))
        #expect(read.verb == verb)
        #expect(read.requester.userID == "U2147" && read.requester.teamID == "T0001")
        #expect(read.requester.channelID == "C2147")
        #expect(read.requester.answerURL == "https://hooks.slack.com/commands/1234/5678")
    }

    @Test("A request that is not of Slack's form is refused, and so is one whose answers would go elsewhere")
    func refused() {
        let forms: [[UInt8]] = [
            [], [0xFF, 0xFE], Array("%zz=1".utf8), command("status", ["user_id": ""]),
            command("status", ["team_id": "<x>"]),
            command("status", ["response_url": "https://hooks.slack.com.evil.example/x"]),
            command("status", ["command": "martlet"]), [UInt8](repeating: 97, count: 2 << 20),
        ]
        for form in forms { #expect(code { _ = try SlackCommand(form: form) } == .slackRequestInvalid) }
    }

    @Test("A button that was pressed names its run and who pressed it; other things are nothing to do")
    func actions() throws {
        func payload(_ id: String, _ value: String, type: String = "block_actions") -> [UInt8] {
            let payload: DataValue = [
                "type": .string(type), "user": ["id": "U1", "username": "ann", "team_id": "T1"], "team": ["id": "T1"],
                "channel": ["id": "C1"], "response_url": "https://hooks.slack.com/actions/T1/1/x",
                "actions": [["type": "button", "action_id": .string(id), "value": .string(value)]],
            ]
            return form([("payload", payload.jsonText())])
        }
        let action = try #require(try SlackAction.read(form: payload("martlet.approve", "acme/web#12")))
        #expect(action.kind == .approve)
        #expect(action.run == RunReference(project: "acme/web", run: 12))
        #expect(action.requester.userID == "U1")
        #expect(action.requester.answerURL == "https://hooks.slack.com/actions/T1/1/x")
        #expect(try SlackAction.read(form: payload("martlet.rerun", "a#1"))?.kind == .rerun)
        #expect(try SlackAction.read(form: payload("martlet.open", "acme/web#12")) == nil)
        #expect(try SlackAction.read(form: payload("other", "x")) == nil)
        #expect(try SlackAction.read(form: payload("x", "x", type: "view_submission")) == nil)
        for bad in [
            payload("martlet.approve", "12"), payload("martlet.approve", "x"), form([("payload", "{")]), form([]),
        ] {
            #expect(code { _ = try SlackAction.read(form: bad) } == .slackRequestInvalid)
        }
    }

    @Test("What a message's button carries is what is read when it is pressed")
    func roundTrip() throws {
        for (change, kind) in [(StateChange.broke, SlackAction.Kind.rerun), (.waitingForApproval, .approve)] {
            let found = blocks(notice(change, news(12, change == .broke ? .failure : nil)))
            let button = try #require(found.first { $0["type"]?.string == "actions" }?["elements"]?.array?.first)
            let payload: DataValue = [
                "type": "block_actions", "user": ["id": "U1"], "team": ["id": "T1"], "actions": [button],
            ]
            let action = try SlackAction.read(form: form([("payload", payload.jsonText())]))
            #expect(action?.kind == kind)
            #expect(action?.run == RunReference(project: "acme/web", run: 12))
        }
    }

    @Test("Answers go to the asker or to the channel, escaped")
    func answers() {
        let answer = SlackAnswer("Run <12> & all", to: .channel, replacesOriginal: true)
        #expect(
            answer.body == [
                "response_type": "in_channel", "replace_original": true, "text": "Run &lt;12&gt; &amp; all",
            ])
        #expect(SlackAnswer("x").body["response_type"]?.string == "ephemeral")
        #expect(SlackAnswer.help(.english, unknown: "dance").text.hasPrefix("'dance' is no command.\n/martlet status"))
        #expect(SlackAnswer.help(.korean).text.contains("/martlet approve 실행"))
        #expect(
            answer.call(url: "https://hooks.slack.com/x").headers["content-type"] == "application/json; charset=utf-8")
    }
}
