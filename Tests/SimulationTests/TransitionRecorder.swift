// SPDX-License-Identifier: Apache-2.0

import Foundation
import PipelineModel
import RunEngine

/// One row of a machine's transition table.
struct TransitionEdge: Hashable, Comparable, CustomStringConvertible {
    var subject: String
    var from: String
    var event: String
    var to: String

    var description: String { "\(subject): \(from) --\(event)--> \(to)" }

    static func < (left: TransitionEdge, right: TransitionEdge) -> Bool {
        (left.subject, left.from, left.event, left.to) < (right.subject, right.from, right.event, right.to)
    }
}

/// The repository, found from this file.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func text(_ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }
}

/// The table at the top of a machine's file: the one place where its transitions are declared.
enum TransitionTable {
    static func edges(in path: String) -> [TransitionEdge] {
        rows(in: path).flatMap { row in
            row[1].components(separatedBy: ", ").map {
                TransitionEdge(subject: row[0], from: $0, event: row[2], to: row[3])
            }
        }
    }

    static func rows(in path: String) -> [[String]] {
        Repository.text(path).components(separatedBy: "\n").compactMap { line in
            guard line.hasPrefix("/// | ") else { return nil }
            let cells = line.dropFirst(4).split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            let row = Array(cells.dropFirst().dropLast())
            return row.count == 5 && row[0] != "of" ? row : nil
        }
    }
}

/// Folds histories and notes which transitions they take.
struct TransitionRecorder {
    private(set) var edges: [TransitionEdge: Int] = [:]

    mutating func fold(run events: [RunEvent]) {
        var state = RunMachine.initialState
        for event in events {
            let before = state
            RunMachine.apply(event, to: &state)
            let name = event.typeName
            note("run", before.phase.rawValue, name, state.phase.rawValue)
            for (index, job) in state.jobs.enumerated() where index < before.jobs.count {
                note("job", before.jobs[index].phase.rawValue, name, job.phase.rawValue)
            }
            for (index, leg) in state.legs.enumerated() where index < before.legs.count {
                let old = before.legs[index]
                let isRetry = leg.attempt != old.attempt && name == "legRetried"
                note("leg", old.phase.rawValue, name, leg.phase.rawValue, always: isRetry)
                note("claim", old.group?.phase.rawValue ?? "none", name, leg.group?.phase.rawValue ?? "none")
            }
            note("claim", before.group?.phase.rawValue ?? "none", name, state.group?.phase.rawValue ?? "none")
        }
    }

    mutating func fold(job events: [JobEvent]) {
        var state = JobMachine.initialState
        for event in events {
            let before = state
            JobMachine.apply(event, to: &state)
            let name = event.typeName
            note("job", before.phase.rawValue, name, state.phase.rawValue)
            for (index, step) in state.steps.enumerated() where index < before.steps.count {
                let old = before.steps[index]
                note("step", old.phase.rawValue, name, step.phase.rawValue, always: old.attempt != step.attempt)
            }
        }
    }

    private mutating func note(
        _ subject: String, _ from: String, _ event: String, _ to: String, always: Bool = false
    ) {
        guard from != to || always else { return }
        edges[TransitionEdge(subject: subject, from: from, event: event, to: to), default: 0] += 1
    }
}

/// The page of a machine in `docs/internals`: its table and a diagram of it.
enum TransitionPage {
    static func markdown(title: String, introduction: String, source: String) -> String {
        let rows = TransitionTable.rows(in: source)
        var lines = ["# \(title)", "", introduction, ""]
        lines += ["Made from the table at the top of `\(source)`; a test compares the two and checks that simulated"]
        lines += ["histories take every transition and no other. `BLESS=1 swift test` writes this page again.", ""]
        for subject in unique(rows.map { $0[0] }) {
            lines += ["## \(subject.capitalized)", "", "```mermaid", "stateDiagram-v2"]
            for row in rows where row[0] == subject {
                for from in row[1].components(separatedBy: ", ") {
                    lines.append("    \(from) --> \(row[3]): \(row[2])")
                }
            }
            lines += ["```", "", "| from | event | to | when |", "|---|---|---|---|"]
            for row in rows where row[0] == subject {
                lines.append("| \(row[1]) | \(row[2]) | \(row[3]) | \(row[4]) |")
            }
            lines.append("")
        }
        return lines.joined(separator: "\n")
    }

    private static func unique(_ names: [String]) -> [String] {
        names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
