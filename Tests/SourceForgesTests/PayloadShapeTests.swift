// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import SourceForges
import StructuredData
import Testing

/// What workflows read of `github.event`, whatever the forge.
@Suite("A payload in GitHub's shape")
struct PayloadShapeTests {
    private static let push = [
        "ref", "before", "after", "created", "deleted", "forced", "compare", "commits", "head_commit.id",
        "head_commit.message", "head_commit.timestamp", "head_commit.url", "head_commit.author.name",
        "head_commit.author.email", "pusher.name", "repository.name", "repository.full_name",
        "repository.owner.login", "repository.html_url", "repository.clone_url", "repository.ssh_url",
        "repository.default_branch", "repository.private", "repository.fork", "repository.id", "sender.login",
        "sender.type", "sender.id",
    ]
    private static let pullRequest = [
        "action", "number", "pull_request.number", "pull_request.title", "pull_request.state", "pull_request.draft",
        "pull_request.merged", "pull_request.html_url", "pull_request.user.login", "pull_request.head.ref",
        "pull_request.head.sha", "pull_request.head.label", "pull_request.head.repo.full_name",
        "pull_request.head.repo.fork", "pull_request.head.repo.clone_url", "pull_request.base.ref",
        "pull_request.base.repo.full_name", "pull_request.labels", "pull_request.created_at", "pull_request.updated_at",
        "repository.full_name", "repository.owner.login", "sender.login", "sender.type",
    ]

