// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import PipelineModel
import SourceControl
import Testing

@Suite("A project's mirror")
struct ProjectMirrorTests {
    let origin: Origin
    let mirror: ProjectMirror

    init() throws {
        origin = try Origin()
        mirror = ProjectMirror(folder: origin.folder + "/mirror.git", address: origin.path)
    }

    @Test("It has all branches and tags, where a clone has them, and lets go of those that are gone")
    func everything() throws {
        let first = try origin.commit(["a": "1"])
        try origin.git("tag", "-a", "v1", "-m", "One")
        try origin.git("branch", "side")
        try mirror.fetchAll()
        #expect(try mirror.commit(of: "refs/heads/side") == first)
        #expect(try mirror.commit(of: "refs/tags/v1") == first)
        try origin.git("branch", "-D", "side")
        try mirror.fetchAll()
        #expect(try mirror.commit(of: "refs/heads/side") == nil)
    }

    @Test("Many packs and objects become one pack, and a commit that was pushed over is still there")
    func tidied() throws {
        let lost = try origin.commit(["a": "1"], "Lost")
        try mirror.fetchAll()
        try origin.git("commit", "-q", "--amend", "--allow-empty", "-m", "Other")
        try mirror.fetchAll()
        #expect(try !mirror.tidy())
        // What no ref names is packed with the second pack.
        for _ in 1...2 { #expect(try mirror.tidy(mostLooseObjects: 0)) }
        #expect(try !mirror.tidy(mostPacks: 1, mostLooseObjects: 0))
        #expect(try mirror.has(lost))
        #expect(try mirror.has(try origin.head()))
        try origin.commit(["a": "2"])
        try mirror.fetchAll()
        #expect(try mirror.has(try origin.head()))
    }

    @Test("A commit is brought by its ref, or by its id where the ref has moved on")
    func obtaining() throws {
        let lost = try origin.commit(["a": "1"], "Lost")
        try origin.git("commit", "-q", "--amend", "--allow-empty", "-m", "Other")
        let other = try origin.head()
        try mirror.obtain(lost, from: ["refs/heads/main"])
        #expect(try mirror.has(lost))
        #expect(try mirror.has(other))
        #expect(
            code { try mirror.obtain(String(repeating: "1", count: 40), from: ["refs/heads/main"]) } == .commitMissing)
        #expect(
            code { try mirror.obtain(String(repeating: "1", count: 40), from: ["refs/heads/gone"]) } == .commitMissing)
    }

    @Test("A ref that the remote does not have is no failure; a remote that is not there is one")
    func missing() throws {
        try origin.commit(["a": "1"])
        #expect(try !mirror.fetch(["refs/pull/7/merge"]))
        let nowhere = ProjectMirror(folder: origin.folder + "/n.git", address: origin.folder + "/nothing")
        #expect(code { _ = try nowhere.fetch(["refs/heads/main"]) } == .mirrorUnreachable)
        #expect(code { _ = try nowhere.listing() } == .mirrorUnreachable)
    }

    @Test(
        "What becomes an argument of git is a ref",
        arguments: ["--upload-pack=x", "refs/heads/a..b", "main", "refs/heads/", "refs/heads/a b"])
    func names(ref: String) {
        #expect(code { _ = try mirror.fetch([ref]) } == .refUnusable)
    }

    @Test("A pull request's refs are brought when they are asked for, and no workspace sees them")
    func requests() throws {
        let base = try origin.commit(["a": "1"])
        try origin.git("update-ref", "refs/pull/7/head", base)
        #expect(try mirror.fetch(["refs/pull/7/head", "refs/heads/main"]))
        #expect(try mirror.commit(of: "refs/pull/7/head") == base)
        var state = RepositoryState(root: mirror.folder)
        state.isRepository = true
        state.sha = base
        state.ref = "refs/heads/main"
        var checkout = WorkspaceCheckout(from: state, to: origin.folder + "/work")
        checkout.isPinned = true
        checkout.depth = 0
        #expect(try checkout.run().commit == base)
        let refs = try Files.read(origin.folder + "/work/.git/packed-refs", limit: 1 << 20)
        let text = String(decoding: refs, as: UTF8.self)
        #expect(text.contains("refs/remotes/origin/main"))
        #expect(!text.contains("pull"))
    }

    @Test("A branch by its full name is checked out of a mirror, which has none of its own")
    func fullName() throws {
        let base = try origin.commit(["a": "1"])
        try origin.git("branch", "side")
        try mirror.fetchAll()
        var state = RepositoryState(root: mirror.folder)
        state.isRepository = true
        state.sha = base
        var checkout = WorkspaceCheckout(from: state, to: origin.folder + "/work")
        checkout.isPinned = true
        checkout.ref = "refs/heads/side"
        #expect(try checkout.run().commit == base)
    }

    @Test("A commit says who made it, when, of what, and why")
    func facts() throws {
        let first = try origin.commit(["a": "1"], "First\n\nWith a body\n")
        let second = try origin.commit(["a": "2"])
        try mirror.fetchAll()
        let found = try mirror.commits([second, first, String(repeating: "1", count: 40)])
        #expect(found.map(\.id) == [second, first])
        #expect(found[0].parents == [first])
        #expect(found[1].message == "First\n\nWith a body")
        #expect(found[1].author.name == "Lea Lark")
        #expect(found[1].author.email == "lea@example.org")
        #expect(found[1].author.time == "2026-03-01T10:00:00+01:00")
    }

    @Test("Changed paths are those of a comparison, or of what a branch brings; removals and renames count")
    func changes() throws {
        let first = try origin.commit(["a": "1", "b": "long enough to be seen as a rename\n"])
        try origin.git("checkout", "-q", "-b", "side")
        try origin.git("mv", "b", "c")
        let side = try origin.commit(["ünter/d": "1"])
        try origin.git("checkout", "-q", "main")
        let main = try origin.commit(["a": "2"])
        try mirror.fetchAll()
        #expect(try mirror.changedPaths(from: first, to: side, fromMergeBase: false) == ["b", "c", "ünter/d"])
        #expect(try mirror.changedPaths(from: main, to: side, fromMergeBase: true) == ["b", "c", "ünter/d"])
        #expect(try mirror.changedPaths(from: main, to: side, fromMergeBase: false) == ["a", "b", "c", "ünter/d"])
        #expect(try mirror.changedPaths(from: String(repeating: "1", count: 40), to: side, fromMergeBase: false) == nil)
        #expect(try mirror.isReachable(first, from: "refs/heads/side"))
        #expect(try !mirror.isReachable(side, from: "refs/heads/main"))
    }

    @Test("Between two commits lies what one adds, the newest first, and what it takes back")
    func spans() throws {
        let old = try origin.commit(["a": "1"])
        try origin.commit(["a": "2"], "Second")
        let new = try origin.commit(["a": "3"], "Third")
        try mirror.fetchAll()
        let forward = try #require(try mirror.span(from: old, to: new, limit: 1))
        #expect(forward.added.map(\.message) == ["Third"])
        #expect((forward.addedCount, forward.removedCount) == (2, 0))
        let back = try #require(try mirror.span(from: new, to: old, limit: 9))
        #expect((back.added.count, back.addedCount, back.removedCount) == (0, 0, 2))
        #expect(try mirror.span(from: old, to: String(repeating: "1", count: 40), limit: 9) == nil)
    }

    @Test("The remote's refs are listed without being fetched")
    func listing() throws {
        let base = try origin.commit(["a": "1"])
        try origin.git("update-ref", "refs/pull/7/head", base)
        let text = try mirror.listing()
        #expect(text.contains("ref: refs/heads/main\tHEAD"))
        #expect(text.contains("\(base)\trefs/heads/main"))
        #expect(!text.contains("pull"))
        #expect(try mirror.listing(withRequests: true).contains("refs/pull/7/head"))
    }

    @Test("A name and a password in an address are shown nowhere")
    func passwords() {
        let hidden = ProjectMirror(
            folder: origin.folder + "/h.git", address: "http://lea:s3cret-word@127.0.0.1:9/lark/tern.git")
        #expect(hidden.address == "http://127.0.0.1:9/lark/tern.git")
        #expect("\(GitCredential.token("s3cret-word"))" == "a credential")
        do {
            _ = try hidden.listing()
            Issue.record("nobody listens there")
        } catch {
            #expect(!"\(error)".contains("s3cret"))
        }
    }
}
