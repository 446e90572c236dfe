// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import PipelineModel

/// Decides who holds each concurrency group: the process-local answer to a run's `acquireGroup`.
///
/// One holds; behind it one waits, or up to ``EngineLimits/groupQueue`` where the queue is `max`. A newcomer that
/// finds the waiting place taken supersedes who waits there; with cancel-in-progress, the holder too.
package struct GroupArbiter: Hashable, Sendable {
    package struct Answer: Hashable, Sendable {
        package enum Verdict: Hashable, Sendable {
            case granted
            case superseded(by: String)
            case refused(Reason)
        }

        package var holder: GroupHolder
        package var verdict: Verdict
    }

    private struct Group: Hashable, Sendable {
        var holder: GroupHolder
        var waiting: [GroupHolder] = []
    }

    /// By the group's name in lower case.
    private var groups: [String: Group] = [:]

    package init() {}

    /// Who holds a group; for checks.
    package func holder(of group: String) -> GroupHolder? { groups[group.lowercased()]?.holder }

    /// Asking again is the same as asking once.
    ///
    /// - Parameter isHeld: the holder has it since before the arbiter was made, as after a crash.
    package mutating func acquire(_ holder: GroupHolder, _ request: GroupRequest, isHeld: Bool = false) -> [Answer] {
        let name = request.group.lowercased()
        guard var group = groups[name] else {
            groups[name] = Group(holder: holder)
            return [Answer(holder: holder, verdict: .granted)]
        }
        if group.holder == holder { return [Answer(holder: holder, verdict: .granted)] }
        if group.waiting.contains(holder) { return [] }
        if let reason = deadlock(holder, name, waitsFor: group.holder) {
            return [Answer(holder: holder, verdict: .refused(reason))]
        }
        var answers: [Answer] = []
        let isFull = request.queue == .single ? !group.waiting.isEmpty : group.waiting.count >= EngineLimits.groupQueue
        if request.cancelsInProgress {
            answers.append(Answer(holder: group.holder, verdict: .superseded(by: holder.description)))
        }
        if isFull, request.queue == .max {
            let text = "\(group.waiting.count) already wait in the concurrency group '\(request.group)'."
            return answers + [Answer(holder: holder, verdict: .refused(Reason(.concurrency, text)))]
        }
        if isFull {
            for older in group.waiting {
                answers.append(Answer(holder: older, verdict: .superseded(by: holder.description)))
            }
            group.waiting = []
        }
        group.waiting.append(holder)
        groups[name] = group
        return answers
    }

    /// Gives up a place, held or waited for; who waits longest gets it.
    package mutating func release(_ holder: GroupHolder, group name: String) -> [Answer] {
        let name = name.lowercased()
        guard var group = groups[name] else { return [] }
        group.waiting.removeAll { $0 == holder }
        guard group.holder == holder else {
            groups[name] = group
            return []
        }
        guard !group.waiting.isEmpty else {
            groups[name] = nil
            return []
        }
        group.holder = group.waiting.removeFirst()
        groups[name] = group
        return [Answer(holder: group.holder, verdict: .granted)]
    }

    /// A run, or a calling job, ends only after all inside it. Where something inside the group's holder waits, in
    /// turn, for what `asker` or something around it holds, nobody would ever go on.
    private func deadlock(_ asker: GroupHolder, _ name: String, waitsFor holder: GroupHolder) -> Reason? {
        var agenda = [holder]
        var seen: Set<GroupHolder> = []
        while let current = agenda.popLast() {
            if current.encloses(asker) {
                return Reason(
                    .concurrency,
                    "\(DiagnosticCode.concurrencyDeadlock): It would wait for ever: the concurrency group '\(name)' is "
                        + "held by \(holder), which waits for it.")
            }
            guard seen.insert(current).inserted else { continue }
            for group in groups.values where group.waiting.contains(where: { current.encloses($0) }) {
                agenda.append(group.holder)
            }
        }
        return nil
    }
}
