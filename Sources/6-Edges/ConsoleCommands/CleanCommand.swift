// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RetentionRules
internal import RunCoordination
internal import TerminalRendering
internal import Timekeeping

struct CleanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean", abstract: "Remove what earlier runs left on this machine.",
        discussion: """
            EXAMPLES
              martlet clean
              martlet clean --keep 20

            Without an option the workspaces that jobs left are removed, containers that
            nobody uses, caches that were not used for a week or go past the limit of a
            repository (MARTLET_CACHE_LIMIT, 10G), and artifacts that have expired; logs
            and reasons stay. A run that is under way, or that can still be resumed, is
            left alone.
            """)

    @Option(
        help: ArgumentHelp(
            "Also remove, of each repository, all runs but the newest so many, with their logs.", valueName: "count"))
    var keep: Int?

    func validate() throws {
        if let keep, keep < 0 { throw ValidationError("--keep is a number of runs, 0 or more.") }
    }

    func run() throws {
        let console = Console()
        try console.guarded {
            let store = try RunStore(root: RunStore.defaultRoot(console.environment))
            for run in store.hiddenRuns() { try store.finishRemoval(of: run) }
            let removed = try removeRuns(in: store)
            store.removeLeftovers()
            let cleaned = try StoreCleaning(root: store.root, environment: console.environment).run()
            let containers = try LeftoverContainers.remove(
                of: store, engines: EngineOffer(environment: console.environment))
            if containers.containers + containers.networks > 0 {
                console.out.writeLine(
                    "Removed \(containers.containers) containers and \(containers.networks) networks.")
            }
            console.out.writeLine("Removed the workspaces of \(removed.workspaces) runs.")
            if keep != nil { console.out.writeLine("Removed \(removed.runs) runs with their logs.") }
            for problem in cleaned.problems {
                console.err.writeLine(DiagnosticText(palette: console.errorPalette).render(problem))
            }
            console.out.writeLine(
                "Removed \(cleaned.caches) caches and \(cleaned.artifacts) artifacts; freed \(cleaned.freedBytes >> 20) MB."
            )
        }
    }

    private func removeRuns(in store: RunStore) throws -> (workspaces: Int, runs: Int) {
        var kept: [KeptRun] = []
        for (place, run) in try store.runs().enumerated() {
            let history = try RunHistory(store: store, run: run)
            // The newest one without a record may be one that is just being made.
            let isOver = history.state == .finished && (history.hasRecord || place > 0)
            let end = Timestamp(milliseconds: history.createdAt + (history.durationMs ?? 0))
            kept.append(
                KeptRun(
                    run, project: history.repositoryRoot, pipeline: "", finishedAt: isOver ? end : nil,
                    hasLogs: store.hasLogs(run), hasWorkspace: store.hasWorkspace(run)))
        }
        let policy = RetentionPolicy(runDays: keep == nil ? nil : 0, workspaceDays: 0, keepLast: keep ?? 0)
        var removed = (workspaces: 0, runs: 0)
        for removal in RetentionRound(now: .now(), policy: policy).decide(kept) {
            switch removal.part {
            case .run:
                if try store.removeWorkspace(of: removal.run) { removed.workspaces += 1 }
                try store.remove(removal.run)
                removed.runs += 1
            case .workspace: if try store.removeWorkspace(of: removal.run) { removed.workspaces += 1 }
            case .logs: break
            }
        }
        return removed
    }
}
