// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `actions/checkout`, built in: its inputs, and the git repository that steps find.
@Suite struct Checkout {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.write("file.txt", "first\n")
        try sandbox.commitAll()
        try sandbox.git("tag", "v1")
        try sandbox.write("file.txt", "second\n")
        try sandbox.commitAll()
        try sandbox.git("tag", "-a", "v2", "-m", "Annotated")
        try sandbox.git("checkout", "-q", "-b", "feature", "v1")
        try sandbox.write("feature.txt", "f\n")
        try sandbox.commitAll()
        try sandbox.git("checkout", "-q", "main")
    }

    /// Runs a job that checks out with these inputs and then runs the script; what the script printed.
    private func lines(_ with: String, _ script: String, _ arguments: String...) throws -> [String] {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                    with: {\(with)}
                  - run: |
                      \(script.split(separator: "\n").joined(separator: "\n          "))
            """)
        #expect(ended.status == 0, "\(ended.lines("a")) \(ended.err)")
        let own = ended.events("log").filter { $0["step"].string == "2" }.compactMap { $0["line"].string }
        return Array(own.drop { $0 != "##[endgroup]" }.dropFirst())
    }

    @Test func aBranchIsCheckedOutAsABranch() throws {
        #expect(
            try lines("ref: feature", "git symbolic-ref HEAD; cat file.txt feature.txt; git status --porcelain")
                == ["refs/heads/feature", "first", "f"])
    }

    @Test(arguments: ["v1", "v2", "refs/tags/v2"])
    func aTagIsCheckedOutDetachedAndIsThere(ref: String) throws {
        let name = ref.split(separator: "/").last ?? ""
        #expect(
            try lines(
                "ref: \(ref)", "git symbolic-ref -q HEAD || echo detached; git describe --tags; git branch -a | wc -l")
                == ["detached", "\(name)", "1"])
    }

    @Test func aCommitIsCheckedOutDetached() throws {
        let commit = try sandbox.git("rev-parse", "v1").out.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(
            try lines("ref: \(commit), path: sub/dir", "cd sub/dir; git symbolic-ref -q HEAD || cat file.txt") == [
                "first"
            ])
    }

    @Test func historyIsAsDeepAsAsked() throws {
        #expect(try lines("fetch-depth: 1", "git rev-list --count HEAD; git tag") == ["1"])
        #expect(try lines("fetch-depth: 2", "git rev-list --count HEAD") == ["2"])
        #expect(
            try lines("fetch-depth: 0", "git rev-list --count HEAD; git tag; git describe --tags --abbrev=0")
                == ["2", "v1", "v2", "v2"])
    }

    @Test func aCleanTreeIsCleanForGit() throws {
        _ = try sandbox.workflow("on: push\njobs: {a: {runs-on: x, steps: [{run: x}]}}")
        #expect(
            try lines("", "git diff-index --quiet HEAD -- file.txt; echo $?") == ["0"])
    }

    @Test func aSecondCheckoutStartsAfresh() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: touch junk; mkdir -p file.d
                  - uses: actions/checkout@v4
                    with: {ref: feature, fetch-depth: 0}
                  - run: ls; git rev-list --count HEAD
                  - uses: actions/checkout@v4
                    with: {clean: false}
                  - run: ls
            """)
        #expect(ended.status == 0, "\(ended.lines("a"))")
        let all = ended.lines("a")
        #expect(!all.contains("junk"))
        #expect(all.filter { $0 == "feature.txt" }.count == 2)
        #expect(all.contains("2"))
    }

    @Test func repositoriesWithinAndSecretFilesStayBehind() throws {
        try sandbox.write("nested/inner.txt", "x\n")
        try sandbox.start(["git", "-C", sandbox.path("nested"), "init", "-q"]).end()
        try sandbox.write(".secrets", "TOKEN=s3cr3t-value\n")
        try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4}, {run: ls -A}]}}")
        let ended = try sandbox.martlet("run", "--json", "--secret-file", ".secrets")
        #expect(ended.status == 0, "\(ended.lines("a"))")
        #expect(ended.lines("a").contains("file.txt"))
        #expect(!ended.lines("a").contains(".secrets"))
        #expect(!ended.lines("a").contains("nested"))
    }

    @Test func submodulesComeFromTheWorkingTreeWhenTheyAreAskedFor() throws {
        let other = sandbox.root + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: true)
        try Data("inside\n".utf8).write(to: URL(fileURLWithPath: other + "/inside.txt"))
        for arguments in [["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "All"]] {
            try sandbox.start(["git", "-C", other] + arguments).end()
        }
        #expect(
            try sandbox.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", other, "sub").status == 0)
        try sandbox.commitAll()
        #expect(try lines("", "ls sub") == [])
        #expect(try lines("submodules: true", "cat sub/inside.txt; git -C sub log --format=%s") == ["inside", "All"])
    }

    @Test func shallowAndSplitSourcesWork() throws {
        let shallow = sandbox.root + "/shallow"
        #expect(try sandbox.git("clone", "-q", "--depth", "1", "file://" + sandbox.folder, shallow).status == 0)
        #expect(
            try lines(
                "repository: \(shallow), fetch-depth: 0, path: s", "cd s; git log --format=%s; git status --porcelain")
                == ["All"])
        #expect(try sandbox.git("update-index", "--split-index").status == 0)
        #expect(try lines("", "git status --porcelain file.txt; git ls-files file.txt") == ["file.txt"])
    }

    @Test func sha256RepositoriesWork() throws {
        let other = sandbox.root + "/sha256"
        #expect(try sandbox.git("init", "-q", "-b", "main", "--object-format=sha256", other).status == 0)
        try Data("x\n".utf8).write(to: URL(fileURLWithPath: other + "/x.txt"))
        for arguments in [["add", "-A"], ["commit", "-q", "-m", "All"]] {
            try sandbox.start(["git", "-C", other] + arguments).end()
        }
        #expect(
            try lines("repository: \(other), path: s", "cd s; git log --format=%s; git status --porcelain") == ["All"])
    }

    @Test func aPushIsHeldBackUnlessItIsAllowed() throws {
        let remote = sandbox.root + "/remote.git"
        try sandbox.git("init", "-q", "--bare", remote)
        try sandbox.git("remote", "add", "origin", remote)
        let script = "git remote get-url --push origin"
        #expect(try lines("", script).first?.contains("allow-push") == true)
    }

    @Test func aMergeHasBothItsParentsAtDepthTwo() throws {
        try sandbox.git("merge", "-q", "--no-edit", "feature")
        #expect(
            try lines("fetch-depth: 2", "git rev-parse HEAD^1 HEAD^2 | wc -l; git rev-list --count HEAD")
                == ["2", "3"])
        #expect(try lines("fetch-depth: 3", "git rev-list --count HEAD") == ["4"])
    }

    @Test func branchesOfAnyNameAreThere() throws {
        for name in ["e\u{301}x", "z1", "f1"] { try sandbox.git("branch", name) }
        #expect(
            try lines("fetch-depth: 0", "git rev-parse f1 z1 HEAD | wc -l; git fsck 2>&1 | grep -c unborn || true")
                == ["3", "0"])
    }

    @Test func aPathThatALinkLeadsOutOfTheWorkspaceIsRefused() throws {
        let precious = sandbox.root + "/precious"
        try FileManager.default.createDirectory(atPath: precious, withIntermediateDirectories: true)
        try Data("kept\n".utf8).write(to: URL(fileURLWithPath: precious + "/kept.txt"))
        for path in ["link", "link/deeper", "x/../../y"] {
            let ended = try sandbox.run(
                """
                on: push
                jobs:
                  a:
                    runs-on: ubuntu-latest
                    steps:
                      - run: ln -s \(precious) link
                      - uses: actions/checkout@v4
                        with: {path: '\(path)'}
                """)
            #expect(ended.status == 5)
            #expect(ended.lines("a").contains { $0.contains("leads out of the workspace") }, "\(ended.lines("a"))")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: precious) == ["kept.txt"])
    }

    /// With `--bind` the workspace is the user's tree.
    @Test(arguments: [".", "./", "./."])
    func inPlaceTheTreeItselfIsNeverCheckedOutInto(path: String) throws {
        try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4, with: {path: \(path)}}]}}"
        )
        try sandbox.commitAll()
        try sandbox.git("pack-refs", "--all")
        let before = try sandbox.git("for-each-ref").out + sandbox.git("config", "--list").out
        #expect(try sandbox.martlet("run", "--bind", "ci.yml").status == 0)
        #expect(try sandbox.git("for-each-ref").out + sandbox.git("config", "--list").out == before)
    }

    @Test func inPlaceAFolderThatIsThereIsLeftAlone() throws {
        try sandbox.write("lib/mine.txt", "mine\n")
        try sandbox.workflow(
            "on: push\njobs: {a: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4, with: {path: lib}}]}}")
        let ended = try sandbox.martlet("run", "--bind", "ci.yml")
        #expect(ended.status == 5)
        #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("lib")) == ["mine.txt"])
    }

    @Test func theBranchIsAtTheCommitWhateverAStepDidToIt() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: git -c user.name=a -c user.email=a@b commit -q --allow-empty -m local; touch "$(printf 'junk\\375')"
                  - uses: actions/checkout@v4
                    with: {clean: false}
                  - run: test "$(git rev-parse HEAD)" = "$GITHUB_SHA" && echo same
                  - uses: actions/checkout@v4
                  - run: ls | grep -c junk || true
            """)
        #expect(ended.lines("a").filter { $0 == "same" || $0 == "0" } == ["same", "0"], "\(ended.lines("a"))")
    }

    @Test func aWrongDepthIsToldAndNotPassedOver() throws {
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v4, with: {fetch-depth: many}}]}
            """)
        #expect(ended.status == 5)
        #expect(ended.lines("a").contains { $0.contains("'fetch-depth' is 'many'") })
    }
}

