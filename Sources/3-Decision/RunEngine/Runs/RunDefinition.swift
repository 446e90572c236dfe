// SPDX-License-Identifier: Apache-2.0

package import PipelineModel

/// A plan made ready for deciding: keys turned into indexes once, so that an input costs what it changes.
package struct RunDefinition: Sendable {
    package let planDigest: String
    package let evaluator: any RunEvaluator
    package let settings: RunSettings
    /// In the plan's order.
    package let nodes: [RunNode]
    /// One a workflow file in the plan: the first is the plan's own, each other a called one.
    package let scopes: [ScopeTemplate]

    package init(plan: Plan, planDigest: String, evaluator: any RunEvaluator, settings: RunSettings = RunSettings()) {
        self.planDigest = planDigest
        self.evaluator = evaluator
        self.settings = settings
        var builder = RunGraphBuilder()
        builder.add(plan.jobs)
        nodes = builder.nodes
        scopes = builder.scopes
    }
}

package struct RunSettings: Hashable, Sendable {
    /// Jobs that may run at the same time here.
    package var capacity: Int
    package var jobRetry: RetryPolicy
    /// How long a started job may wait for a runner, in milliseconds, beside the time that it may take.
    package var queueMs: Int64

    package init(capacity: Int = Int.max, jobRetry: RetryPolicy = .never, queueMs: Int64 = 0) {
        self.capacity = max(1, capacity)
        self.jobRetry = jobRetry
        self.queueMs = queueMs
    }
}

/// A planned job by index.
package struct RunNode: Sendable {
    package let key: JobKey
    /// The id within its file.
    package let localID: String
    /// Places within its scope.
    package fileprivate(set) var needs: [Int]
    package fileprivate(set) var dependents: [Int]
    /// The called workflow's scope; `nil` for a job with steps.
    package fileprivate(set) var call: Int?
    package let isIncluded: Bool
    package let reason: Reason
}

/// The jobs of one workflow file.
package struct ScopeTemplate: Sendable {
    /// Indexes of nodes, in the order of the file.
    package fileprivate(set) var nodes: [Int]
}

private struct RunGraphBuilder {
    var nodes: [RunNode] = []
    var scopes = [ScopeTemplate(nodes: [])]
    private var scopeOfCaller: [JobKey: Int] = [:]
    private var places: [JobKey: Int] = [:]

    mutating func add(_ jobs: [PlannedJob]) {
        for job in jobs { addNode(job) }
        for (index, job) in jobs.enumerated() where !job.needs.isEmpty {
            // A need that the plan does not hold was reported when the plan was made.
            let prefix = job.key.caller.map { $0.text + "/" } ?? ""
            let needs = job.needs.compactMap { places[$0] ?? places[JobKey(prefix + $0.text)] }
            nodes[index].needs = needs
            guard let place = places[job.key] else { continue }
            let siblings = scopes[scope(of: job.key)].nodes
            for need in needs { nodes[siblings[need]].dependents.append(place) }
        }
    }

    private func scope(of key: JobKey) -> Int { key.caller.flatMap { scopeOfCaller[$0] } ?? 0 }

    private mutating func addNode(_ job: PlannedJob) {
        let scope = scope(of: job.key)
        var node = RunNode(
            key: job.key, localID: String(job.key.localID), needs: [], dependents: [], call: nil,
            isIncluded: job.isIncluded, reason: job.reason)
        if case .call = job.work {
            node.call = scopes.count
            scopeOfCaller[job.key] = scopes.count
            scopes.append(ScopeTemplate(nodes: []))
        }
        places[job.key] = scopes[scope].nodes.count
        scopes[scope].nodes.append(nodes.count)
        nodes.append(node)
    }
}
