// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// The parts of a workflow file that several rules look at, as far as they are there.
struct WorkflowOutline: Sendable {
    let root: YAMLNode
    let events: [EventOutline]
    let jobs: [JobOutline]
    private let jobIndex: [String: Int]

    init(root: YAMLNode) {
        self.root = root
        events = root["on"].map(EventOutline.events) ?? []
        jobs = (root["jobs"]?.entries ?? []).map { JobOutline(key: $0.key, node: $0.value) }
        jobIndex = Dictionary(
            jobs.enumerated().map { ($1.foldedID, $0) }, uniquingKeysWith: { first, _ in first })
    }

    func event(_ name: String) -> EventOutline? { events.first { $0.name == name } }

    /// Job ids are one without regard to case.
    func job(_ id: String) -> JobOutline? {
        jobIndex[id.lowercased()].map { jobs[$0] }
    }
}

struct EventOutline: Sendable {
    let name: String
    let position: SourcePosition
    /// `nil` for an event that is only named.
    let node: YAMLNode?

    fileprivate static func events(_ node: YAMLNode) -> [EventOutline] {
        switch node.content {
        case .scalar(let name, _):
            node.isNull ? [] : [EventOutline(name: name, position: node.position, node: nil)]
        case .sequence(let items):
            items.compactMap { item in
                item.text.map { EventOutline(name: $0, position: item.position, node: nil) }
            }
        case .mapping(let entries):
            entries.compactMap { entry in
                entry.key.text.map { EventOutline(name: $0, position: entry.key.position, node: entry.value) }
            }
        }
    }
}

struct JobOutline: Sendable {
    let key: YAMLNode
    let node: YAMLNode
    let steps: [StepOutline]
    /// The steps, and those that run side by side within one of them.
    let allSteps: [StepOutline]
    let id: String
    let foldedID: String

    init(key: YAMLNode, node: YAMLNode) {
        self.key = key
        self.node = node
        id = key.text ?? ""
        foldedID = id.lowercased()
        steps = (node["steps"]?.items ?? []).map(StepOutline.init)
        allSteps = steps.flatMap(\.withInner)
    }

    var needs: [YAMLNode] { node["needs"]?.textsOrList ?? [] }
    var uses: YAMLNode? { node["uses"] }
    var matrix: YAMLNode? { node["strategy"]?["matrix"] }
}

struct StepOutline: Sendable {
    let node: YAMLNode

    var id: YAMLNode? { node["id"] }
    var run: YAMLNode? { node["run"] }
    var uses: YAMLNode? { node["uses"] }
    var with: [YAMLEntry] { node["with"]?.entries ?? [] }

    /// Recursion is as deep as the tree, which the YAML reader bounds.
    fileprivate var withInner: [StepOutline] {
        guard let inner = node["parallel"]?.items else { return [self] }
        return [self] + inner.flatMap { StepOutline(node: $0).withInner }
    }
}
