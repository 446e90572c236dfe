// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import LogArchive
package import PipelineModel

/// Reads the logs of a run, all of them or a part, as far as they are written.
package struct LogReading {
    /// One log: a step attempt of a job.
    package struct Entry: Hashable {
        package var job: String
        package var step: StepPath
        package var attempt: Int
        var path: String
    }

    private let folder: String
    private let job: String?
    private let step: String?
    private var readLines: [Entry: Int] = [:]
    /// Whether there is a log at all.
    package var hasEntries: Bool { !readLines.isEmpty }

    package init(store: RunStore, run: RunID, job: String?, step: String?) throws(DiagnosticError) {
        folder = store.logs(of: run, attempt: max(1, try store.lastAttempt(of: run))).path
        self.job = job.map { RunStore.fileName(JobID($0)) }
        self.step = step
    }

    /// Gives the lines that were not given before, log by log in the order of the steps.
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
        guard Files.isDirectory(folder) else { return [] }
        var entries: [Entry] = []
        for jobFolder in try Trees.list(folder) where job == nil || jobFolder.name == job {
            for file in try Trees.list("\(folder)/\(jobFolder.name)") where file.name.hasSuffix(".log") {
                let name = file.name.dropLast(".log".count)
                guard let dot = name.lastIndex(of: "."), let path = StepPath(name[..<dot]),
                    let attempt = Int(name[name.index(after: dot)...])
                else { continue }
                guard step == nil || path.description == step else { continue }
                entries.append(
                    Entry(
                        job: jobFolder.name, step: path, attempt: attempt,
                        path: "\(folder)/\(jobFolder.name)/\(file.name)"))
            }
        }
        return entries.sorted { left, right in
            if left.job != right.job { return left.job < right.job }
            if left.step != right.step { return left.step.indexes.lexicographicallyPrecedes(right.step.indexes) }
            return left.attempt < right.attempt
        }
    }
}
