// SPDX-License-Identifier: Apache-2.0

package import RunnerProtocol

/// A job that waits for a runner.
package struct JobDemand: Hashable, Sendable {
    package var work: JobTry
    /// What `runs-on` came to, in lower case.
    package var labels: [String]
    /// The group of runners that its project uses; empty: the default one.
    package var group: String
    /// The id of its project; empty: of none.
    package var project: String
    /// Milliseconds since the epoch.
    package var queuedAt: Int64
    /// The only runner that can go on with it: it has what earlier steps left.
    package var runner: String?
    /// How long such a job took before, in milliseconds; for forecasts.
    package var expectedMs: Int64?

    package init(
        _ work: JobTry, labels: [String], group: String = "", project: String = "", queuedAt: Int64,
        runner: String? = nil, expectedMs: Int64? = nil
    ) {
        self.work = work
        self.labels = labels.map { $0.lowercased() }
        self.group = group
        self.project = project
        self.queuedAt = queuedAt
        self.runner = runner
        self.expectedMs = expectedMs
    }

    /// Demands of one kind fit the same runners.
    var kind: Kind { Kind(labels: Set(labels), group: group, project: project, runner: runner) }

    struct Kind: Hashable, Sendable {
        var labels: Set<String>
        var group: String
        var project: String
        var runner: String?

        func fits(_ candidate: DispatchRunner) -> Bool {
            if let runner { return runner == candidate.id }
            return group == candidate.offering.group && candidate.has(labels)
                && candidate.holdback(project: project, labels: labels) == nil
        }
    }
}

/// A runner as the dispatch knows it.
package struct DispatchRunner: Hashable, Sendable {
    package let id: String
    package private(set) var offering: RunnerOffering
    /// It shares the server's machine and fate: silence says nothing of it.
    package let isOwn: Bool
    /// It gets nothing new.
    package var isPaused = false
    /// When it last said something; `nil`: not since the server began.
    package internal(set) var heardAt: Int64?
    package internal(set) var instance = ""
    /// Why it takes nothing new, by its own word; `nil`: it does.
    package internal(set) var refusal: String?
    /// For how many more jobs it had room by its last word; `nil`: it did not say.
    var free: Int?
    /// What it takes none of, by its own word.
    package internal(set) var holdbacks: [Holdback] = []
    /// As the table has it.
    var leaseMs = RunnerLimits.leaseMs
    let labels: Set<String>
    /// Of its labels that end in `*`, what is before: it has each label that begins so.
    let labelBeginnings: [String]

    package init(id: String, _ offering: RunnerOffering, isOwn: Bool = false) {
        self.id = id
        self.offering = offering
        self.isOwn = isOwn
        labels = Set(offering.labels)
        labelBeginnings = offering.labels.filter { $0.hasSuffix("-*") }.map { String($0.dropLast()) }
    }

    func has(_ wanted: Set<String>) -> Bool {
        if labelBeginnings.isEmpty { return wanted.isSubset(of: labels) }
        return wanted.allSatisfy { has($0) }
    }

    func has(_ label: String) -> Bool {
        labels.contains(label) || labelBeginnings.contains { label.hasPrefix($0) && label.count > $0.count }
    }

    /// Why it takes no such job just now; `nil`: it does.
    func holdback(project: String, labels: Set<String>) -> String? {
        holdbacks.first { $0.covers(project: project, labels: labels) }?.reason
    }

    /// Whether it said something within the time of a lease.
    package func isConnected(at now: Int64) -> Bool {
        heardAt.map { now - $0 <= leaseMs } ?? false
    }
}

/// A job that a runner has.
package struct DispatchLease: Hashable, Sendable {
    package let demand: JobDemand
    package let runner: String
    /// 0 until the journal has given one.
    package internal(set) var fence = 0
    package internal(set) var since: Int64
    /// Past it the runner is lost.
    package internal(set) var renewedAt: Int64
    /// The runner has said that it has it: an answer that was lost on the way is given again until then.
    package internal(set) var isTaken = false
    /// An earlier process of the server gave it, and the runner has not been heard of since. Whether it ever came to the
    /// runner is not known: the runner's next word says so.
    package internal(set) var isRestored = false
    /// Another server may still bring the answer that gave it, for as long as a runner begins what it is told of.
    package internal(set) var mayBeOnItsWay = false
    /// Its runner has said that the job speaks for itself.
    package internal(set) var isElsewhere = false

    package var key: LeaseKey { LeaseKey(demand.work, fence: fence) }
}
