// SPDX-License-Identifier: Apache-2.0

import PageSamples
import Testing

@testable import WebPages

@Suite("The graph of a run")
struct GraphTests {
    private func job(_ id: String, _ state: RunState = .passed, group: String? = nil, needs: [String] = []) -> JobView {
        JobView(id: id, name: id, group: group, state: state, needs: needs)
    }

    @Test("Every box stands to the right of what it needs, and none covers another")
    func layered() {
        let folding = GraphFolding(jobs: SampleRuns.failingJobs, unfolded: ["*"])
        let layout = GraphLayout(needs: folding.nodes.map(\.needs))
        for (index, node) in folding.nodes.enumerated() {
            for need in node.needs {
                #expect(layout.corners[need].x + GraphLayout.boxWidth < layout.corners[index].x)
            }
            for other in folding.nodes.indices where other != index {
                let (a, b) = (layout.corners[index], layout.corners[other])
                #expect(abs(a.x - b.x) >= GraphLayout.boxWidth || abs(a.y - b.y) >= GraphLayout.boxHeight)
            }
            #expect(layout.corners[index].x + GraphLayout.boxWidth <= layout.width)
            #expect(layout.corners[index].y >= 0 && layout.corners[index].y + GraphLayout.boxHeight <= layout.height)
        }
    }

    @Test("A line that a longer way says already is not drawn; the others end at their boxes")
    func lines() {
        let layout = GraphLayout(needs: [[], [0], [0, 1], [0]])
        #expect(layout.lines.map { [$0.from, $0.to] } == [[0, 1], [1, 2], [0, 3]])
        for line in layout.lines {
            let (from, to) = (layout.corners[line.from], layout.corners[line.to])
            #expect(line.points.first == .init(x: from.x + GraphLayout.boxWidth, y: from.y + GraphLayout.boxHeight / 2))
            #expect(line.points.last == .init(x: to.x, y: to.y + GraphLayout.boxHeight / 2))
        }
    }

    @Test("A long line bends past the boxes between")
    func bends() {
        let layout = GraphLayout(needs: [[], [0], [1], [2], [], [4, 3]])
        let long = layout.lines.first { $0.from == 4 }
        #expect(long?.points.count == 8)
    }

    @Test("A circle of needs is drawn as far as it can be, and ends")
    func circle() {
        let layout = GraphLayout(needs: [[2], [0], [1], [2]])
        #expect(layout.corners.count == 4)
    }

    @Test("No job, one job")
    func small() {
        #expect(GraphLayout(needs: []).corners.isEmpty)
        #expect(GraphLayout(needs: [[]]).height == GraphLayout.boxHeight)
    }

    @Test("The legs of a matrix are one box that unfolds")
    func matrix() {
        let folded = GraphFolding(jobs: SampleRuns.failingJobs, unfolded: [])
        let test = folded.nodes.first { $0.id == "test" }
        #expect(test?.jobs.count == 12 && test?.state == .failed && test?.count(of: .failed) == 2)
        #expect(GraphFolding(jobs: SampleRuns.failingJobs, unfolded: ["test"]).nodes.count == 18)
        #expect(folded.nodes.count == 7)
    }

    @Test("Three hundred jobs become a few boxes in which the failure still stands alone")
    func large() {
        let page = SampleRuns.large()
        let folding = GraphFolding(jobs: page.jobs, unfolded: [])
        #expect(page.jobs.count == 300 && folding.isReduced && folding.nodes.count < 12)
        #expect(folding.nodes.filter { $0.state == .failed }.map(\.jobs.count) == [1])
        #expect(folding.nodes.reduce(0) { $0 + $1.jobs.count } == 300)
        let layout = GraphLayout(needs: folding.nodes.map(\.needs))
        for (index, node) in folding.nodes.enumerated() {
            #expect(node.needs.allSatisfy { layout.layers[$0] < layout.layers[index] })
        }
    }

    @Test("Needs are by job or by matrix")
    func needs() {
        let jobs = [job("a#1", group: "a"), job("a#2", group: "a"), job("b", needs: ["a"]), job("c", needs: ["a#2"])]
        let open = GraphFolding(jobs: jobs, unfolded: ["a"])
        #expect(open.nodes.map(\.needs) == [[], [], [0, 1], [1]])
    }
}
