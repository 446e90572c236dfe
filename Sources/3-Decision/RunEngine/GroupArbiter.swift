// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import PipelineModel
package import StructuredData

/// Decides who holds each concurrency group of a repository: the answer to a run's `acquireGroup`.
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

    /// Gives up whatever a run holds or waits for: its process is gone.
    package mutating func forget(_ run: RunID) -> [Answer] {
        var answers: [Answer] = []
        for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
            // Those who wait first: none of them may be granted what the holder gives up.
            for holder in group.waiting + [group.holder] where holder.run == run {
                answers += release(holder, group: name)
            }
        }
        return answers
    }

    /// Runs that hold or wait for something.
    package var runs: Set<RunID> {
        Set(groups.values.flatMap { [$0.holder.run] + $0.waiting.map(\.run) })
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

/// As the runs of one machine hand it to each other.
extension GroupArbiter: DataRepresentable {
    package var data: DataValue {
        .array(
            groups.sorted { $0.key < $1.key }.map { name, group in
                [
                    "name": .string(name), "holder": group.holder.data,
                    "waiting": .array(group.waiting.map(\.data)),
                ]
            })
    }

    package init(data: DataValue) throws(DataShapeError) {
        for group in data.array ?? [] {
            groups[try group.string("name")] = Group(
                holder: try GroupHolder(data: group["holder"] ?? .null),
                waiting: try group.list("waiting") { (holder) throws(DataShapeError) in
                    try GroupHolder(data: holder)
                })
        }
    }
}

extension GroupArbiter.Answer: DataRepresentable {
    package var data: DataValue {
        var object: DataObject = ["holder": holder.data]
        switch verdict {
        case .granted: object["granted"] = true
        case .superseded(let newer): object["supersededBy"] = .string(newer)
        case .refused(let reason): object["refused"] = reason.data
        }
        return .object(object)
    }

    package init(data: DataValue) throws(DataShapeError) {
        let holder = try GroupHolder(data: data["holder"] ?? .null)
        let verdict: Verdict =
            if let newer = data["supersededBy"]?.string { .superseded(by: newer) } else if let reason = data["refused"]
            {
                .refused(try Reason(data: reason))
            } else { .granted }
        self.init(holder: holder, verdict: verdict)
    }
}
