// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import SourceForges
import StructuredData
import Testing

@Suite("What GitHub tells")
struct GitHubEventTests {
    @Test("A push has its ref, its commits and the paths that they touch")
    func push() throws {
        let event = try Payloads.event("github/push")
        #expect(event.kind == .push)
        #expect(event.name == "push")
        #expect(event.ref == "refs/heads/main")
        #expect(event.before == commitA)
        #expect(event.after == commitC)
        #expect(event.commit == commitC)
        #expect(event.commits.map(\.id) == [commitB, commitC])
        #expect(event.changedPaths == ["README.md", "old.txt", "src/nest.c"])
        #expect(event.sender == "robin")
        #expect(!event.isBot)
        #expect(event.repository?.fullName == "lark/tern")
        #expect(event.repository?.cloneURL == "https://github.com/lark/tern.git")
        #expect(event.repository?.defaultBranch == "main")
        #expect(event.repository?.owner == "lark")
        #expect(event.headMessage == "Line the nest\n\nWith moss.")
        #expect(event.skipMarker == nil)
        #expect(event.startsWorkflows)
        #expect(event.pullRequest == nil)
    }

    @Test("The payload passes unchanged", arguments: try Payloads.names("github"))
    func unchanged(name: String) throws {
        #expect(try Payloads.event("github/" + name).payload == Payloads.object("github/" + name))
    }

    @Test("A branch that is made is a push; one that is deleted starts nothing but 'delete'")
    func branches() throws {
        let made = try Payloads.event("github/push-new-branch")
        #expect(made.kind == .push)
        #expect(made.ref == "refs/heads/feature/moss")
        #expect(made.changedPaths == ["old.txt", "src/nest.c"])
        let gone = try Payloads.event("github/push-deleted")
        #expect(gone.kind == .branchDeleted)
        #expect(gone.commit == nil)
        #expect(!gone.startsWorkflows)
        let created = try Payloads.event("github/create")
        #expect(created.kind == .other("create"))
        #expect(created.ref == "refs/heads/feature/moss")
        let deleted = try Payloads.event("github/delete")
        #expect(deleted.kind == .tagDeleted)
        #expect(deleted.ref == "refs/tags/v0.9.0")
        #expect(deleted.startsWorkflows)
    }

    @Test("An annotated tag runs the commit that it points to")
    func tag() throws {
        let event = try Payloads.event("github/push-tag")
        #expect(event.kind == .tag)
        #expect(event.after == commitD)
        #expect(event.commit == commitC)
        #expect(event.changedPaths == nil)
    }

    @Test("Where the list of commits may be cut off, or history was rewritten, the paths are not known")
    func truncated() throws {
        var payload = try Payloads.object("github/push")
        let commit = try #require(payload["commits"]?.array?.first)
        let paths: (DataObject) throws -> [String]? = { try ForgeEvent("push", $0, forge: .github).changedPaths }
        payload["commits"] = .array(Array(repeating: commit, count: ForgeLimits.commitsListed - 1))
        #expect(try paths(payload) == ["README.md", "src/nest.c"])
        payload["commits"] = .array(Array(repeating: commit, count: ForgeLimits.commitsListed))
        #expect(try paths(payload) == nil)
        payload["commits"] = []
        #expect(try paths(payload) == nil)
        payload["commits"] = [commit]
        payload["forced"] = true
        #expect(try paths(payload) == nil)
        payload["forced"] = false
        var many = try #require(commit.object)
        many["added"] = .array((0..<ForgeLimits.changedPaths).map { .string("file\($0)") })
        payload["commits"] = [.object(many)]
        #expect(try paths(payload) == nil)
        for key in ["added", "modified", "removed"] { many[key] = nil }
        payload["commits"] = [.object(many)]
        #expect(try paths(payload) == nil)
        payload["commits"] = [commit, "no commit"]
        #expect(try paths(payload) == nil)
    }

    @Test("A first-time contributor's pull request from a fork is known as that")
    func opened() throws {
        let event = try Payloads.event("github/pull-request-opened")
        #expect(event.kind == .pullRequest(action: "opened"))
        #expect(event.ref == "refs/pull/7/merge")
        #expect(event.commit == commitC)
        let request = try #require(event.pullRequest)
        #expect(request.number == 7)
        #expect(request.headSHA == commitC)
        #expect(request.headRef == "moss")
        #expect(request.headRepository?.fullName == "wren/tern")
        #expect(request.baseRef == "main")
        #expect(request.baseSHA == commitA)
        #expect(request.isFork)
        #expect(!request.isDraft)
        #expect(request.author == "wren")
        #expect(request.association == .firstTimeContributor)
        #expect(request.fetchRef == "refs/pull/7/head")
    }

