// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `actions/upload-artifact` and `actions/download-artifact`, built in.
@Suite struct NativeArtifactTests {
    private let sandbox: Sandbox

    init() throws { sandbox = try Sandbox() }

    private static func workflow(_ steps: String) -> String {
        let lines = steps.split(separator: "\n").map { "      " + $0 }.joined(separator: "\n")
        return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n\(lines)\n"
    }

    private func run(_ steps: String) throws -> Ended { try sandbox.run(Self.workflow(steps)) }

    private func said(_ ended: Ended) -> [String] {
        ended.lines("a").filter { $0.hasPrefix("> ") }.map { String($0.dropFirst(2)) }
    }

    @Test func aSecretIsNoNameOfAnArtifact() throws {
        let ended = try run(
            """
            - run: echo "::add-mask::sesame-42"; echo x > f
            - id: up
              continue-on-error: true
              uses: actions/upload-artifact@v4
              with: {name: art-sesame-42, path: f}
            - run: echo "> ${{ steps.up.outcome }}"
            """)
        #expect(said(ended) == ["failure"], "\(ended.out)")
    }

    /// Inputs of an upload of the files `d/a.txt`, `d/e/b.bin`, `d/.h/c` and `top`; what arrives, or what is said.
    struct Case: Sendable, CustomStringConvertible {
        var with: String
        var files = ""
        var says = ""
        var fails = false
        var version = "v4"
        var description: String { "\(version) \(with)" }
    }

