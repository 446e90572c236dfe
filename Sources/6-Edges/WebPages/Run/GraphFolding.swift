// SPDX-License-Identifier: Apache-2.0

/// What is drawn as one box: a job, the legs of a matrix, or jobs that stand alike in the graph.
struct GraphNode: Sendable {
    enum Kind: Sendable, Equatable {
        case job
        /// All legs of one planned job.
        case matrix
        /// Jobs that need the same and are needed by the same.
        case alike
    }

    /// The job's id, the group's name, or the first job's id.
    var id: String
    var kind: Kind
    var jobs: [JobView]
    /// Indexes of nodes.
    var needs: [Int] = []

    var state: RunState { RunState.whole(of: jobs.map(\.state)) }

    func count(of state: RunState) -> Int { jobs.count { $0.state == state } }
}

/// Which jobs share a box. A matrix is one box unless it was unfolded; a graph of more than ``nodeLimit`` boxes folds
/// what stands alike as well.
struct GraphFolding {
    var nodes: [GraphNode]
    /// Whether some boxes were folded because the graph is large.
    var isReduced: Bool

    static let nodeLimit = 60
    /// In the set of unfolded groups: everything.
    static let everything = "*"

    init(jobs: [JobView], unfolded: Set<String>) {
        let showsAll = unfolded.contains(Self.everything)
        nodes = Self.byMatrix(jobs, unfolded)
        Self.connect(&nodes)
        isReduced = nodes.count > Self.nodeLimit && !showsAll
        if isReduced {
            nodes = Self.alike(nodes)
            Self.connect(&nodes)
        }
    }

    private static func byMatrix(_ jobs: [JobView], _ unfolded: Set<String>) -> [GraphNode] {
        var sizes: [String: Int] = [:]
        for job in jobs { if let group = job.group { sizes[group, default: 0] += 1 } }
        var nodes: [GraphNode] = []
        var places: [String: Int] = [:]
        for job in jobs {
            guard let group = job.group, sizes[group, default: 0] > 1, !unfolded.contains(group),
                !unfolded.contains(everything)
            else {
                nodes.append(GraphNode(id: job.id, kind: .job, jobs: [job]))
                continue
            }
            if let place = places[group] {
                nodes[place].jobs.append(job)
            } else {
                places[group] = nodes.count
                nodes.append(GraphNode(id: group, kind: .matrix, jobs: [job]))
            }
        }
        return nodes
    }

    private static func connect(_ nodes: inout [GraphNode]) {
        var owners: [String: [Int]] = [:]
        for (index, node) in nodes.enumerated() {
            for name in Set(node.jobs.flatMap { [$0.id] + ($0.group.map { [$0] } ?? []) }) {
                owners[name, default: []].append(index)
            }
        }
        for index in nodes.indices {
            let names = Set(nodes[index].jobs.flatMap(\.needs))
            let needs = Set(names.flatMap { owners[$0] ?? [] })
            nodes[index].needs = needs.filter { $0 != index }.sorted()
        }
    }

    /// Nodes that play the same part become one: their needs play the same parts, and so do those that need them. A
    /// failure keeps its own box, and with it the chain that it stands in, unless there are too many of them.
    ///
    /// Parts are found by refinement: all are alike until their neighbours tell them apart.
    private static func alike(_ nodes: [GraphNode]) -> [GraphNode] {
        let failures = nodes.count { $0.state == .failed }
        var parts = nodes.indices.map { index in
            nodes[index].state == .failed ? (failures <= nodeLimit / 4 ? index + 1 : -1) : 0
        }
        let dependents = dependents(of: nodes)
        var count = Set(parts).count
        while true {
            parts = refined(parts, nodes, dependents)
            let next = Set(parts).count
            if next == count { break }
            count = next
        }
        var merged: [GraphNode] = []
        var places: [Int: Int] = [:]
        for (index, node) in nodes.enumerated() {
            if let place = places[parts[index]] {
                merged[place].kind = .alike
                merged[place].jobs += node.jobs
            } else {
                places[parts[index]] = merged.count
                merged.append(node)
            }
        }
        return merged
    }

    private static func dependents(of nodes: [GraphNode]) -> [[Int]] {
        var dependents = Array(repeating: [Int](), count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for need in node.needs { dependents[need].append(index) }
        }
        return dependents
    }

    private struct Part: Hashable {
        var own: Int
        var needs: Set<Int>
        var dependents: Set<Int>
    }

    private static func refined(_ parts: [Int], _ nodes: [GraphNode], _ dependents: [[Int]]) -> [Int] {
        var numbers: [Part: Int] = [:]
        return nodes.indices.map { index in
            let part = Part(
                own: parts[index], needs: Set(nodes[index].needs.map { parts[$0] }),
                dependents: Set(dependents[index].map { parts[$0] }))
            if let number = numbers[part] { return number }
            numbers[part] = numbers.count
            return numbers.count - 1
        }
    }
}
