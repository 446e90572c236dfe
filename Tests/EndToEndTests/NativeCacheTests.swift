// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `actions/cache` and its halves, built in.
@Suite struct NativeCacheTests {
    private let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.write("f", "x")
        try sandbox.commitAll()
    }

    private func run(_ steps: String, _ more: [String: String] = [:]) throws -> Ended {
        try sandbox.run(Self.workflow(steps), environment: more)
    }

    private static func workflow(_ steps: String) -> String {
        let lines = steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(lines)\n"
    }

    /// Makes `deps` with what the key says, unless it was restored; the text of `deps/of` is said.
    private func cached(_ key: String, restore: String = "", more: String = "", after: String = "") -> String {
        """
        - id: c
          uses: actions/cache@v4
          with:
            path: |
              deps
              ~/.tool
            key: '\(key)'
            restore-keys: '\(restore)'
        \(more)
        - run: |
            echo "> hit=${{ steps.c.outputs.cache-hit }} of=$(cat deps/of ~/.tool/of 2>/dev/null | tr '\\n' ' ')"
            mkdir -p deps/a ~/.tool; echo '\(key)' | tee deps/of >~/.tool/of; ln -sf of deps/link; chmod 700 deps/a
        \(after)
        """
    }

    private func said(_ ended: Ended) -> [String] {
        ended.lines("a").filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    private func forgetHome() throws {
        try? FileManager.default.removeItem(atPath: sandbox.root + "/.tool")
    }

    @Test func areSavedAtTheJobsEndAndRestoredByKeyAndByBeginning() throws {
        let first = try run(cached("k-1", restore: "k-"))
        #expect(first.status == 0, "\(first.out)\(first.err)")
        #expect(said(first) == ["hit= of="], "\(first.out)")
        #expect(first.lines("a").contains("Cache not found for input keys: k-1, k-"))
        #expect(first.lines("a").contains("Cache saved with key: k-1"), "\(first.out)")
        try forgetHome()
        let second = try run(cached("k-1", after: "- run: test -L deps/link && test \"$(stat -c %a deps/a)\" = 700"))
        #expect(said(second) == ["hit=true of=k-1 k-1 "], "\(second.out)")
        #expect(second.status == 0)
        #expect(second.lines("a").contains("Cache hit occurred on the primary key k-1, not saving cache."))
        try forgetHome()
        let third = try run(cached("k-2", restore: "k-"))
        #expect(said(third) == ["hit=false of=k-1 k-1 "], "\(third.out)")
        #expect(third.lines("a").contains("Cache restored from key: k-1"))
        let why = try sandbox.martlet("why", "cache", "--run", "3", "--json")
        #expect(why.json["lookups"].array.map { $0["outcome"].string } == ["fallback", "saved"], "\(why.out)")
        #expect(
            why.json["lookups"].array.last?["text"].string?.contains(
                "2 files differ: .tool/of changed, deps/of changed.") == true, "\(why.out)")
    }

    /// Inputs of a look-up, with `k-1` saved before; and what they come to.
    struct Case: Sendable, CustomStringConvertible {
        var with: String
        var outputs: String
        var says: String
        var fails = false
        var description: String { with }
    }

    @Test(arguments: [
        Case(with: "key: k-1", outputs: "true,k-1,k-1,x", says: "Cache restored from key: k-1"),
        Case(with: "key: K, restore-keys: k", outputs: "false,K,k-1,x", says: "Cache restored from key: k-1"),
        Case(with: "key: k-2", outputs: ",k-2,,", says: "Cache not found for input keys: k-2"),
        Case(
            with: "key: k-1, lookup-only: true", outputs: "true,k-1,k-1,",
            says: "Cache found and can be restored from key: k-1"),
        Case(
            with: "key: k-9, fail-on-cache-miss: true", outputs: ",k-9,,",
            says: "##[error]Failed to restore cache entry. Exiting as fail-on-cache-miss is set. Input key: k-9",
            fails: true),
        Case(
            with: "key: 'a,b'", outputs: ",,,", says: "##[error]Key Validation Error: a,b cannot contain commas.",
            fails: true),
        Case(with: "wat: 1, key: k-1", outputs: "true,k-1,k-1,x", says: "##[warning]Unexpected input(s) 'wat', "),
    ])
    func lookUpAsTheOriginalDoes(_ lookup: Case) throws {
        _ = try run("- run: mkdir d; echo x >d/f\n- uses: actions/cache/save@v4\n  with: {path: d, key: k-1}")
        let outputs = ["cache-hit", "cache-primary-key", "cache-matched-key"].map { "${{ steps.c.outputs.\($0) }}" }
        let ended = try run(
            """
            - id: c
              continue-on-error: true
              uses: actions/cache/restore@v4
              with: {path: d, \(lookup.with)}
            - run: echo "> \(outputs.joined(separator: ",")),$(cat d/f 2>/dev/null)"
            - run: test '${{ steps.c.outcome }}' = \(lookup.fails ? "failure" : "success")
            """)
        #expect(said(ended) == [lookup.outputs], "\(ended.out)")
        #expect(ended.lines("a").contains { $0.hasPrefix(lookup.says) }, "\(ended.out)")
        #expect(ended.status == 0)
    }

    @Test func areSavedOnceForAKey() throws {
        let steps = "- run: mkdir d; date >d/f\n- uses: actions/cache/save@v4\n  with: {path: d, key: k}\n"
        try sandbox.workflow(Self.workflow(steps))
        let command = [Program.path, "run", "--json", "ci.yml"]
        let both = try [sandbox.start(command), sandbox.start(command)].map { try $0.end() }
        let lines = both.flatMap { $0.lines("a") }
        #expect(lines.filter { $0 == "Cache saved with key: k" }.count == 1, "\(lines)")
        let refusal =
            "Failed to save: Unable to reserve cache with key k, another job may be creating this cache."
        #expect(lines.filter { $0 == refusal }.count == 1, "\(lines)")
        #expect(lines.contains("##[warning]Cache save failed."))
        #expect(both.allSatisfy { $0.status == 0 })
    }

    @Test func areSavedAfterAFailureOnlyWhereThatIsAskedFor() throws {
        for (more, count) in [("", 0), (", save-always: true", 1)] {
            let ended = try run(
                "- uses: actions/cache@v4\n  with: {path: d, key: k\(more)}\n- run: mkdir d; touch d/f; exit 1\n")
            #expect(ended.status == 5)
            #expect(ended.lines("a").filter { $0 == "Cache saved with key: k" }.count == count, "\(ended.out)")
        }
    }

    @Test func areOfPathsAndPatternsAndLeaveOutWhatIsExcluded() throws {
        let paths = "path: |\n      n/**/deps\n      ${{ runner.temp }}/t/*.txt\n      !n/**/deps/tmp\n    key: k"
        let make = """
            - run: |
                mkdir -p n/1/deps/tmp n/2/deps "$RUNNER_TEMP/t"; touch n/1/deps/a n/1/deps/tmp/b n/2/deps/c n/no
                touch "$RUNNER_TEMP/t/x.txt" "$RUNNER_TEMP/t/y.bin"
            """
        _ = try run("\(make)\n- uses: actions/cache/save@v4\n  with:\n    \(paths)")
        let ended = try run(
            """
            - uses: actions/cache/restore@v4
              with:
                \(paths)
            - run: echo ">" $(find n -type f | sort) $(ls "$RUNNER_TEMP/t")
            """)
        #expect(said(ended) == ["n/1/deps/a n/2/deps/c x.txt"], "\(ended.out)")
    }

    @Test func thatAreNotThereAreNotSavedAndFailNoJob() throws {
        let ended = try run("- uses: actions/cache/save@v4\n  with: {path: nothing, key: k}\n")
        #expect(ended.status == 0)
        #expect(
            ended.out.contains("Path Validation Error: Path(s) specified in the action for caching do(es) not exist"))
    }

    @Test func thatAreDamagedCountAsMissedAndAreMadeAnew() throws {
        let step = "- uses: actions/cache@v4\n  with: {path: d, key: k}\n- run: mkdir -p d; seq 9999 >d/f\n"
        _ = try run(step)
        let packs = sandbox.home + "/content/packs"
        for name in try FileManager.default.contentsOfDirectory(atPath: packs) where name.hasSuffix(".pack") {
            let url = URL(fileURLWithPath: "\(packs)/\(name)")
            var bytes = try Data(contentsOf: url)
            for place in 8..<200 { bytes[place] ^= 0xFF }
            try bytes.write(to: url)
        }
        let ended = try run(step)
        #expect(ended.status == 0, "\(ended.out)")
        #expect(ended.lines("a").contains("##[warning]The cache 'k' is damaged; it is dropped."), "\(ended.out)")
        #expect(ended.lines("a").contains("Cache not found for input keys: k"))
        #expect(ended.lines("a").contains("Cache saved with key: k"))
        #expect(try sandbox.martlet("why", "cache").out.contains("Damaged and dropped: 'k'."))
        #expect(try run(step).lines("a").contains("Cache restored from key: k"))
    }

    @Test func rememberWhatWasRestoredThroughACrash() throws {
        _ = try run("- run: mkdir d; touch d/f\n- uses: actions/cache/save@v4\n  with: {path: d, key: k}\n")
        let bell = try sandbox.bell()
        try sandbox.workflow(
            Self.workflow(
                """
                - uses: actions/cache@v4
                  with: {path: d, key: k}
                - run: echo >"$T/bell"; [ -e "$T/go" ] || sleep 1000
                  continue-on-error: true
                """))
        let first = try sandbox.start([Program.path, "run", "ci.yml"])
        #expect(bell.rings())
        try sandbox.write("go", "")
        first.signal(SIGKILL)
        _ = try first.end()
        let ended = try sandbox.martlet("run", "--json", "--resume", "2")
        #expect(
            ended.lines("a").contains("Cache hit occurred on the primary key k, not saving cache."),
            "\(ended.out)\(ended.err)")
    }

    @Test func thatFindNoRoomAreNotSavedAndFailNoJob() throws {
        try sandbox.workflow(
            Self.workflow(
                """
                - run: mkdir d; cp "$T/big" d
                - id: s
                  uses: actions/cache/save@v4
                  with: {path: d, key: k}
                """))
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<(3 << 17)).reduce(into: Data()) { data, _ in
            withUnsafeBytes(of: random.next()) { data.append(contentsOf: $0) }
        }
        try sandbox.write("big", bytes)
        // A limit on the size of files is met as a full disk is; the copy in the step has none.
        let command = "trap '' XFSZ; ulimit -S -f 2048; exec \(Program.path) run --json ci.yml"
        try sandbox.workflow(
            Self.workflow(
                "- run: ulimit -S -f unlimited; mkdir d; cp \"$T/big\" d\n- uses: actions/cache/save@v4\n  with: {path: d, key: k}\n"
            ))
        let ended = try sandbox.start(["bash", "-c", command]).end()
        #expect(ended.status == 0, "\(ended.out)\(ended.err)")
        #expect(ended.lines("a").contains { $0.hasPrefix("[warning]MRT0801: There is no room") }, "\(ended.out)")
        let second = try sandbox.martlet("run", "--json", "ci.yml")
        #expect(second.lines("a").contains("Cache saved with key: k"), "\(second.out)")
    }

    @Test func thatCannotBeRestoredCountAsMissed() throws {
        let restore = "- id: c\n  uses: actions/cache/restore@v4\n  with: {path: d, key: k}\n"
        _ = try run(
            "- run: mkdir d; head -c 4M /dev/urandom >d/big; touch d/small\n"
                + "- uses: actions/cache/save@v4\n  with: {path: d, key: k}")
        try sandbox.workflow(Self.workflow(restore + "- run: ls d; echo \"> hit=${{ steps.c.outputs.cache-hit }}\""))
        // A limit on the size of files is met as a full disk is.
        let command = "trap '' XFSZ; ulimit -S -f 2048; exec \(Program.path) run --json --no-snapshots ci.yml"
        let ended = try sandbox.start(["bash", "-c", command]).end()
        #expect(ended.status == 0 && said(ended) == ["hit="], "\(ended.out)\(ended.err)")
        #expect(ended.out.contains("Failed to restore: MRT0801: There is no room"), "\(ended.out)")
        #expect(!ended.lines("a").contains("big"), "\(ended.out)")
        let why = try sandbox.martlet("why", "cache", "--json").json["lookups"].array
        #expect(why.map { $0["outcome"].string } == ["miss"], "\(why)")
        #expect(why.last?["text"].string?.contains("It could not be restored: There is no room") == true, "\(why)")
        #expect(said(try sandbox.martlet("run", "--json", "ci.yml")) == ["hit=true"])
    }

    @Test func thatAreTooManyOrTooOldAreRemovedTheLongestUnusedFirst() throws {
        let save = { (key: String) in
            "- run: mkdir -p d; head -c 100000 /dev/urandom >d/f\n- uses: actions/cache/save@v4\n  with: {path: d, key: \(key)}\n"
        }
        _ = try run(save("one") + save("two") + save("three"))
        _ = try run("- uses: actions/cache/restore@v4\n  with: {path: d, key: one}")
        let cleaned = try sandbox.start(
            [Program.path, "clean"], environment: ["MARTLET_CACHE_LIMIT": "250K"]
        ).end()
        #expect(cleaned.out.contains("Removed 1 caches"), "\(cleaned.out)\(cleaned.err)")
        let left = try ["one", "two", "three"].map { key in
            try run("- uses: actions/cache/restore@v4\n  with: {path: d, key: \(key), fail-on-cache-miss: true}").status
        }
        #expect(left == [0, 5, 0])
        // What was used eight days ago has gone; the clock stays as it is, the entries' own times do not.
        for path in try FileManager.default.subpathsOfDirectory(atPath: sandbox.home + "/services")
        where path.contains("/index/caches/") && path.hasSuffix(".json") {
            let url = URL(fileURLWithPath: sandbox.home + "/services/" + path)
            let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
            let old = Int64(Date().timeIntervalSince1970 * 1000) - 8 * 86_400_000
            let changed = text.replacingOccurrences(
                of: #""lastUsed":\d+"#, with: "\"lastUsed\":\(old)", options: .regularExpression)
            try Data(changed.utf8).write(to: url)
        }
        #expect(try sandbox.martlet("clean").out.contains("Removed 2 caches"))
        // Snapshots of the runs' workspaces hold the bytes still; no name of a cache does.
        let names = try FileManager.default.subpathsOfDirectory(atPath: sandbox.home + "/content/references")
            .filter { $0.hasPrefix("caches-") && $0.contains("/") }
        #expect(names.isEmpty, "\(names)")
    }

    @Test func ofEnclosedStepsReachTheirOwnFoldersOnly() throws {
        guard Program.has("bwrap") else { return }
        try sandbox.workflow(
            Self.workflow("- uses: actions/cache/save@v4\n  with: {path: ~/secret, key: k}\n"))
        try sandbox.write("../secret", "of the user")
        let ended = try sandbox.martlet("run", "--json", "--executor", "sandbox", "ci.yml")
        #expect(ended.out.contains("MRT0891"), "\(ended.out)\(ended.err)")
    }
}
