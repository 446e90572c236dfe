// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// The parts of a workflow file that several rules look at, as far as they are there.
struct WorkflowOutline: Sendable {
    let root: YAMLNode
    let events: [EventOutline]
    let jobs: [JobOutline]

    init(root: YAMLNode) {
        self.root = root
        events = root["on"].map(EventOutline.events) ?? []
        jobs = (root["jobs"]?.entries ?? []).map { JobOutline(key: $0.key, node: $0.value) }
    }

    func event(_ name: String) -> EventOutline? { events.first { $0.name == name } }

    /// Job ids are one without regard to case.
    func job(_ id: String) -> JobOutline? {
        let folded = id.lowercased()
        return jobs.first { $0.foldedID == folded }
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

    init(key: YAMLNode, node: YAMLNode) {
        self.key = key
        self.node = node
        steps = (node["steps"]?.items ?? []).map(StepOutline.init)
    }

    var id: String { key.text ?? "" }
    var foldedID: String { id.lowercased() }
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
}
