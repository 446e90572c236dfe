// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Ids of jobs and steps: their form, and that a step's id is the only one in its job.
    static let identifiers = Rule("identifiers") { workflow, findings in
        for job in workflow.outline.jobs {
            checkForm(job.key, of: "job", &findings)
            var seen: [String: YAMLNode] = [:]
            for step in job.allSteps {
                guard let id = step.id, let text = id.text, !text.isEmpty else { continue }
                checkForm(id, of: "step", &findings)
                // The same step reached through an alias is reported where it is written.
                guard let before = seen[text.lowercased()] else {
                    seen[text.lowercased()] = id
                    continue
                }
                guard before.position != id.position else { continue }
                findings.warn(
                    .duplicateStepID,
                    "The job '\(job.id)' has a step '\(text)' already, on line \(before.position.line).",
                    at: id.position, remedy: "Step ids are unique within a job, whatever their case: rename one.")
            }
        }
    }

    private static func checkForm(_ node: YAMLNode, of what: String, _ findings: inout Findings) {
        guard let id = node.text, !id.isEmpty, !node.hasExpression, !isIdentifier(id) else { return }
        findings.warn(
            .invalidIdentifier, "'\(Wording.excerpt(id))' cannot be the id of a \(what).", at: node.position,
            remedy: "Begin with a letter or '_', and go on with letters, digits, '-' and '_'.")
    }

    static func isIdentifier(_ text: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) || byte == UInt8(ascii: "_") }
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// `needs`: jobs that exist, once each, without a circle.
    static let needs = Rule("needs") { workflow, findings in
        for job in workflow.outline.jobs where !findings.isFull {
            var seen: Set<String> = []
            for need in job.needs where !findings.isFull {
                guard let id = need.text, !id.isEmpty else { continue }
                if !seen.insert(id.lowercased()).inserted {
                    findings.warn(
                        .repeatedNeed, "The job '\(job.id)' needs '\(id)' twice.", at: need.position,
                        remedy: "Remove one; upper and lower case do not tell jobs apart.")
                } else if workflow.outline.job(id) == nil {
                    let meant = Wording.nearest(to: id, among: workflow.outline.jobs.map(\.id))
                    findings.warn(
                        .unknownNeed, "The job '\(job.id)' needs '\(id)', but there is no such job.",
                        // Two places tell the story; the job's own line is where a reader looks for it.
                        at: job.key.position, remedy: meant.map { "Did you mean '\($0)'?" })
                }
            }
        }
        for cycle in NeedsGraph(workflow.outline.jobs).cycles() {
            guard let first = cycle.first else { continue }
            let path = (cycle + [first]).map(\.id).joined(separator: " → ")
            findings.warn(
                .cyclicNeeds, "These jobs wait for each other, so none can start: \(path).", at: first.key.position,
                remedy: "Remove one of the 'needs' among them.")
        }
    }
}

/// Who waits for whom, to find circles.
private struct NeedsGraph {
    private let jobs: [JobOutline]
    private let edges: [[Int]]

    init(_ jobs: [JobOutline]) {
        self.jobs = jobs
        var index: [String: Int] = [:]
        for (number, job) in jobs.enumerated() where index[job.foldedID] == nil { index[job.foldedID] = number }
        edges = jobs.map { $0.needs.compactMap { need in need.text.flatMap { index[$0.lowercased()] } } }
    }

    /// Each circle once, beginning with its first job in the text.
    func cycles() -> [[JobOutline]] {
        var state = [UInt8](repeating: 0, count: jobs.count)
        var found: [[JobOutline]] = []
        for start in jobs.indices where state[start] == 0 {
            // An explicit stack: a file may chain thousands of jobs.
            var stack: [(job: Int, next: Int)] = [(start, 0)]
            state[start] = 1
            while let top = stack.last {
                guard top.next < edges[top.job].count else {
                    state[top.job] = 2
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next += 1
                let target = edges[top.job][top.next]
                if state[target] == 0 {
                    state[target] = 1
                    stack.append((target, 0))
                } else if state[target] == 1, let entry = stack.firstIndex(where: { $0.job == target }) {
                    found.append(ordered(stack[entry...].map(\.job)))
                }
            }
        }
        return found
    }

    private func ordered(_ cycle: [Int]) -> [JobOutline] {
        let first = cycle.indices.min { cycle[$0] < cycle[$1] } ?? 0
        return (cycle[first...] + cycle[..<first]).map { jobs[$0] }
    }
}