    @Test("The other activities keep their facts")
    func activities() throws {
        let pushed = try Payloads.event("github/pull-request-synchronize")
        #expect(pushed.kind == .pullRequest(action: "synchronize"))
        #expect(pushed.before == commitB)
        #expect(pushed.after == commitC)
        #expect(pushed.pullRequest?.isFork == false)
        let closed = try Payloads.event("github/pull-request-closed")
        #expect(closed.kind == .pullRequest(action: "closed"))
        #expect(closed.pullRequest?.isMerged == true)
        #expect(try Payloads.event("github/pull-request-labeled").action == "labeled")
        #expect(try Payloads.event("github/pull-request-draft").pullRequest?.isDraft == true)
        let orphan = try #require(try Payloads.event("github/pull-request-fork-gone").pullRequest)
        #expect(orphan.isFork, "A fork that was deleted was one")
        #expect(orphan.headRepository == nil)
    }

    @Test("Releases, comments, dispatches and pings are known; what is not keeps its name")
    func others() throws {
        #expect(try Payloads.event("github/ping").kind == .ping)
        #expect(try !Payloads.event("github/ping").startsWorkflows)
        let release = try Payloads.event("github/release")
        #expect(release.kind == .release(action: "published"))
        #expect(release.ref == "refs/tags/v1.2.0")
        #expect(try Payloads.event("github/issue-comment").kind == .issueComment(action: "created"))
        let dispatch = try Payloads.event("github/workflow-dispatch")
        #expect(dispatch.kind == .workflowDispatch)
        #expect(dispatch.ref == "refs/heads/main")
        #expect(try Payloads.event("github/repository-dispatch").kind == .repositoryDispatch(type: "moss-came"))
        let queued = try Payloads.event("github/merge-group")
        #expect(queued.kind == .other("merge_group"))
        #expect(queued.ref == "refs/heads/gh-readonly-queue/main/pr-7-aaaaaaaa")
        #expect(queued.commit == commitC)
        let installed = try Payloads.event("github/installation")
        #expect(installed.kind == .other("installation"))
        #expect(installed.repository == nil)
    }

    @Test("A bot is known by its account, a commit that wants no run by its words")
    func botsAndMarkers() throws {
        #expect(try Payloads.event("github/push-bot").isBot)
        #expect(try Payloads.event("github/push-skip").skipMarker == "[skip ci]")
    }

    @Test("A delivery keeps its id when it is sent again, and an odd id becomes a digest")
    func ids() throws {
        let body = try Payloads.bytes("github/push")
        let id: (String?) throws -> String = { given in
            var headers: HTTPHeaders = ["X-GitHub-Event": "push"]
            if let given { headers["X-GitHub-Delivery"] = given }
            return try ForgeDelivery(headers, body: body, forge: .github).id
        }
        #expect(try id("72d3162e-cc78-11e3-81ab-4c9367dc0958") == "72d3162e-cc78-11e3-81ab-4c9367dc0958")
        let digest = try id(nil)
        #expect(digest.hasPrefix("body:") && digest.utf8.count == 69)
        for odd in [
            "", "a b", "a/b", "poll:refs/heads/main:1", "body:1", "dispatch:x", "schedule:x",
            "sha256:ab", "workflow-run:12:1:completed", String(repeating: "x", count: 201), "é",
        ] {
            #expect(try id(odd) == digest)
        }
    }

    @Test("An event is read back from what is stored of it", arguments: try Payloads.names("github"))
    func stored(name: String) throws {
        let event = try Payloads.event("github/" + name)
        #expect(try ForgeEvent(data: DataValue(json: event.data.jsonText())) == event)
    }

    @Test("A form with the payload in it is read as well")
    func form() throws {
        let json = String(decoding: try Payloads.bytes("github/push"), as: UTF8.self)
        let body = Array(FormText.text([.init("payload", json)]).utf8)
        let headers: HTTPHeaders = [
            "X-GitHub-Event": "push", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        ]
        #expect(try ForgeDelivery(headers, body: body, forge: .github).events.first?.kind == .push)
        #expect(code { _ = try ForgeDelivery(headers, body: Array("a=b".utf8), forge: .github) } == .webhookMalformed)
    }
}