    @Test(arguments: [
        Case(with: "path: d", files: "a.txt e/b.bin"),
        Case(with: "path: d/", files: "a.txt e/b.bin"),
        Case(with: "path: d, include-hidden-files: true", files: ".h/c a.txt e/b.bin"),
        Case(with: "path: d/a.txt", files: "a.txt"),
        Case(with: "path: 'd/**/*.bin'", files: "e/b.bin"),
        Case(with: #"path: "d\n!d/**/*.txt""#, files: "e/b.bin"),
        Case(with: #"path: "d/e\ntop""#, files: "d/e/b.bin top", says: "The least common ancestor is"),
        Case(with: "path: d, compression-level: 0", files: "a.txt e/b.bin"),
        Case(with: "path: d/a.txt, archive: false, name: x", files: "a.txt"),
        Case(
            with: "path: d, archive: false", says: "##[error]When 'archive' is set to false, only a single file",
            fails: true),
        Case(with: "path: nothing", says: "##[warning]No files were found with the provided path: nothing."),
        Case(
            with: "path: nothing, if-no-files-found: error", says: "##[error]No files were found with the provided",
            fails: true),
        Case(with: "path: nothing, if-no-files-found: ignore", says: "No files were found with the provided path"),
        Case(
            with: "path: d, if-no-files-found: no", says: "##[error]Unrecognized if-no-files-found input. Provided: no",
            fails: true),
        Case(with: "path: d, compression-level: 10", says: "##[error]Invalid compression-level.", fails: true),
        Case(with: "path: d, name: 'a/b'", says: "##[error]The artifact name is not valid: a/b.", fails: true),
        Case(with: "name: x", says: "##[error]Input required and not supplied: path", fails: true),
        Case(with: "path: d, retention-days: 400", files: "a.txt e/b.bin", says: "##[warning]Retention days cannot"),
        Case(with: "path: d", files: "a.txt e/b.bin", version: "v3"),
    ])
    func uploadWhatTheInputsSay(_ upload: Case) throws {
        let ended = try run(
            """
            - run: mkdir -p d/e d/.h; echo a >d/a.txt; echo b >d/e/b.bin; touch d/.h/c top
            - id: u
              continue-on-error: true
              uses: actions/upload-artifact@\(upload.version)
              with: {\(upload.with)}
            - run: test '${{ steps.u.outcome }}' = \(upload.fails ? "failure" : "success")
            - uses: actions/download-artifact@v4
              with: {path: got, merge-multiple: true}
            - run: mkdir -p got; cd got; echo ">" $(find . -type f | sed 's,^./,,' | LC_ALL=C sort)
            """)
        #expect(ended.status == 0, "\(ended.out)")
        #expect(said(ended) == (upload.files.isEmpty ? [] : [upload.files]) || said(ended) == ["> "], "\(ended.out)")
        #expect(
            upload.says.isEmpty || ended.lines("a").contains { $0.hasPrefix(upload.says) }, "\(ended.out)")
    }

    @Test func giveTheOutputsOfTheOriginal() throws {
        let ended = try run(
            """
            - run: echo x >f
            - id: u
              uses: actions/upload-artifact@v4
              with: {path: f, name: art}
            - id: d
              uses: actions/download-artifact@v4
              with: {name: art, path: got}
            - run: echo "> ${{ steps.u.outputs.artifact-digest }} ${{ steps.u.outputs.artifact-url }}"
            - run: test '${{ steps.d.outputs.download-path }}' = "$PWD/got" && cmp f got/f
            """)
        #expect(ended.status == 0, "\(ended.out)")
        let words = try #require(said(ended).first).split(separator: " ")
        #expect(words[0].count == 64 && words[1].contains("/actions/runs/1/artifacts/"))
        let listed = try sandbox.martlet("artifacts", "list", "--json").json
        #expect(listed["artifacts"].array.map { $0["name"].string } == ["art"])
        #expect(listed["artifacts"].array.first?["digest"].string == "sha256:\(words[0])")
    }

    @Test func areChosenByNamePatternAndNumber() throws {
        let upload = ["one-a", "one-b", "two"].map {
            "- uses: actions/upload-artifact@v4\n  id: \($0)\n  with: {path: f, name: \($0)}\n"
        }
        let ended = try run(
            """
            - run: echo x >f
            \(upload.joined())
            - {uses: actions/download-artifact@v4, with: {pattern: 'one-*', path: p}}
            - {uses: actions/download-artifact@v4, with: {pattern: '{two,none}', path: q}}
            - {uses: actions/download-artifact@v4, with: {artifact-ids: '${{ steps.two.outputs.artifact-id }},1', path: r}}
            - {uses: actions/download-artifact@v4, with: {path: s}}
            - {uses: actions/upload-artifact/merge@v4, with: {name: m, pattern: 'one-*', separate-directories: true, delete-merged: true}}
            - {uses: actions/download-artifact@v4, with: {path: t}}
            - run: echo ">" $(find p q r s t -type f | LC_ALL=C sort)
            """)
        #expect(
            said(ended) == ["p/one-a/f p/one-b/f q/f r/f s/one-a/f s/one-b/f s/two/f t/m/one-a/f t/m/one-b/f t/two/f"],
            "\(ended.out)")
        #expect(ended.lines("a").contains("##[warning]Could not find the following artifact IDs: 1"))
        let missing = try run("- {uses: actions/download-artifact@v4, with: {name: none}}")
        #expect(
            missing.lines("a").contains("##[error]Unable to download artifact(s): Artifact not found for name: none"))
    }

    @Test func haveANameOnceARunUnlessTheyAreOverwritten() throws {
        let again = { (more: String) in
            "- uses: actions/upload-artifact@v4\n  with: {path: f, name: art\(more)}\n"
        }
        let first = try run("- run: echo 1 >f\n\(again(""))\n- run: echo 2 >f\n\(again(""))")
        #expect(first.status == 5)
        #expect(first.out.contains("an artifact with this name already exists on the workflow run"), "\(first.out)")
        let second = try run(
            """
            - run: echo 1 >f
            \(again(""))
            - run: echo 2 >f
            \(again(", overwrite: true"))
            - {uses: actions/download-artifact@v4, with: {name: art, path: got}}
            - run: test "$(cat got/f)" = 2
            """)
        #expect(second.status == 0, "\(second.out)")
    }

    @Test func ofTheThirdVersionAreAddedTo() throws {
        let ended = try run(
            """
            - run: echo 1 >f; echo 2 >g
            - {uses: actions/upload-artifact@v3, with: {path: f, name: art}}
            - {uses: actions/upload-artifact@v3, with: {path: g, name: art}}
            - {uses: actions/download-artifact@v3, with: {path: got}}
            - run: echo ">" $(cat got/art/f got/art/g)
            """)
        #expect(said(ended) == ["1 2"], "\(ended.out)")
    }

    @Test func thatWereCutOffAreNotThere() throws {
        try sandbox.workflow(
            Self.workflow(
                "- run: head -c 200M /dev/urandom >big\n- {uses: actions/upload-artifact@v4, with: {path: big, name: art}}"
            ))
        let first = try sandbox.start([Program.path, "run", "--json", "ci.yml"])
        let watcher = try sandbox.start([
            "bash", "-c",
            "until ls -A '\(sandbox.home)'/services/*/uploads 2>/dev/null | grep -q .; do :; done; kill -9 \(first.pid)",
        ])
        _ = try watcher.end()
        #expect(try first.end().status == -SIGKILL)
        let listed = try sandbox.martlet("artifacts", "list", "1", "--json")
        #expect(listed.json["artifacts"].array.isEmpty, "\(listed.out)\(listed.err)")
        let got = try sandbox.martlet("artifacts", "get", "art", "--run", "1")
        #expect(got.status != 0 && got.err.contains("MRT0898"), "\(got.err)")
        let ended = try sandbox.martlet("run", "--json", "--resume", "1")
        #expect(ended.job("a") != "success")
        #expect(try sandbox.martlet("clean").status == 0)
        let left = try FileManager.default.subpathsOfDirectory(atPath: sandbox.home + "/services")
            .filter { $0.contains("uploads/") || $0.contains("blobs/") && $0.split(separator: "/").count > 3 }
        #expect(left.isEmpty, "\(left)")
    }

    @Test func areListedAndFetchedByTheirVerb() throws {
        _ = try run("- run: mkdir d; echo x >d/f\n- {uses: actions/upload-artifact@v4, with: {path: d, name: art}}")
        let listed = try sandbox.martlet("artifacts", "list")
        #expect(listed.out.contains("art") && listed.out.contains("sha256:"), "\(listed.out)\(listed.err)")
        let got = try sandbox.martlet("artifacts", "get", "art", "--to", "got")
        #expect(got.status == 0, "\(got.err)")
        #expect(sandbox.read("got/f") == "x\n")
        // A byte of the archive is flipped: it is said, and nothing is unpacked.
        let blobs = try FileManager.default.subpathsOfDirectory(atPath: sandbox.home + "/services")
            .filter { $0.contains("/blobs/") && $0.split(separator: "/").count > 3 }
        let url = URL(fileURLWithPath: "\(sandbox.home)/services/\(try #require(blobs.first))")
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: url)
        let damaged = try sandbox.martlet("artifacts", "get", "art", "--to", "other")
        #expect(damaged.status != 0 && damaged.err.contains("MRT0899"), "\(damaged.err)")
    }

    @Test func thatFindNoRoomFailTheStepAndAreNotThere() throws {
        try sandbox.workflow(
            Self.workflow(
                "- run: ulimit -S -f unlimited; head -c 4M /dev/urandom >big\n- {uses: actions/upload-artifact@v4, with: {path: big}}"
            ))
        let command = "trap '' XFSZ; ulimit -S -f 2048; exec \(Program.path) run --json ci.yml"
        let ended = try sandbox.start(["bash", "-c", command]).end()
        #expect(ended.status == 5 && ended.out.contains("MRT0896"), "\(ended.out)")
        #expect(try sandbox.martlet("artifacts", "list", "--json").json["artifacts"].array.isEmpty)
    }

    @Test func leaveNoFileOutWithoutAWord() throws {
        let same = try run(
            """
            - run: mkdir d; echo 1 >d/$(printf '\\303\\251'); echo 2 >d/$(printf 'e\\314\\201')
            - uses: actions/upload-artifact@v4
              with: {name: a, path: d}
            - uses: actions/download-artifact@v4
              with: {name: a, path: got}
            - run: diff -r d got
            """)
        #expect(same.status == 0, "\(same.out)")
        let odd = try run(
            "- run: mkdir d; touch d/$(printf 'x\\377')\n- uses: actions/upload-artifact@v4\n  with: {path: d}\n")
        #expect(odd.status == 5 && odd.out.contains("is not UTF-8"), "\(odd.out)")
    }

    @Test func thatTakeTooLongAreNotThere() throws {
        let ended = try run(
            """
            - run: mkdir d; for n in 1 2 3; do head -c 64M /dev/urandom >d/$n; done
            - uses: actions/upload-artifact@v4
              with: {name: big, path: d}
              timeout-minutes: 0.01
            """)
        #expect(ended.status == 5 && ended.out.contains("has timed out after 0.01 minutes"), "\(ended.out)")
        #expect(!ended.out.contains("successfully"))
        #expect(try sandbox.martlet("artifacts", "list", "--json").json["artifacts"].array.isEmpty)
    }

    @Test(arguments: ["..", ".", "a:b", "*\u{301}"]) func haveNamesThatAreOnesOfFiles(_ name: String) throws {
        let ended = try run("- run: touch f\n- uses: actions/upload-artifact@v4\n  with: {name: '\(name)', path: f}\n")
        #expect(ended.status == 5 && ended.out.contains("artifact name is not valid"), "\(ended.out)")
    }

    @Test func ofEnclosedStepsReachTheirOwnFoldersOnly() throws {
        guard Program.has("bwrap") else { return }
        try sandbox.write("../secret", "of the user")
        for step in [
            "- {uses: actions/upload-artifact@v4, with: {path: ~/secret}}",
            "- run: ln -s \(sandbox.root)/secret s\n- {uses: actions/upload-artifact@v4, with: {path: s}}",
            "- run: echo x >f\n- {uses: actions/upload-artifact@v4, with: {path: f}}\n- {uses: actions/download-artifact@v4, with: {path: ~/out}}",
            "- run: echo x >f; ln -s \(sandbox.root) l\n- {uses: actions/upload-artifact@v4, with: {path: f}}\n- {uses: actions/download-artifact@v4, with: {path: l/out}}",
        ] {
            try sandbox.workflow(Self.workflow(step))
            let ended = try sandbox.martlet("run", "--json", "--executor", "sandbox", "ci.yml")
            #expect(ended.out.contains("MRT0891"), "\(step)\n\(ended.out)\(ended.err)")
        }
        #expect(!FileManager.default.fileExists(atPath: sandbox.root + "/out"))
    }
}
