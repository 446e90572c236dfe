// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import SourceForges
import StructuredData
import Testing

@Suite("What Gitea and Forgejo tell")
struct GiteaEventTests {
    @Test("A push is GitHub's push, the oldest commit first")
    func push() throws {
        let event = try Payloads.event("gitea/push")
        #expect(event.kind == .push)
        #expect(event.commits.map(\.id) == [commitB, commitC])
        #expect(event.changedPaths == ["README.md", "old.txt", "src/nest.c"])
        #expect(event.commit == commitC)
        #expect(event.sender == "robin")
        #expect(event.repository?.isPrivate == true)
        #expect(event.payload["pusher"]?["name"] == "robin")
        #expect(event.payload["compare"]?.string?.hasSuffix("/compare/\(commitA)...\(commitC)") == true)
        #expect(event.payload["forced"] == false)
        #expect(event.payload["sender"]?["type"] == "User")
        #expect(try Payloads.event("gitea/push-many").changedPaths == nil)
    }

    @Test("Tags, and branches that are made or deleted, are known")
    func refs() throws {
        let tag = try Payloads.event("gitea/push-tag")
        #expect(tag.kind == .tag)
        #expect(tag.commit == commitC)
        #expect(tag.isBot)
        #expect(tag.payload["created"] == true)
        #expect(try Payloads.event("gitea/push-tag-deleted").kind == .tagDeleted)
        let made = try Payloads.event("gitea/create")
        #expect(made.kind == .other("create"))
        #expect(made.ref == "refs/heads/feature/moss")
        #expect(made.commit == commitC)
        #expect(try Payloads.event("gitea/delete").kind == .branchDeleted)
    }

    @Test("The activities of a pull request have GitHub's names")
    func activities() throws {
        let opened = try Payloads.event("gitea/pull-request-opened")
        #expect(opened.kind == .pullRequest(action: "opened"))
        let request = try #require(opened.pullRequest)
        #expect(request.isFork)
        #expect(request.author == "wren")
        #expect(request.association == nil)
        #expect(request.fetchRef == "refs/pull/7/head")
        let pushed = try Payloads.event("gitea/pull-request-synchronized")
        #expect(pushed.action == "synchronize")
        #expect(pushed.payload["after"] == .string(commitC))
        #expect(try Payloads.event("gitea/pull-request-label").action == "labeled")
        let merged = try Payloads.event("gitea/pull-request-merged")
        #expect(merged.action == "closed")
        #expect(merged.pullRequest?.isMerged == true)
        let approved = try Payloads.event("gitea/pull-request-approved")
        #expect(approved.name == "pull_request_review")
        #expect(approved.payload["review"]?["state"] == "approved")
    }

    @Test("A title that gets or loses 'WIP' begins or ends a draft")
    func drafts() throws {
        let begun = try Payloads.event("gitea/pull-request-edited")
        #expect(begun.action == "converted_to_draft")
        #expect(begun.pullRequest?.isDraft == true)
        let ended = try Payloads.delivery("gitea/pull-request-retitled").events
        #expect(ended.map(\.action) == ["ready_for_review", "edited"])
        #expect(ended[1].payload["changes"]?["base"]?["ref"]?["from"] == "old")
        #expect(ended[1].payload["changes"]?["title"]?["from"] == "[WIP] Line the nest")
    }

    @Test("Releases, comments and the rest are known")
    func others() throws {
        #expect(try Payloads.event("gitea/release").kind == .release(action: "edited"))
        #expect(try Payloads.event("gitea/issue-comment").kind == .issueComment(action: "created"))
        #expect(try Payloads.event("gitea/wiki").kind == .other("wiki"))
    }

    @Test("Forgejo's own headers are read, and those of GitHub that stand beside them are not")
    func headers() throws {
        let body = try Payloads.bytes("gitea/push")
        let headers: HTTPHeaders = [
            "X-GitHub-Event": "ping", "X-Forgejo-Event": "push", "X-Forgejo-Delivery": "f-1", "X-GitHub-Delivery": "h",
        ]
        let delivery = try ForgeDelivery(headers, body: body, forge: .gitea)
        #expect(delivery.id == "f-1")
        #expect(delivery.events.first?.kind == .push)
        #expect(
            code { _ = try ForgeDelivery(["X-GitHub-Event": "push"], body: body, forge: .gitea) }
                == .webhookEventMissing)
    }
}

@Suite("What a git remote's hook tells")
struct BareRemoteTests {
    private let repository = ForgeRepository(fullName: "shore/tern", defaultBranch: "main", isPrivate: true)

    private func delivery(_ lines: String) throws -> ForgeDelivery {
        try ForgeDelivery([], body: Array(lines.utf8), forge: .git, repository: repository)
    }

    @Test("Each line is a ref that moved")
    func lines() throws {
        let delivery = try delivery(
            """
            {"ref":"refs/heads/main","before":"\(commitA)","after":"\(commitB)","pusher":"robin"}
            {"ref":"refs/tags/v1","before":"\(noCommit)","after":"\(commitB)"}

            {"ref":"refs/heads/old","before":"\(commitC)","after":"\(noCommit)"}
            {"ref":"refs/notes/commits","before":"\(commitC)","after":"\(commitD)"}

            """)
        #expect(delivery.events.map(\.name) == ["push", "push", "create", "push", "delete"])
        #expect(delivery.events.map(\.kind) == [.push, .tag, .other("create"), .branchDeleted, .branchDeleted])
        #expect(delivery.events[0].sender == "robin")
        #expect(delivery.events[0].changedPaths == nil)
        #expect(delivery.events[0].headMessage == nil)
        #expect(delivery.events[0].repository?.fullName == "shore/tern")
        #expect(delivery.id.hasPrefix("body:"))
    }

    @Test("A hook may name its delivery")
    func named() throws {
        let body = Array(#"{"ref":"refs/heads/main","before":"\#(commitA)","after":"\#(commitB)"}"#.utf8)
        let headers: HTTPHeaders = ["X-Martlet-Delivery": "h-1"]
        #expect(try ForgeDelivery(headers, body: body, forge: .git, repository: repository).id == "h-1")
        #expect(code { _ = try ForgeDelivery(headers, body: body, forge: .git) } == .webhookMalformed)
    }

    @Test(
        "A line that is not that is refused with a code",
        arguments: [
            "", "\n", "{}", "[]", "ref", #"{"ref":"main","before":"1","after":"2"}"#,
            #"{"ref":"refs/heads/main","before":"\#(noCommit)","after":"\#(noCommit)"}"#,
            #"{"ref":"refs/heads/../x","before":"\#(noCommit)","after":"\#(commitA)"}"#,
            #"{"ref":"refs/heads/a b","before":"\#(noCommit)","after":"\#(commitA)"}"#,
            #"{"ref":"refs/heads/main","before":"--upload-pack=x","after":"\#(commitA)"}"#,
        ])
    func broken(line: String) {
        #expect(code { _ = try delivery(line) } == .webhookMalformed)
    }

    @Test("A push of more refs than one delivery holds is refused, not cut")
    func tooMany() {
        let line = #"{"ref":"refs/heads/main","before":"\#(commitA)","after":"\#(commitB)"}"# + "\n"
        #expect(code { _ = try delivery(String(repeating: line, count: 201)) } == .webhookMalformed)
    }
}
