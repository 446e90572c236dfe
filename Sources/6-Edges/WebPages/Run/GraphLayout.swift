// SPDX-License-Identifier: Apache-2.0

/// Places for the boxes of a graph, left to right by needs, and ways for the lines between them.
///
/// The usual four steps for layered graphs: layers by longest path, a bend for each layer that a long line crosses, order
/// within layers by the mean place of neighbours, then coordinates. (Sugiyama, Tagawa, Toda: Methods for Visual
/// Understanding of Hierarchical System Structures, 1981.)
struct GraphLayout: Sendable {
    struct Point: Hashable, Sendable {
        var x: Int
        var y: Int
    }

    struct Line: Sendable {
        var from: Int
        var to: Int
        /// From the first box's right side over the bends to the second's left side.
        var points: [Point]
    }

    /// The upper left corner of each node, by index.
    private(set) var corners: [Point] = []
    private(set) var lines: [Line] = []
    private(set) var width = 0
    private(set) var height = 0
    /// By node.
    let layers: [Int]

    static let boxWidth = 208
    static let boxHeight = 48
    private static let columnGap = 56
    private static let rowGap = 16
    private static let bendHeight = 12
    private static let sweeps = 6

    /// A box, or the bend of a line in a layer that it crosses.
    private struct Slot {
        var node: Int?
        /// Slots in the layer before and after.
        var left: [Int] = []
        var right: [Int] = []
        var y = 0
        var height: Int { node == nil ? GraphLayout.bendHeight : GraphLayout.boxHeight }
    }

    /// - Parameter needs: for each node the nodes before it; what would be a circle is left out.
    init(needs: [[Int]]) {
        layers = Self.layers(of: needs)
        let reduced = Self.withoutShortcuts(needs, layers)
        var slots: [Slot] = needs.indices.map { Slot(node: $0) }
        var columns = Array(repeating: [Int](), count: (layers.max() ?? -1) + 1)
        for node in needs.indices { columns[layers[node]].append(node) }
        var chains: [(from: Int, to: Int, slots: [Int])] = []
        for node in needs.indices {
            for need in reduced[node] {
                chains.append((need, node, Self.chain(need, node, layers, &slots, &columns)))
            }
        }
        Self.order(&columns, slots)
        place(columns, &slots)
        draw(chains, slots)
    }

    /// The longest way from a start. A need that is not before its node any more closes a circle and counts for nothing.
    private static func layers(of needs: [[Int]]) -> [Int] {
        var layers = Array(repeating: 0, count: needs.count)
        var state = Array(repeating: 0, count: needs.count)
        func visit(_ node: Int) -> Int {
            guard state[node] == 0 else { return state[node] == 2 ? layers[node] : -1 }
            state[node] = 1
            layers[node] = (needs[node].map { visit($0) }.max() ?? -1) + 1
            state[node] = 2
            return layers[node]
        }
        for node in needs.indices { _ = visit(node) }
        return layers
    }

    /// Without the lines that a longer way says already.
    private static func withoutShortcuts(_ needs: [[Int]], _ layers: [Int]) -> [[Int]] {
        var ancestors = Array(repeating: Set<Int>(), count: needs.count)
        for node in needs.indices.sorted(by: { layers[$0] < layers[$1] }) {
            for need in needs[node] where layers[need] < layers[node] {
                ancestors[node].insert(need)
                ancestors[node].formUnion(ancestors[need])
            }
        }
        return needs.indices.map { node in
            let direct = needs[node].filter { layers[$0] < layers[node] }
            return direct.filter { need in !direct.contains { $0 != need && ancestors[$0].contains(need) } }
        }
    }

    private static func chain(
        _ from: Int, _ to: Int, _ layers: [Int], _ slots: inout [Slot], _ columns: inout [[Int]]
    ) -> [Int] {
        var chain = [from]
        for layer in (layers[from] + 1)..<max(layers[from] + 1, layers[to]) {
            columns[layer].append(slots.count)
            chain.append(slots.count)
            slots.append(Slot())
        }
        chain.append(to)
        for (left, right) in zip(chain, chain.dropFirst()) {
            slots[left].right.append(right)
            slots[right].left.append(left)
        }
        return chain
    }

    private static func order(_ columns: inout [[Int]], _ slots: [Slot]) {
        guard columns.count > 1 else { return }
        for sweep in 0..<sweeps {
            let isForward = sweep % 2 == 0
            let walk = isForward ? Array(columns.indices.dropFirst()) : columns.indices.dropLast().reversed()
            for column in walk {
                let beside = columns[isForward ? column - 1 : column + 1]
                let places = Dictionary(uniqueKeysWithValues: beside.enumerated().map { ($1, Double($0)) })
                let scale = Double(columns[column].count) / Double(max(1, beside.count))
                let keyed = columns[column].enumerated().map { index, slot in
                    let near = (isForward ? slots[slot].left : slots[slot].right).compactMap { places[$0] }
                    let mean = near.isEmpty ? Double(index) / max(scale, 0.01) : near.reduce(0, +) / Double(near.count)
                    return (slot: slot, key: mean, index: index)
                }
                columns[column] = keyed.sorted { ($0.key, $0.index) < ($1.key, $1.index) }.map(\.slot)
            }
        }
    }

    /// Columns are centred on the tallest, so that a chain is a straight line.
    private mutating func place(_ columns: [[Int]], _ slots: inout [Slot]) {
        let heights = columns.map { $0.reduce(-Self.rowGap) { $0 + slots[$1].height + Self.rowGap } }
        height = max(heights.max() ?? 0, 0)
        width = max(0, columns.count * (Self.boxWidth + Self.columnGap) - Self.columnGap)
        corners = Array(repeating: Point(x: 0, y: 0), count: layers.count)
        for (column, members) in columns.enumerated() {
            var y = (height - heights[column]) / 2
            for slot in members {
                slots[slot].y = y
                if let node = slots[slot].node { corners[node] = Point(x: Self.x(column), y: y) }
                y += slots[slot].height + Self.rowGap
            }
        }
    }

    private static func x(_ column: Int) -> Int { column * (boxWidth + columnGap) }

    private mutating func draw(_ chains: [(from: Int, to: Int, slots: [Int])], _ slots: [Slot]) {
        for chain in chains {
            let first = layers[chain.from]
            var points: [Point] = []
            for (index, slot) in chain.slots.enumerated() {
                let x = Self.x(first + index)
                let y = slots[slot].y + slots[slot].height / 2
                if index > 0 { points.append(Point(x: x, y: y)) }
                if index < chain.slots.count - 1 { points.append(Point(x: x + Self.boxWidth, y: y)) }
            }
            lines.append(Line(from: chain.from, to: chain.to, points: points))
        }
    }
}
