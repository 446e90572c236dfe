// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import LogArchive
package import PipelineModel

/// Reads the logs of a run, all of them or a part, as far as they are written.
package struct LogReading {
    /// One log: a step attempt of a job.
    package struct Entry: Hashable {
        /// The job as people see it.
        package var job: String
        package var step: StepPath
        /// The step as the plan calls it; `nil` for one that the plan does not know.
        package var title: String?
        package var attempt: Int
        var path: String
    }

    private let store: RunStore
    private let run: RunID
    private let job: String?
    private let step: String?
    private var readLines: [Entry: Int] = [:]
    /// Whether there is a log at all.
    package var hasEntries: Bool { !readLines.isEmpty }

    /// - Parameters:
    ///   - job: an id (`test` for all legs, `test#2`), or the name that is shown.
    ///   - step: its place.
    package init(store: RunStore, run: RunID, job: String?, step: String?) {
        self.store = store
        self.run = run
        self.job = job
        self.step = step
    }

    /// Gives the lines that were not given before, log by log in the order of the run.
    package mutating func readNew(_ body: (Entry, [UInt8]) -> Void) throws(DiagnosticError) {
        for entry in try entries() {
            let from = (readLines[entry] ?? 0) + 1
            var last = from - 1
            do throws(LogError) {
                try LogReader(path: entry.path).lines(from...Int.max) { line in
                    body(entry, line.text)
                    last = line.number
                    return true
                }
            } catch {
                throw DiagnosticError(error.diagnostic)
            }
            readLines[entry] = last
        }
    }

    private func entries() throws(DiagnosticError) -> [Entry] {
        let history = try RunHistory(store: store, run: run)
        var entries: [Entry] = []
        for found in try history.jobs() where job.map({ found.isNamed($0) }) ?? true {
            let path = store.logs(of: run, attempt: found.attempt).folder(job: RunStore.fileName(found.job))
            guard Files.isDirectory(path) else { continue }
            let titles = history.titles(of: found.job, attempt: found.attempt)
            entries += try self.entries(of: found, in: path).map { entry in
                var entry = entry
                entry.title = titles[entry.step]
                return entry
            }
        }
        return entries
    }

    private func entries(of job: RunHistory.Entry, in folder: String) throws(DiagnosticError) -> [Entry] {
        var entries: [Entry] = []
        for file in try Trees.list(folder) where file.name.hasSuffix(".log") {
            let name = file.name.dropLast(".log".count)
            guard let dot = name.lastIndex(of: "."), let path = StepPath(name[..<dot]),
                let attempt = Int(name[name.index(after: dot)...]), step == nil || path.description == step
            else { continue }
            entries.append(Entry(job: job.title, step: path, attempt: attempt, path: "\(folder)/\(file.name)"))
        }
        return entries.sorted { left, right in
            if left.step != right.step { return left.step.indexes.lexicographicallyPrecedes(right.step.indexes) }
            return left.attempt < right.attempt
        }
    }
}