/// What git hooks start must not reach the repository that the hook runs in.
@Suite struct Hooks {
    @Test(arguments: [false, true])
    func aRunFromAHookLeavesTheUsersRepositoryAlone(inWorktree: Bool) throws {
        let sandbox = try Sandbox()
        try sandbox.write("file.txt", "one\n")
        try sandbox.workflow(
            """
            on: push
            jobs:
              lint:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: |
                      git config user.name bot
                      echo x > generated.txt
                      git add generated.txt
                      git commit -q --no-verify -m "made by a step"
                      git tag made-by-a-step
            """)
        try sandbox.workflow("on: push\njobs: {other: {runs-on: ubuntu-latest, steps: [{run: exit 1}]}}", "other.yml")
        try sandbox.commitAll()
        // `martlet` is on the path of the hook only.
        let bin = sandbox.root + "/bin"
        try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: bin + "/martlet", withDestinationPath: Program.path)
        let path = ["PATH": bin + ":" + (sandbox.environment["PATH"] ?? "")]
        var folder = sandbox.folder
        if inWorktree {
            folder = sandbox.root + "/tree"
            try sandbox.git("worktree", "add", "-q", folder)
        }
        let installed = try sandbox.start(
            ["env", "-C", folder, Program.path, "hooks", "install", "--pre-commit", "lint"], environment: path
        ).end()
        #expect(installed.status == 0, "\(installed.err)")
        try Data("two\n".utf8).write(to: URL(fileURLWithPath: folder + "/file.txt"))
        let committed = try sandbox.start(
            ["git", "-C", folder, "commit", "-q", "-a", "-m", "by the user"], environment: path
        ).end()
        #expect(committed.status == 0, "\(committed.out) \(committed.err)")
        let log = try sandbox.start(["git", "-C", folder, "log", "--format=%s %an"]).end().out
        #expect(log == "by the user a\nAll a\n")
        #expect(try sandbox.git("tag").out.isEmpty)
        #expect(try sandbox.git("config", "user.name").status != 0)
    }
}

@Suite struct RemoteTests {
    @Test(arguments: [
        ("http://git.example.org:3000/acme/site.git", "http://git.example.org:3000 acme/site"),
        ("https://git.example.org/group/sub/site", "https://git.example.org group/sub/site"),
        ("git@git.example.org:acme/site.git", "https://git.example.org acme/site"),
        ("ssh://git@git.example.org:2222/acme/site.git/", "https://git.example.org acme/site"),
    ])
    func theForgeIsTheOneOfTheRemote(_ remote: String, _ told: String) throws {
        let sandbox = try Sandbox()
        try sandbox.write("f", "x")
        try sandbox.commitAll()
        try sandbox.git("remote", "add", "origin", remote)
        let ended = try sandbox.run(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo $GITHUB_SERVER_URL $GITHUB_REPOSITORY\n"
        )
        #expect(ended.lines("a").contains(told), "\(ended.out)")
    }
}
