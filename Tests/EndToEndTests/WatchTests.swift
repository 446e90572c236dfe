// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `martlet run --watch`.
@Suite struct Watching {
    private let sandbox: Sandbox
    private let bell: Bell

    init() throws {
        sandbox = try Sandbox()
        // Outside the tree: what a run writes there is no change of it.
        bell = try Bell(sandbox.root + "/bell")
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps:
                  - uses: actions/checkout@v4
                  - run: cat source.txt >> "$T/../seen"; echo > "$T/../bell"
            """)
        try sandbox.write("source.txt", "one\n")
    }

    private var seen: [String] {
        (try? String(contentsOfFile: sandbox.root + "/seen", encoding: .utf8))?
            .split(separator: "\n").map(String.init) ?? []
    }

    @Test(arguments: [true, false])
    func runsAgainWhenAFileChangesAndEndsWhenInterrupted(inRepository: Bool) throws {
        if inRepository {
            try sandbox.write(".gitignore", "*.log\n")
            try sandbox.commitAll()
        }
        let watching = try sandbox.start([Program.path, "run", "--watch", "ci.yml"])
        #expect(bell.rings())
        // Saved while the first run may still be going on: nothing is missed.
        try sandbox.write("source.txt", "two\n")
        #expect(bell.rings())
        // In a folder that was not there before.
        try sandbox.write("new/folder/file.txt", "x\n")
        #expect(bell.rings())
        if inRepository {
            try sandbox.write("ignored.log", "x\n")
        }
        try sandbox.write("source.txt", "three\n")
        #expect(bell.rings())
        watching.signal(SIGINT)
        let ended = try watching.end()
        #expect([0, 3].contains(ended.status))
        #expect(seen == ["one", "two", "two", "three"])
    }

    @Test func aWorkflowThatCannotBeReadEndsNothing() throws {
        let watching = try sandbox.start([Program.path, "run", "--watch", "ci.yml"])
        #expect(bell.rings())
        let good = sandbox.read(".github/workflows/ci.yml")
        try sandbox.workflow("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    stepz: []\n")
        try sandbox.workflow(good + "\n")
        #expect(bell.rings())
        watching.signal(SIGTERM)
        #expect([0, 3].contains(try watching.end().status))
    }
}
