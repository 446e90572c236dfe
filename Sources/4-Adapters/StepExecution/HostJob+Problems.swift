// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import PipelineModel
import ProblemMatching
import StructuredData

/// Problem matchers: what steps add and take away, and what is found by them.
extension HostJob {
    func addMatchers(_ path: String, _ step: RunningStep) {
        do throws(DiagnosticError) {
            let definitions = try MatcherFile.read(try matcherFile(path))
            guard !definitions.isEmpty else { return }
            let added = try matchers.add(definitions)
            try record.append(.matchers(matchers.definitions))
            for output in outputs { output.add(added) }
            step.output?.mark(.debug(JobMatchers.addedText(definitions)))
        } catch {
            refuse("add-matcher", error, step)
        }
    }

    func removeMatchers(ofFile path: String, _ step: RunningStep) {
        do throws(DiagnosticError) {
            removeMatchers(try MatcherFile.owners(try matcherFile(path)), step)
        } catch {
            refuse("remove-matcher", error, step)
        }
    }

    func removeMatchers(_ owners: [String], _ step: RunningStep) {
        let removed = matchers.remove(owners: owners)
        guard !removed.isEmpty else { return }
        do throws(DiagnosticError) {
            try record.append(.matchers(matchers.definitions))
        } catch {
            refuse("remove-matcher", error, step)
        }
        for output in outputs { output.removeMatchers(of: removed) }
        step.output?.mark(.debug(JobMatchers.removedText(removed)))
    }

    /// Of the steps under way.
    private var outputs: [StepOutput] { running.values.compactMap(\.output) }

    private func matcherFile(_ path: String) throws(DiagnosticError) -> [UInt8] {
        try Files.read(
            path.hasPrefix("/") ? paths.outside(path) : options.folders.workspace + "/" + path,
            limit: MatcherFile.maximumBytes)
    }

    private func refuse(_ command: String, _ error: DiagnosticError, _ step: RunningStep) {
        step.output?.error("Unable to process command '##[\(command)]' successfully.")
        step.output?.error("\(error.diagnostic.code): \(error.diagnostic.message)")
        step.hasCommandFailure = true
    }

    /// What a line of the step's output gave rise to.
    func tell(_ report: MatchReport, _ step: RunningStep) {
        switch report {
        case .debug(let text): step.output?.mark(.debug(text))
        case .dropped(let diagnostic): step.output?.warning("\(diagnostic.code): \(diagnostic.message)")
        case .finding(let found):
            let (finding, remark) = problemPaths.settle(found)
            if let remark { step.output?.mark(.debug(remark)) }
            var annotation = Annotation(Annotation.Level(rawValue: finding.level.rawValue) ?? .error, finding.message)
            annotation.file = finding.file
            annotation.line = finding.line
            annotation.column = finding.column
            annotation.title = finding.code
            annotation.logText = finding.text
            step.output?.mark(.annotation(annotation))
        }
    }

    func makeProblemPaths() -> ProblemPaths {
        let github = options.contexts["github"]
        return ProblemPaths(
            ProblemPaths.Surroundings(
                workspace: options.folders.workspace,
                serverURL: github?["server_url"]?.string ?? "https://github.com",
                repository: github?["repository"]?.string ?? "",
                fileExists: { Files.isFile($0) },
                readText: { path in
                    (try? Files.read(path, limit: Self.gitConfigLimitBytes)).map { String(decoding: $0, as: UTF8.self) }
                },
                hostPath: isInContainer ? { [paths] in paths.outside($0) } : nil))
    }

    private static let gitConfigLimitBytes = 1 << 20
}
