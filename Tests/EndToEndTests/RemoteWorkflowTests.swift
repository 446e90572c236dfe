// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Workflows of other repositories, taken from the sources that a repository names.
@Suite struct RemoteWorkflows {
    private let sandbox: Sandbox

    /// A project that calls `acme/shared`, which lies as a git repository outside of it.
    init() throws {
        sandbox = try Sandbox()
        let shared = sandbox.root + "/git/acme/shared"
        let folder = shared + "/.github/workflows"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let outer = """
            on:
              workflow_call:
                inputs: {who: {type: string, required: true}}
                outputs:
                  said: {value: '${{ jobs.inner.outputs.said }}'}
            jobs:
              inner:
                uses: ./.github/workflows/inner.yml
                with: {who: '${{ inputs.who }}'}
            """
        let inner = """
            on:
              workflow_call:
                inputs: {who: {type: string}}
                outputs:
                  said: {value: '${{ jobs.say.outputs.said }}'}
            jobs:
              say:
                runs-on: ubuntu-latest
                outputs: {said: '${{ steps.s.outputs.said }}'}
                steps:
                  - id: s
                    run: echo "said=hello ${{ inputs.who }}" >> "$GITHUB_OUTPUT"
            """
        try Data(outer.utf8).write(to: URL(fileURLWithPath: folder + "/outer.yml"))
        try Data(inner.utf8).write(to: URL(fileURLWithPath: folder + "/inner.yml"))
        for arguments in [
            ["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "All"], ["tag", "v1"],
        ] {
            #expect(try sandbox.start(["git", "-C", shared] + arguments).end().status == 0)
        }
        try sandbox.workflow(
            """
            on: push
            jobs:
              call:
                uses: acme/shared/.github/workflows/outer.yml@v1
                with: {who: world}
              after:
                needs: call
                runs-on: ubuntu-latest
                steps:
                  - run: echo "${{ needs.call.outputs.said }}"
            """)
    }

    private func setSources(_ lines: String...) throws {
        try sandbox.write(".martlet/sources.yml", "sources:\n" + lines.map { "  - \($0)\n" }.joined())
    }

    private func runs() throws -> Ended { try sandbox.martlet("run", "--json", "ci.yml") }

    @Test func areTakenFromAGitRepositoryOnThisMachine() throws {
        try setSources("folder: nowhere", "git: ../git/{owner}/{repo}")
        let ended = try runs()
        #expect(ended.status == 0, "\(ended.err)")
        #expect(ended.lines("after") == ["hello world"])
    }

    @Test func areFetchedFromAnAddressAndKeptForWhenItCannotBeReached() throws {
        try setSources("git: file://\(sandbox.root)/git/{owner}/{repo}")
        #expect(try runs().status == 0)
        try FileManager.default.moveItem(atPath: sandbox.root + "/git", toPath: sandbox.root + "/away")
        let ended = try runs()
        #expect(ended.lines("after") == ["hello world"], "\(ended.err)")
    }

    @Test func areTakenFromTheFolderOfTheEnvironmentFirst() throws {
        try setSources("git: ../git/{owner}/{repo}")
        let folder = sandbox.root + "/actions/acme/shared@v1/.github/workflows"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = """
            on:
              workflow_call:
                inputs: {who: {type: string}}
                outputs: {said: {value: 'from the folder'}}
            jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/outer.yml"))
        let ended = try sandbox.start(
            [Program.path, "run", "--json", "ci.yml"],
            environment: ["MARTLET_ACTIONS_DIR": sandbox.root + "/actions"]
        ).end()
        #expect(ended.lines("after") == ["from the folder"], "\(ended.err)")
    }

    @Test func thatAreInNoSourceMakeTheirJobUnavailableAndSayWhereWasLooked() throws {
        try setSources("folder: nowhere")
        let plan = try sandbox.martlet("plan", "--json", "--event", "push", "ci.yml")
        let job = plan.json["jobs"].array.first { $0["id"].string == "call" }
        #expect(job?["unavailable"].string?.contains("it is in none of: \(sandbox.folder)/nowhere") == true)
        #expect(try runs().status == 6)
    }

    @Test func sourcesThatAreNotUnderstoodAreToldWithTheirPlace() throws {
        try setSources("ftp: somewhere")
        let ended = try sandbox.martlet("plan", "ci.yml")
        #expect(ended.status == 1)
        #expect(ended.err.contains("error[MRT0710]"))
        #expect(ended.err.contains(".martlet/sources.yml:2:5"), "\(ended.err)")
    }

    @Test func anotherRepositoryIsCheckedOutFromASource() throws {
        let sandbox = try Sandbox()
        let other = sandbox.root + "/served/acme/other.git"
        try sandbox.git("init", "-q", "-b", "main", other)
        try sandbox.write("../served/acme/other.git/f", "of another")
        try sandbox.git("-C", other, "add", "-A")
        try sandbox.git("-C", other, "commit", "-qm", "All")
        try sandbox.git("-C", other, "tag", "v1")
        try sandbox.write(".martlet/sources.yml", "sources:\n  - git: \(sandbox.root)/served/{owner}/{repo}.git\n")
        func checkout(_ with: String) throws -> Ended {
            try sandbox.workflow(
                """
                on: push
                jobs:
                  a:
                    runs-on: ubuntu-latest
                    steps:
                      - uses: actions/checkout@v4
                      - uses: actions/checkout@v4
                        with: {\(with), path: other}
                      - run: cat other/f; test -e .github
                """)
            try sandbox.commitAll()
            return try sandbox.martlet("run", "--json", "ci.yml")
        }
        for with in ["repository: acme/other", "repository: acme/other, ref: v1"] {
            let ended = try checkout(with)
            #expect(ended.status == 0 && ended.lines("a").last == "of another", "\(ended.out)\(ended.err)")
        }
        let missing = try checkout("repository: acme/none")
        #expect(missing.status == 5 && missing.out.contains("MRT0452"), "\(missing.out)")
    }

    /// What a repository that is a source says in its settings is not run, neither here nor in the sandbox.
    @Test func noProgramOfASourceIsRunWhenItsFilesAreBrought() throws {
        let sandbox = try Sandbox()
        let evil = sandbox.root + "/evil"
        try sandbox.git("init", "-q", "-b", "main", evil)
        try sandbox.write("../evil/action.yml", "name: E\nruns: {using: composite, steps: []}\n")
        try sandbox.write("../evil/.gitattributes", "* filter=e\n")
        try sandbox.git("-C", evil, "add", "-A")
        try sandbox.git("-C", evil, "commit", "-qm", "All")
        try sandbox.git("-C", evil, "tag", "v1")
        try sandbox.git("-C", evil, "config", "filter.e.smudge", "sh -c 'touch \(sandbox.root)/ran; cat'")
        try sandbox.write(".martlet/sources.yml", "sources: [{git: \(evil)}]\n")
        try sandbox.workflow(
            "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{uses: o/evil@v1}]\n")
        try sandbox.commitAll()
        let ended = try sandbox.martlet("run", "--json", "ci.yml")
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(!FileManager.default.fileExists(atPath: sandbox.root + "/ran"))
    }
}
