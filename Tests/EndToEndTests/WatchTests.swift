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

    @Test func theResultIsShownBeforeTheWaitAndNothingOfARunIsLeftOpen() throws {
        let watching = try sandbox.start([Program.path, "run", "--watch", "ci.yml"])
        #expect(bell.rings())
        wait(watching) { $0.contains("run 1 success") }
        let open = { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(watching.pid)/fd").count) ?? 0 }
        let before = open()
        for number in 2...4 {
            try sandbox.write("source.txt", "\(number)\n")
            #expect(bell.rings())
            wait(watching) { $0.contains("run \(number) success") }
        }
        // What ends a run is still being put away while its result is on the screen.
        #expect(becomesTrue { open() <= before + 1 })
        // A run that is over cannot be cancelled, though its process lives on.
        #expect(try sandbox.martlet("cancel", "1").status == 1)
        watching.signal(SIGTERM)
        try watching.end()
    }

    @Test func aRunThatIsCancelledFromElsewhereEndsNoWatch() throws {
        try sandbox.workflow(
            """
            on: push
            jobs:
              a:
                runs-on: ubuntu-latest
                steps: [{uses: actions/checkout@v4}, {run: 'echo > "$T/../bell"; test "$(cat source.txt)" != one || sleep 300'}]
            """)
        let watching = try sandbox.start([Program.path, "run", "--watch", "ci.yml"])
        #expect(bell.rings())
        #expect(try sandbox.martlet("cancel", "1").status == 0)
        wait(watching) { $0.contains("run 1 cancelled") }
        try sandbox.write("made/later.txt", "x\n")
        try sandbox.write("source.txt", "two\n")
        #expect(bell.rings())
        wait(watching) { $0.contains("run 2 success") }
        watching.signal(SIGTERM)
        try watching.end()
    }

    @Test(arguments: [true, false])
    func aFileInAFolderThatWasMadeBeforeItIsSeen(inRepository: Bool) throws {
        if inRepository { try sandbox.commitAll() }
        let watching = try sandbox.start([Program.path, "run", "--watch", "ci.yml"])
        #expect(bell.rings())
        wait(watching) { $0.contains("run 1 success") }
        try FileManager.default.createDirectory(atPath: sandbox.path("empty"), withIntermediateDirectories: true)
        // Long enough for the folder alone to have been looked at: it is no change.
        wait(watching, seconds: 1) { _ in false }
        try sandbox.write("empty/file.txt", "x\n")
        #expect(bell.rings())
        watching.signal(SIGTERM)
        try watching.end()
    }

    private func becomesTrue(within seconds: Double = 20, _ isSo: () -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if isSo() { return true }
            sched_yield()
        }
        return isSo()
    }

    private func wait(_ program: RunningProgram, seconds: Double = 20, for isSaid: (String) -> Bool) {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if let out = try? String(contentsOfFile: program.outPath, encoding: .utf8), isSaid(out) { return }
            sched_yield()
        }
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
