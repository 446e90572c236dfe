// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import TerminalRendering

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
            var removed = (workspaces: 0, runs: 0)
            var seen: [String: Int] = [:]
            for (place, run) in try store.runs().enumerated() {
                let history = try RunHistory(store: store, run: run)
                // The newest one without a record may be one that is just being made.
                guard history.state == .finished, history.hasRecord || place > 0 else { continue }
                if try store.removeWorkspace(of: run) { removed.workspaces += 1 }
                let newer = seen[history.repositoryRoot, default: 0]
                seen[history.repositoryRoot] = newer + 1
                guard let keep, newer >= keep else { continue }
                try store.remove(run)
                removed.runs += 1
            }
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
}
