// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import HTTPMessages
import SourceForges
import StructuredData
import Testing

@Suite("What GitLab tells")
struct GitLabEventTests {
    @Test("A push is GitHub's push")
    func push() throws {
        let event = try Payloads.event("gitlab/push")
        #expect(event.kind == .push)
        #expect(event.name == "push")
        #expect(event.ref == "refs/heads/main")
        #expect(event.commit == commitC)
        #expect(event.changedPaths == ["README.md", "old.txt", "src/nest.c"])
        #expect(event.sender == "robin")
        #expect(event.repository?.fullName == "birds/shore/tern")
        #expect(event.repository?.owner == "birds/shore")
        #expect(event.repository?.name == "tern")
        #expect(event.repository?.cloneURL == "https://gitlab.example.com/birds/shore/tern.git")
        #expect(event.repository?.isPrivate == false)
        #expect(event.headMessage == "Line the nest\n\nWith moss.\n")
        let payload = DataValue.object(event.payload)
        #expect(payload.at("head_commit.id") == .string(commitC))
        #expect(payload.at("pusher.name") == "robin")
        #expect(payload.at("repository.owner.login") == "birds/shore")
        #expect(payload.at("sender.type") == "User")
        #expect(
            payload["compare"]
                == .string("https://gitlab.example.com/birds/shore/tern/-/compare/\(commitA)...\(commitC)"))
    }

    @Test("Of a push with more commits than are listed, the paths are not known")
    func many() throws {
        #expect(try Payloads.event("gitlab/push-many").changedPaths == nil)
    }

    @Test("A branch that is made or deleted gives 'create' or 'delete' too, as on GitHub")
    func branches() throws {
        let made = try Payloads.delivery("gitlab/push-new-branch").events
        #expect(made.map(\.name) == ["push", "create"])
        #expect(made[0].payload["created"] == true)
        #expect(made[0].commit == commitC)
        #expect(made[1].payload["ref"] == "feature/moss")
        #expect(made[1].payload["ref_type"] == "branch")
        #expect(made[1].payload["master_branch"] == "main")
        #expect(made[1].ref == "refs/heads/feature/moss")
        #expect(made[1].commit == commitC)
        let gone = try Payloads.delivery("gitlab/push-deleted").events
        #expect(gone.map(\.kind) == [.branchDeleted, .branchDeleted])
        #expect(gone.map(\.startsWorkflows) == [false, true])
        #expect(gone[0].payload["head_commit"] == .null)
    }

    @Test("An annotated tag runs the commit that it points to, and a token's account is a bot")
    func tags() throws {
        let events = try Payloads.delivery("gitlab/tag").events
        #expect(events.map(\.name) == ["push", "create"])
        #expect(events[0].kind == .tag)
        #expect(events[0].after == commitD)
        #expect(events[0].commit == commitC)
        #expect(events[0].headMessage == "Line the nest\n\nWith moss.\n")
        #expect(events[0].isBot)
        #expect(events[1].payload["ref_type"] == "tag")
        #expect(try Payloads.delivery("gitlab/tag-deleted").events.map(\.kind) == [.tagDeleted, .tagDeleted])
    }

    @Test("A merge request is a pull request")
    func opened() throws {
        let event = try Payloads.event("gitlab/merge-request-open")
        #expect(event.kind == .pullRequest(action: "opened"))
        #expect(event.name == "pull_request")
        #expect(event.ref == "refs/pull/7/merge")
        #expect(event.headMessage == "Line the nest\n")
        let request = try #require(event.pullRequest)
        #expect(request.number == 7)
        #expect(request.headSHA == commitC)
        #expect(request.headRef == "moss")
        #expect(request.headRepository?.fullName == "wren/tern")
        #expect(request.baseRef == "main")
        #expect(request.isFork)
        #expect(request.author == "wren")
        #expect(request.association == .firstTimeContributor)
        #expect(request.fetchRef == "refs/merge-requests/7/head")
        let payload = DataValue.object(event.payload)
        #expect(payload.at("number") == 7)
        #expect(payload.at("pull_request.head.label") == "wren:moss")
        #expect(payload.at("pull_request.base.repo.full_name") == "birds/shore/tern")
        #expect(
            payload.at("pull_request.labels") == [
                ["name": "nests", "id": 206, "color": "aabbcc", "description": .null]
            ])
        #expect(payload.at("pull_request.assignees")?.array?.first?["login"] == "robin")
        #expect(payload.at("pull_request.state") == "open")
    }

    @Test("New commits are 'synchronize', also where unchanged lists stand among the changes")
    func pushed() throws {
        let event = try Payloads.event("gitlab/merge-request-push")
        #expect(event.action == "synchronize")
        #expect(event.before == commitB)
        #expect(event.payload["after"] == .string(commitC))
    }

    @Test("Each label that came or went is an event of its own")
    func labels() throws {
        let events = try Payloads.delivery("gitlab/merge-request-labels").events
        #expect(events.map(\.action) == ["labeled", "labeled", "unlabeled"])
        #expect(events.map { $0.payload["label"]?["name"] } == ["moss", "twigs", "eggs"])
        #expect(events.allSatisfy { $0.sender == "robin" })
        #expect(events[0].pullRequest?.author == nil, "GitLab names who labels, not who wrote it")
    }

    @Test("A draft that begins or ends is that, and the word in its title no edit")
    func drafts() throws {
        let begun = try Payloads.event("gitlab/merge-request-draft")
        #expect(begun.action == "converted_to_draft")
        #expect(begun.pullRequest?.isDraft == true)
        let ended = try Payloads.delivery("gitlab/merge-request-ready").events
        #expect(ended.map(\.action) == ["ready_for_review", "edited"])
        #expect(ended[1].payload["changes"]?["title"]?["from"] == "Draft: Line the nest")
    }

    @Test("Everything that one save changed is told")
    func edited() throws {
        let events = try Payloads.delivery("gitlab/merge-request-edited").events
        #expect(events.map(\.action) == ["assigned", "review_request_removed", "milestoned", "edited"])
        #expect(events[1].payload["requested_reviewer"]?["login"] == "finch")
        let changes = try #require(events[3].payload["changes"])
        #expect(changes == ["title": ["from": "Line it"], "body": ["from": ""], "base": ["ref": ["from": "old"]]])
        #expect(try Payloads.delivery("gitlab/merge-request-nothing").events.isEmpty)
    }

    @Test("Its end and its second beginning are told")
    func ends() throws {
        let reopened = try Payloads.event("gitlab/merge-request-reopen")
        #expect(reopened.action == "reopened")
        #expect(reopened.pullRequest?.isFork == false)
        #expect(reopened.pullRequest?.association == .contributor)
        let closed = try Payloads.event("gitlab/merge-request-close")
        #expect(closed.action == "closed")
        #expect(closed.pullRequest?.isMerged == false)
        #expect(closed.payload["pull_request"]?["state"] == "closed")
        let merged = try Payloads.event("gitlab/merge-request-merge")
        #expect(merged.action == "closed")
        #expect(merged.pullRequest?.isMerged == true)
        #expect(merged.payload["pull_request"]?["merge_commit_sha"] == .string(commitD))
        let approved = try Payloads.event("gitlab/merge-request-approved")
        #expect(approved.name == "pull_request_review")
        #expect(approved.action == "submitted")
        #expect(approved.payload["review"]?["state"] == "approved")
    }

    @Test("Releases and comments are GitHub's; what has no like there keeps its name and payload")
    func others() throws {
        let release = try Payloads.event("gitlab/release")
        #expect(release.kind == .release(action: "published"))
        #expect(release.ref == "refs/tags/v1.2.0")
        let note = try Payloads.event("gitlab/note")
        #expect(note.kind == .issueComment(action: "created"))
        #expect(note.payload["comment"]?["body"] == "/run it")
        #expect(note.payload["issue"]?["number"] == 7)
        #expect(note.payload["issue"]?["pull_request"] != nil)
        let issue = try Payloads.event("gitlab/note-issue")
        #expect(issue.kind == .issueComment(action: "edited"))
        #expect(issue.payload["issue"]?["pull_request"] == nil)
        #expect(issue.payload["issue"]?["state"] == "closed")
        #expect(try Payloads.event("gitlab/note-commit").kind == .other("commit_comment"))
        let pipeline = try Payloads.event("gitlab/pipeline")
        #expect(pipeline.kind == .other("pipeline"))
        #expect(pipeline.payload == (try Payloads.object("gitlab/pipeline")))
    }

    @Test("The id is the one that stays when a delivery is tried again")
    func ids() throws {
        let body = try Payloads.bytes("gitlab/push")
        let id: ([String: String]) throws -> String = { given in
            try ForgeDelivery(given.merging(["X-Gitlab-Event": "Push Hook"]) { $1 }.headers, body: body, forge: .gitlab)
                .id
        }
        let key = ["Idempotency-Key": "k1", "X-Gitlab-Webhook-UUID": "w1", "X-Gitlab-Event-UUID": "e1"]
        #expect(try id(key) == "k1")
        #expect(try id(["webhook-id": "k1"]) == "k1")
        let first = try id(["X-Gitlab-Webhook-UUID": "w1", "X-Gitlab-Event-UUID": "e1"])
        #expect(try id(["X-Gitlab-Webhook-UUID": "w2", "X-Gitlab-Event-UUID": "e1"]) == first)
        #expect(try id(["X-Gitlab-Event-UUID": "e2"]) != first)
    }

    @Test("A save that changed more labels than one delivery holds says how many are left out")
    func manyLabels() throws {
        var payload = try Payloads.object("gitlab/merge-request-labels")
        let labels: [DataValue] = (0..<250).map { ["id": .number(Double($0)), "title": .string("l\($0)")] }
        payload["changes"] = ["labels": ["previous": [], "current": .array(labels)]]
        let delivery = try ForgeDelivery(
            Payloads.headers(.gitlab, ""), body: Array(payload.jsonText().utf8), forge: .gitlab)
        #expect(delivery.events.count == ForgeLimits.eventsADelivery)
        #expect(delivery.droppedEvents == 50)
    }
}
