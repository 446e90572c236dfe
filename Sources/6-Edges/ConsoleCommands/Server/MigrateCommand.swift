// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import EventJournal
internal import RetentionRules
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import TerminalRendering

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Move a server's journal from its folder to PostgreSQL.",
        discussion: """
            EXAMPLES
              martlet server migrate --to postgres://martlet@db.example.org/martlet
              martlet server migrate --data /var/lib/martlet --to postgres:///martlet?host=/run/postgresql

            Stop the server first. Everything is copied, read again from both, and compared;
            only then does the folder say that its journal is in the database. Where the move
            is cut off, doing it again goes on where it was, or the server goes on without it.
            The file stays in the folder, as journal.sqlite.moved.
            """)

    @Option(help: ArgumentHelp("A database with nothing in it.", valueName: "url"))
    var to: String

    @OptionGroup var data: DataFolderOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded(.setup) {
            let url = try DatabaseOptions.postgres(to, option: "--to")
            let begin = ContinuousClock.now
            let view = MoveProgressView(console)
            let outcome = try ServerMove(folder: data.folder(console.environment), to: url).run { view.show($0) }
            let seconds = (begin.duration(to: .now) / .milliseconds(1)).rounded() / 1_000
            if json {
                console.out.writeLine(Self.data(outcome, seconds).jsonText())
            } else {
                tell(outcome, seconds, console)
            }
        }
    }

    private func tell(_ outcome: StoreMove.Outcome, _ seconds: Double, _ console: Console) {
        if let journal = outcome.journal {
            console.out.writeLine(
                "Moved \(journal.streams) streams, \(journal.events) events, \(journal.messages) messages and "
                    + "\(journal.blobs) blobs, \(DiskRule.text(UInt64(journal.sizeBytes))), to \(outcome.place) "
                    + "in \(Int(seconds.rounded())) s.")
            console.out.writeLine("Both have the digest \(journal.digest).")
        } else {
            console.out.writeLine("The journal is in the database at \(outcome.place) already.")
        }
        if let kept = outcome.kept {
            console.err.writeLine("The file is kept as '\(kept)'; nothing reads it any more.")
        }
        console.err.writeLine("Start the server with --database or MARTLET_DATABASE from now on.")
    }

    private static func data(_ outcome: StoreMove.Outcome, _ seconds: Double) -> DataValue {
        var object: DataObject = [
            "schema": 1, "database": .string(outcome.place), "moved": .bool(outcome.journal != nil),
            "seconds": .number(seconds),
        ]
        object["kept"] = outcome.kept.map(DataValue.string) ?? .null
        if let journal = outcome.journal {
            object["digest"] = .string(journal.digest)
            for (key, count) in [
                ("streams", journal.streams), ("events", journal.events), ("messages", journal.messages),
                ("blobs", journal.blobs), ("bytes", journal.sizeBytes),
            ] {
                object[key] = .number(Double(count))
            }
        }
        return .object(object)
    }
}

/// Says how far a move has come where it takes its time.
final class MoveProgressView {
    /// The first line comes after so long, each other one as long after the one before.
    private static let first = Duration.seconds(1)
    private static let others = Duration.seconds(5)

    private let console: Console
    private var next = ContinuousClock.now + first

    init(_ console: Console) { self.console = console }

    func show(_ progress: JournalMove.Progress) {
        let now = ContinuousClock.now
        guard now >= next else { return }
        next = now + Self.others
        let step =
            switch progress.step {
            case .comparing: "Comparing what an earlier try has copied"
            case .copying: "Copying"
            case .checking: "Comparing"
            }
        console.err.writeLine("\(step): \(progress.table), \(Int(progress.share * 100)) %")
        console.err.flush()
    }
}