    private static func kind(_ value: DataValue?) -> String {
        switch value {
        case nil: "absent"
        case .null: "null"
        case .bool: "bool"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    private func compare(_ made: String, _ original: String, _ paths: [String]) throws {
        let left = DataValue.object(try #require(try Payloads.delivery(made).events.first).payload)
        let right = DataValue.object(try Payloads.object(original))
        for path in paths {
            #expect(Self.kind(left.at(path)) == Self.kind(right.at(path)), "\(path) of \(made)")
        }
    }

    @Test("A push has GitHub's keys with GitHub's kinds of values", arguments: ["gitlab/push", "gitea/push"])
    func pushes(made: String) throws { try compare(made, "github/push", Self.push) }

    @Test("So has a tag", arguments: ["gitlab/tag", "gitea/push-tag"])
    func tags(made: String) throws { try compare(made, "github/push-tag", Self.push.filter { $0 != "compare" }) }

    @Test("So has a deletion", arguments: ["gitlab/push-deleted", "gitea/push-tag-deleted"])
    func deletions(made: String) throws {
        let paths = Self.push.filter { !$0.hasPrefix("head_commit.") } + ["head_commit"]
        try compare(made, "github/push-deleted", paths)
    }

    @Test("So has a pull request", arguments: ["gitlab/merge-request-open", "gitea/pull-request-opened"])
    func pullRequests(made: String) throws { try compare(made, "github/pull-request-opened", Self.pullRequest) }

    @Test("So has one with new commits", arguments: ["gitlab/merge-request-push", "gitea/pull-request-synchronized"])
    func synchronized(made: String) throws {
        try compare(made, "github/pull-request-synchronize", Self.pullRequest + ["after"])
    }

    @Test("So has a label", arguments: ["gitlab/merge-request-labels"])
    func labels(made: String) throws {
        try compare(made, "github/pull-request-labeled", ["action", "label.name", "label.color", "label.id"])
    }

    @Test("So has a merged one", arguments: ["gitlab/merge-request-merge", "gitea/pull-request-merged"])
    func merged(made: String) throws {
        // GitLab names who merged, not who wrote it.
        let paths = Self.pullRequest.filter { $0 != "pull_request.user.login" } + ["pull_request.merge_commit_sha"]
        try compare(made, "github/pull-request-closed", paths)
    }

    @Test(
        "So have a release and a comment",
        arguments: [
            ("gitlab/release", "github/release"), ("gitea/release", "github/release"),
            ("gitlab/note", "github/issue-comment"), ("gitea/issue-comment", "github/issue-comment"),
        ])
    func others(made: String, original: String) throws {
        let release = ["action", "release.tag_name", "release.name", "release.draft", "release.prerelease"]
        let comment = ["action", "comment.body", "comment.user.login", "issue.number", "issue.pull_request"]
        try compare(made, original, original.hasSuffix("release") ? release : comment)
    }
}

@Suite("A payload that is broken")
struct MalformedPayloadTests {
    private static let everything: [String] = {
        ["github", "gitlab", "gitea"].flatMap { forge in
            ((try? Payloads.names(forge)) ?? []).map { "\(forge)/\($0)" }
        }
    }()

    private static let wrong: [DataValue] = [
        .null, true, -1, 1e300, "", "x", [], [:], [.null, [[:]]], ["id": 0.5],
    ]

    /// Every value of a payload in turn, replaced by some of what does not belong there.
    private static func mutilated(_ value: DataValue, _ turn: Int = 0) -> [DataValue] {
        let wrong = turn == 0 ? Self.wrong : (0..<3).map { Self.wrong[(turn * 3 + $0) % Self.wrong.count] }
        switch value {
        case .object(let object):
            return wrong
                + object.keys.enumerated().flatMap { index, key -> [DataValue] in
                    var without = object
                    without[key] = nil
                    return [.object(without)]
                        + mutilated(object[key] ?? .null, turn * 7 + index + 1).map { inner in
                            var changed = object
                            changed[key] = inner
                            return .object(changed)
                        }
                }
        case .array(let array):
            return wrong
                + (array.first.map { first in mutilated(first, turn + 1).map { .array([$0] + array.dropFirst()) } }
                    ?? [])
        default: return wrong
        }
    }

    @Test("Whatever is missing or of another kind, it is read or refused with a code", arguments: Self.everything)
    func fuzzed(path: String) throws {
        let parts = path.split(separator: "/").map(String.init)
        let forge = try #require(ForgeKind(rawValue: parts[0]))
        let headers = Payloads.headers(forge, parts[1])
        var refused = 0
        for value in Self.mutilated(.object(try Payloads.object(path))) {
            do {
                let delivery = try ForgeDelivery(headers, body: Array(value.jsonText().utf8), forge: forge)
                for event in delivery.events {
                    #expect(event.commit.map { $0.utf8.count == 40 } ?? true)
                    #expect(event.ref.map { $0.hasPrefix("refs/") } ?? true)
                    _ = (event.skipMarker, event.data, event.startsWorkflows)
                    if let request = event.pullRequest { _ = ForkTrust(request, .neverForMembers) }
                }
            } catch {
                #expect(error.diagnostic.code == .webhookMalformed)
                refused += 1
            }
        }
        // A list instead of an object, at the least.
        #expect(refused > 0)
    }

    @Test("Cut off anywhere, it is refused", arguments: ["github/push", "gitlab/merge-request-open", "gitea/push"])
    func cut(path: String) throws {
        let parts = path.split(separator: "/").map(String.init)
        let forge = try #require(ForgeKind(rawValue: parts[0]))
        let body = try Payloads.bytes(path)
        for length in stride(from: 0, to: body.count - 2, by: 37) {
            let headers = Payloads.headers(forge, parts[1])
            #expect(
                code { _ = try ForgeDelivery(headers, body: Array(body.prefix(length)), forge: forge) }
                    == .webhookMalformed)
        }
    }

    @Test(
        "Text that is no JSON is refused",
        arguments: [
            "", " ", "null", "[]", "\"push\"", "1", "{", "{\"a\":}", "\u{0}", "<html>", "{\"a\":1}{", "\u{FEFF}{}",
        ])
    func text(body: String) {
        for forge in [ForgeKind.github, .gitlab, .gitea] {
            let headers = Payloads.headers(forge, "push")
            #expect(code { _ = try ForgeDelivery(headers, body: Array(body.utf8), forge: forge) } == .webhookMalformed)
        }
        #expect(
            code { _ = try ForgeDelivery(["X-GitHub-Event": "push"], body: [0xFF, 0xFE], forge: .github) }
                == .webhookMalformed)
    }

    @Test("A webhook nested without end is refused, not followed")
    func deep() {
        let body = Array((String(repeating: "{\"a\":", count: 100_000) + "1").utf8)
        #expect(
            code { _ = try ForgeDelivery(["X-GitHub-Event": "push"], body: body, forge: .github) } == .webhookMalformed)
    }

    @Test(
        "Names that git would take for something else are refused",
        arguments: [
            ("ref", "refs/heads/.."), ("ref", "main"), ("ref", "-x"), ("ref", "refs/heads/a\nb"),
            ("ref", "refs/heads/a.lock"), ("ref", "refs/heads/@{1}"), ("after", "HEAD"), ("after", "--output=x"),
            ("after", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ("before", "main"),
            ("repository", ["full_name": "../../etc"]), ("repository", ["full_name": "a b"]),
            ("repository", ["full_name": "a//b"]), ("repository", ["full_name": "a?b"]),
        ] as [(String, DataValue)])
    func names(key: String, value: DataValue) throws {
        var payload = try Payloads.object("github/push")
        payload[key] = value
        #expect(code { _ = try ForgeEvent("push", payload, forge: .github) } == .webhookMalformed)
    }

    @Test("A pull request whose branch git would take for an option is refused")
    func branchNames() throws {
        var payload = try Payloads.object("github/pull-request-opened")
        payload["pull_request"] = [
            "number": 7, "head": ["sha": .string(commitC), "ref": "--upload-pack=x"], "base": ["ref": "main"],
        ]
        #expect(code { _ = try ForgeEvent("pull_request", payload, forge: .github) } == .webhookMalformed)
    }
}
