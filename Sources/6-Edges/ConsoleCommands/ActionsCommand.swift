// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering

struct ActionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "actions", abstract: "What the workflows use of other repositories, and at which commit.",
        discussion: """
            EXAMPLES
              martlet actions list
              martlet actions lock && git add .martlet/actions.lock
            """,
        subcommands: [ActionsListCommand.self, ActionsLockCommand.self])
}

struct ActionsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List them, where each comes from, and what its ref stands for.",
        discussion: """
            EXAMPLES
              martlet actions list
              martlet actions list --json --offline
            """)

    @Flag(help: "One JSON document.")
    var json = false

    @OptionGroup var network: NetworkOptions

    func run() throws {
        let console = Console()
        try console.guarded {
            let files = WorkflowFiles(
                folder: ProcessEnvironment.currentFolder, environment: network.applied(to: console.environment))
            let entries = try ActionInventory(files: files).entries()
            if json { return console.out.writeLine(Self.data(entries).jsonText()) }
            guard !entries.isEmpty else { return console.out.writeLine("The workflows here use no other repository.") }
            for entry in entries {
                let commit = entry.commit.map { "  \($0.prefix(12))" } ?? ""
                console.out.writeLine(
                    (entry.isAvailable ? console.palette.paint("✓", .green) : console.palette.paint("!", .yellow))
                        + " \(entry.reference)\(commit)  " + console.palette.paint(entry.place, .dim))
            }
        }
    }

    private static func data(_ entries: [ActionInventory.Entry]) -> DataValue {
        [
            "schema": 1,
            "actions": .array(
                entries.map { entry in
                    [
                        "uses": .string(entry.reference), "commit": entry.commit.map(DataValue.string) ?? .null,
                        "available": .bool(entry.isAvailable), "place": .string(entry.place),
                    ]
                }),
        ]
    }
}

struct ActionsLockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Write down which commit each of them is, and use that from now on.",
        discussion: """
            EXAMPLES
              martlet actions lock
              martlet actions lock --check        say whether a tag or branch has moved since
            """)

    @Flag(help: "Write nothing; end with 5 where the lock is not what would be written.")
    var check = false

    func run() throws {
        let console = Console()
        try console.guarded {
            let files = WorkflowFiles(folder: ProcessEnvironment.currentFolder, environment: console.environment)
            let entries = try ActionInventory(files: files).entries(ignoringLock: true)
            if let missing = entries.first(where: { !$0.isAvailable }) {
                throw DiagnosticError(
                    .actionsNotLocked, "'\(missing.reference)' cannot be locked: \(missing.place)",
                    remedy: "Set up a source that has it in .martlet/sources.yml, or see that the network answers.")
            }
            let old = try ActionLock.read(root: files.state.root)
            let lock = ActionLock(
                commits: Dictionary(
                    entries.compactMap { entry in entry.commit.map { (entry.repository, $0) } },
                    uniquingKeysWith: { first, _ in first }))
            let moved = Set(lock.commits.keys).union(old.commits.keys).sorted()
                .filter { lock.commits[$0] != old.commits[$0] }
            for name in moved {
                let (before, after) = (old.commits[name] ?? "not locked", lock.commits[name] ?? "not used")
                console.out.writeLine("\(name): \(before.prefix(12)) → \(after.prefix(12))")
            }
            if check, !moved.isEmpty { throw ExitStatus.runFailed.exit }
            if !check { try lock.write(root: files.state.root) }
            console.out.writeLine("\(lock.commits.count) locked in \(ActionLock.path)")
        }
    }
}
