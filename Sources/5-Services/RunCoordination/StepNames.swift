// SPDX-License-Identifier: Apache-2.0

internal import FileAccess
internal import PipelineModel

/// Names of a job's steps that were known only when they ran, as people saw them: redacted; a line each.
struct StepNames {
    private let path: String
    private static let sizeLimitBytes = 16 << 20

    init(_ store: RunStore, _ run: RunID, attempt: Int, _ job: JobID) {
        path = store.jobFolder(run, attempt, job) + "/names"
    }

    /// What cannot be written is a name less.
    func append(_ name: String, of step: StepPath) {
        let text = name.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        try? Files.append("\(step) \(text)\n".utf8, to: path, mode: 0o600)
    }

    /// Puts them in the place of what the plan calls the steps.
    func apply(to titles: inout [StepPath: String]) {
        guard let bytes = try? Files.readIfPresent(path, limit: Self.sizeLimitBytes) else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, let step = StepPath(String(parts[0])) else { continue }
            titles[step] = String(parts[1])
        }
    }
}
