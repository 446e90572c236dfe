// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The services that actions talk to, from inside a run.
@Suite(.enabled(if: Program.has("node"), "node is not installed: services of a run are not tested"))
struct RunServicesTests {
    private let sandbox: Sandbox

    /// `acme/cache@v1` looks a key up, and saves it afterwards, by the requests that GitHub's own action makes.
    init() throws {
        sandbox = try Sandbox()
        try sandbox.write(
            "../actions/acme/cache@v1/action.yml",
            """
            name: Cache
            description: Looks up and saves.
            inputs: {key: {description: Its key., required: true}, restore: {description: Others., default: ''}}
            runs: {using: node20, main: main.js, post: post.js}
            """)
        let start = """
            const e = process.env
            const call = (name, body) => fetch(
              e.ACTIONS_RESULTS_URL + 'twirp/github.actions.results.api.v1.CacheService/' + name,
              {method: 'POST', body: JSON.stringify({version: 'v', ...body}),
               headers: {'content-type': 'application/json', authorization: 'Bearer ' + e.ACTIONS_RUNTIME_TOKEN}})
              .then(answer => answer.json());

            """
        try sandbox.write(
            "../actions/acme/cache@v1/main.js",
            start + """
                (async () => {
                  console.log('token', e.ACTIONS_RUNTIME_TOKEN)
                  const found = await call('GetCacheEntryDownloadURL', {
                    key: e.INPUT_KEY, restore_keys: e.INPUT_RESTORE ? [e.INPUT_RESTORE] : []})
                  if (!found.ok) return console.log('> miss')
                  console.log('>', found.matched_key, await (await fetch(found.signed_download_url)).text())
                })()
                """)
        try sandbox.write(
            "../actions/acme/cache@v1/post.js",
            start + """
                (async () => {
                  const made = await call('CreateCacheEntry', {key: e.INPUT_KEY})
                  if (!made.ok) return console.log('> not saved')
                  await fetch(made.signed_upload_url, {
                    method: 'PUT', body: 'of ' + e.INPUT_KEY, headers: {'x-ms-blob-type': 'BlockBlob'}})
                  const done = await call('FinalizeCacheEntryUpload', {
                    key: e.INPUT_KEY, size_bytes: String(3 + e.INPUT_KEY.length)})
                  console.log('> saved', done.ok)
                })()
                """)
    }

