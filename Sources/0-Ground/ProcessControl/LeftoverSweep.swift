// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// Finds and kills what an earlier run left behind when even its supervisor was killed.
package struct LeftoverSweep: Sendable {
    /// Processes that were started with `MARTLET_RUN` set to this, and all that descends from them.
    package var runID: String?
    /// Also all adopted orphans: the caller is a subreaper (``becomeSubreaper()``) and `spared` names all its own
    /// children, helper commands that run now included.
    package var includesAdopted = false
    /// Children of the caller that stay, with all that descends from them: the supervisors of live jobs.
    package var spared: [Int32] = []
    package var patience: Duration = .seconds(10)

    package init(runID: String?) {
        self.runID = runID
    }

    /// Orphaned descendants of this process come to it from now on, instead of to the system's first process:
    /// those of a supervisor that was killed can then be found whatever they did to their environment.
    package static func becomeSubreaper() {
        // Where there is no such thing, the marker alone finds them.
        _ = pc_become_subreaper()
    }

    /// Kills, and waits until nothing is left. Blocks the calling thread; 1–10 ms where there is nothing.
    ///
    /// - Throws: ``DiagnosticCode/leftoversRemain`` when something is still there after `patience`.
    package func run() throws(DiagnosticError) -> KillReport {
        var message = pc_message()
        let error = spared.withUnsafeBufferPointer { spared in
            withOptionalCString(runID) { run in
                var which = pc_leftovers(
                    run: run, spared: spared.baseAddress, spared_count: spared.count,
                    adopted: includesAdopted ? 1 : 0, patience_ms: patience.wholeMilliseconds)
                return pc_leftovers_kill(&which, &message)
            }
        }
        let report = KillReport(message)
        guard error == 0, report.remainingCount == 0 else {
            let what =
                error == 0
                ? "\(report.remainingCount) processes of an earlier run could not be killed"
                : "Processes of an earlier run could not be looked for: \(SystemError(number: error))"
            let names = report.processes.prefix(5).map { "\($0.name) (\($0.processID))" }.joined(separator: ", ")
            throw DiagnosticError(
                .leftoversRemain, "\(what)\(names.isEmpty ? "" : ": \(names)").",
                remedy: "End them by hand (another user may own them), then resume.")
        }
        return report
    }
}