    private func run(_ key: String, restore: String = "") throws -> Ended {
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - run: test -z "$ACTIONS_RUNTIME_TOKEN"
                  - uses: acme/cache@v1
                    with: {key: '\(key)', restore: '\(restore)'}
            """)
        return try sandbox.start(
            [Program.path, "run", "--json", "ci.yml"],
            environment: ["MARTLET_ACTIONS_DIR": sandbox.root + "/actions"]
        ).end()
    }

    private func said(_ ended: Ended) -> [String] { ended.lines("a").filter { $0.hasPrefix("> ") } }

    @Test func keepCachesFromRunToRunAndTellWhyOneWasFoundOrNot() throws {
        let first = try run("npm-1", restore: "npm-")
        #expect(first.status == 0, "\(first.err)")
        #expect(said(first) == ["> miss", "> saved true"], "\(first.out)")
        #expect(first.lines("a").contains("token ***"))
        #expect(try sandbox.martlet("why", "cache").out.contains("There is none yet"))
        #expect(try said(run("npm-1")) == ["> npm-1 of npm-1", "> not saved"])
        #expect(try said(run("npm-2", restore: "npm-")) == ["> npm-1 of npm-1", "> saved true"])
        let why = try sandbox.martlet("why", "cache", "npm-")
        for part in ["fallback", "npm-2", "else npm-", "Found 'npm-1'", "run 1, job a"] {
            #expect(why.out.contains(part), "\(part) in \(why.out)")
        }
        #expect(try said(run("yarn-1")).first == "> miss")
        let miss = try sandbox.martlet("why", "cache", "--json")
        #expect(miss.json["lookups"].array.first?["outcome"].string == "miss")
    }

    @Test func giveIdentityTokensOnlyWhereTheJobMayHaveThem() throws {
        try sandbox.workflow(
            """
            on: push
            permissions: {contents: read}
            jobs:
              with:
                permissions: {id-token: write}
                runs-on: ubuntu-latest
                steps:
                  - run: |
                      curl -sf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\
                        "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=me" | grep -c '"value"'
              without:
                runs-on: ubuntu-latest
                steps:
                  - run: test -z "$ACTIONS_ID_TOKEN_REQUEST_URL"
            """)
        let ended = try sandbox.martlet("run", "--json", "ci.yml")
        #expect(ended.job("without") == "success")
        #expect(ended.lines("with").last == "1", "\(ended.out)")
    }
}

/// Bundles of public actions as they are, in the folder of actions that the test is given.
@Suite struct ActionBundleTests {
    private static func has(_ actions: String...) -> Bool {
        guard let folder = ProcessInfo.processInfo.environment["MARTLET_ACTIONS_DIR"] else {
            FileHandle.standardError.write(
                Data("MARTLET_ACTIONS_DIR is not set: no bundle of a public action is run\n".utf8))
            return false
        }
        let missing = actions.filter { !FileManager.default.fileExists(atPath: "\(folder)/\($0)/action.yml") }
        for name in missing {
            FileHandle.standardError.write(Data("\(name) is not in MARTLET_ACTIONS_DIR: it is not run\n".utf8))
        }
        return missing.isEmpty
    }

    private func run(_ steps: String, _ arguments: String...) throws -> Ended {
        let sandbox = try Sandbox()
        try sandbox.write("f", "x")
        let lines = steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        try sandbox.workflow(
            "on: push\npermissions: {id-token: write}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(lines)\n")
        try sandbox.commitAll()
        return try sandbox.start(
            [Program.path, "run", "--json", "ci.yml", "--secret", "GITHUB_TOKEN=not-a-real-one"] + arguments,
            environment: ["MARTLET_ACTIONS_DIR": try Self.bundles(sandbox)]
        ).end()
    }

    /// All that is given but `actions/checkout`, which needs a forge: the built-in one takes its place.
    private static func bundles(_ sandbox: Sandbox) throws -> String {
        let (given, folder) = (
            ProcessInfo.processInfo.environment["MARTLET_ACTIONS_DIR"] ?? "", sandbox.root + "/bundles"
        )
        for owner in ["actions"] {
            try FileManager.default.createDirectory(atPath: "\(folder)/\(owner)", withIntermediateDirectories: true)
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(given)/\(owner)")
            where !name.hasPrefix("checkout@") {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/\(owner)/\(name)", withDestinationPath: "\(given)/\(owner)/\(name)")
            }
        }
        return folder
    }

    @Test(.enabled(if: ActionBundleTests.has("actions/cache@v4")))
    func ofCacheSaveAndRestore() throws {
        let ended = try run(
            """
            - uses: actions/checkout@v4
            - uses: actions/cache/save@v4
              with: {path: f, key: k-1}
            - run: rm f
            - id: c
              uses: actions/cache/restore@v4
              with: {path: f, key: k-2, restore-keys: k-}
            - run: test -f f && test "${{ steps.c.outputs.cache-matched-key }}" = k-1
            """)
        #expect(ended.status == 0, "\(ended.out)")
    }

    @Test(.enabled(if: ActionBundleTests.has("actions/cache@v4")))
    func ofCacheSaveWhatTheBuiltInOneRestores() throws {
        let sandbox = try Sandbox()
        try sandbox.write("f", "x")
        try sandbox.commitAll()
        let folder = ProcessInfo.processInfo.environment["MARTLET_ACTIONS_DIR"] ?? ""
        func run(_ steps: String, _ folder: String) throws -> Ended {
            try sandbox.run(
                "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(steps)",
                environment: ["MARTLET_ACTIONS_DIR": folder])
        }
        let saved = try run(
            """
                  - run: mkdir -p d ~/.e; echo x | tee d/f ~/.e/f
                  - uses: actions/cache/save@v4
                    with: {path: "d\\n~/.e", key: k-1}
                  - run: rm -r ~/.e
            """, folder)
        #expect(saved.status == 0, "\(saved.out)")
        let restored = try run(
            """
                  - id: c
                    uses: actions/cache/restore@v4
                    with: {path: "d\\n~/.e", key: k-2, restore-keys: k-}
                  - run: test "$(cat d/f ~/.e/f | tr '\\n' ,)" = x,x,
                  - run: test ${{ steps.c.outputs.cache-matched-key }} = k-1
            """, "")
        #expect(restored.status == 0, "\(restored.out)")
        #expect(restored.out.contains("Martlet's own cache"))
    }

    @Test(.enabled(if: ActionBundleTests.has("actions/upload-artifact@v3", "actions/download-artifact@v3")))
    func ofArtifactsUploadAndDownload() throws {
        let ended = try run(
            """
            - uses: actions/checkout@v4
            - uses: actions/upload-artifact@v3
              with: {name: art, path: f}
            - uses: actions/download-artifact@v3
              with: {name: art, path: got}
            - run: cmp f got/f
            """)
        #expect(ended.status == 0, "\(ended.out)")
    }

    @Test(.enabled(if: ActionBundleTests.has("actions/github-script@v7")))
    func ofGitHubScriptRunAndGetIdentityTokens() throws {
        let ended = try run(
            """
            - id: s
              uses: actions/github-script@v7
              with:
                script: |
                  core.setOutput('parts', (await core.getIDToken('me')).split('.').length)
                  return context.eventName
            - run: test '${{ steps.s.outputs.result }} ${{ steps.s.outputs.parts }}' = '"push" 3'
            """)
        #expect(ended.status == 0, "\(ended.out)")
    }

    @Test(.enabled(if: ActionBundleTests.has("actions/checkout@v4", "actions/checkout@v7")), arguments: ["v4", "v7"])
    func ofCheckoutFromAGitServer(_ version: String) throws {
        let sandbox = try Sandbox()
        let server = try GitServer(sandbox, folder: sandbox.root + "/served")
        try sandbox.write("f", "first\n")
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@\(version)
                    with: {fetch-depth: 0, fetch-tags: true}
                  - run: test "$(git rev-list --count HEAD)" = 2 && test "$(git tag)" = v1 && cat f
                  - uses: actions/checkout@\(version)
                    with: {repository: acme/site, ref: v1, path: other}
                  - run: test "$(cat other/f)" = first && git -C other status --porcelain | wc -l
            """)
        try sandbox.commitAll()
        try sandbox.git("tag", "v1")
        try sandbox.write("f", "second\n")
        try sandbox.git("commit", "-qam", "Second")
        try sandbox.git("clone", "-q", "--bare", ".", sandbox.root + "/served/acme/site.git")
        try sandbox.git("remote", "add", "origin", server.address + "/acme/site")
        let folder = ProcessInfo.processInfo.environment["MARTLET_ACTIONS_DIR"] ?? ""
        let ended = try sandbox.start(
            [Program.path, "run", "--json", "ci.yml", "--secret", "GITHUB_TOKEN=not-a-real-one"],
            environment: ["MARTLET_ACTIONS_DIR": folder]
        ).end()
        #expect(ended.status == 0, "\(ended.out)")
        #expect(ended.lines("a").contains("second") && ended.lines("a").contains("0"), "\(ended.out)")
        #expect(!ended.out.contains("Martlet's own"))
        #expect(!ended.out.contains("not-a-real-one"))
    }

    @Test(.enabled(if: ActionBundleTests.has("actions/setup-python@v5")))
    func ofSetupPythonFromTheToolCache() throws {
        let sandbox = try Sandbox()
        try sandbox.commitAll()
        let python = sandbox.root + "/tools/Python/3.11.9/x64/bin/python"
        let content = "#!/bin/sh\ncase $1 in --version) echo Python 3.11.9;; *) exec python3 \"$@\";; esac\n"
        try sandbox.write("../tools/Python/3.11.9/x64/bin/python", content, mode: 0o755)
        try sandbox.write("../tools/Python/3.11.9/x64.complete", "")
        let ended = try sandbox.run(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - id: p
                    uses: actions/setup-python@v5
                    with: {python-version: '3.11'}
                  - run: test "$(which python) $pythonLocation" = "\(python) ${PWD%%/home/*}/tools/Python/3.11.9/x64"
                  - run: test ${{ steps.p.outputs.python-version }} = 3.11.9
            """,
            environment: [
                "MARTLET_ACTIONS_DIR": ProcessInfo.processInfo.environment["MARTLET_ACTIONS_DIR"] ?? "",
                "RUNNER_TOOL_CACHE": sandbox.root + "/tools",
            ])
        #expect(ended.status == 0, "\(ended.out)")
        #expect(!ended.out.contains("Martlet's own"))
    }
}
