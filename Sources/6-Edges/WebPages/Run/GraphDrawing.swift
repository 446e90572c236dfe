// SPDX-License-Identifier: Apache-2.0

/// A run's jobs as a drawing: boxes that are links, the longest chain drawn strong.
struct GraphDrawing {
    var page: RunPage
    var unfolded: Set<String>

    /// Boxes beyond this are drawn by nobody's browser with pleasure; the list below shows them all.
    static let drawnLimit = 400

    func write(_ html: inout Markup) {
        let folding = GraphFolding(jobs: page.jobs, unfolded: unfolded)
        guard folding.nodes.count <= Self.drawnLimit else {
            html.tag(.p, .class("note"), words: .graphTooLarge(folding.nodes.count))
            return
        }
        let layout = GraphLayout(needs: folding.nodes.map(\.needs))
        let critical = Set(page.criticalPath)
        let isCritical = folding.nodes.map { node in node.jobs.contains { critical.contains($0.id) } }
        html.tag(.div) { html in
            html.tag(
                .div, .class("chain"), .text(.role, "region"), .text(.tabindex, "0"), .label(html.phrase(.graphLabel))
            ) { html in
                html.tag(
                    .svg, .number(.width, layout.width + 8), .number(.height, layout.height + 16),
                    .text(.viewBox, "-4 -8 \(layout.width + 8) \(layout.height + 16)"), .text(.role, "group"),
                    .label(html.phrase(.graphLabel))
                ) { html in
                    edges(layout, isCritical, &html)
                    for (index, node) in folding.nodes.enumerated() {
                        box(node, layout.corners[index], isCritical[index], &html)
                    }
                }
            }
            legend(folding, &html)
        }
    }

    private func edges(_ layout: GraphLayout, _ isCritical: [Bool], _ html: inout Markup) {
        // Strong lines last, so that they lie on top.
        let ranked = layout.lines.map { ($0, isCritical[$0.from] && isCritical[$0.to]) }
        for (line, isStrong) in ranked.filter({ !$0.1 }) + ranked.filter(\.1) {
            html.tag(.path, .class(isStrong ? "edge critical" : "edge"), .text(.d, Self.path(line.points)))
        }
    }

    /// Straight past boxes, curved between columns.
    static func path(_ points: [GraphLayout.Point]) -> String {
        guard let first = points.first else { return "" }
        var path = "M\(first.x) \(first.y)"
        for (index, (from, to)) in zip(points, points.dropFirst()).enumerated() {
            if index % 2 == 0 {
                let middle = (from.x + to.x) / 2
                path += "C\(middle) \(from.y) \(middle) \(to.y) \(to.x) \(to.y)"
            } else {
                path += "H\(to.x)"
            }
        }
        return path
    }

    private func box(
        _ node: GraphNode, _ corner: GraphLayout.Point, _ isCritical: Bool, _ html: inout Markup
    ) {
        let state = node.state
        let classes = "node \(state.rawValue)" + (isCritical ? " critical" : "")
        let sub = html.phrase(subtitle(node, html.context))
        let label = "\(name(node, html.context)): \(html.phrase(state.words)). \(sub)"
        html.tag(.a, .class(classes), .href(address(node)), .label(label)) { html in
            html.tag(.title, text: label)
            if node.jobs.count > 1 {
                rect(GraphLayout.Point(x: corner.x + 4, y: corner.y + 4), "behind", &html)
            }
            rect(corner, "box", &html)
            // Moved by a group of its own: one that turns would turn about the drawing's corner.
            html.tag(.g, .text(.transform, "translate(\(corner.x + 12) \(corner.y + 16))")) { html in
                html.tag(
                    .use, .class("g s-\(state.rawValue)"), .address(.href, .place(state.glyph)),
                    .number(.width, 16), .number(.height, 16))
            }
            let room = GraphLayout.boxWidth - 52
            html.tag(
                .svgText, .number(.x, corner.x + 38), .number(.y, corner.y + 20),
                text: CharacterWidths.cut(name(node, html.context), toPixels: room, size: 13))
            html.tag(
                .svgText, .class("sub"), .number(.x, corner.x + 38), .number(.y, corner.y + 38),
                text: CharacterWidths.cut(sub, toPixels: room, size: 12))
        }
    }

    private func rect(_ corner: GraphLayout.Point, _ classes: String, _ html: inout Markup) {
        html.tag(
            .rect, .class(classes), .number(.x, corner.x), .number(.y, corner.y),
            .number(.width, GraphLayout.boxWidth), .number(.height, GraphLayout.boxHeight), .text(.rx, "7"))
    }

    private func name(_ node: GraphNode, _ context: PageContext) -> String {
        switch node.kind {
        case .job: node.jobs.first?.name ?? node.id
        case .matrix: "\(node.id) ×\(node.jobs.count)"
        case .alike: PageText.jobCount(node.jobs.count).text(in: context.language)
        }
    }

    private func subtitle(_ node: GraphNode, _ context: PageContext) -> PageText {
        if node.jobs.count > 1 {
            return .legCounts(
                failed: node.count(of: .failed), running: node.count(of: .running) + node.count(of: .waiting),
                passed: node.count(of: .passed), of: node.jobs.count)
        }
        guard let job = node.jobs.first else { return .name("") }
        if let length = job.durationMs(now: context.now), job.state != .skipped { return .span(length) }
        return job.wait?.words ?? job.reason.map { .name($0) } ?? job.state.words
    }

    /// A single job's log; a folded box unfolds.
    private func address(_ node: GraphNode) -> PageAddress {
        guard node.jobs.count == 1, let job = node.jobs.first else {
            let group = node.kind == .matrix ? node.id : GraphFolding.everything
            let open = unfolded.union([group]).sorted()
            return page.address(of: .graph, open.map { ("open", $0) })
        }
        guard let step = job.foremostStep else { return .place("job-\(job.id)") }
        return .log(
            LogPlace(
                run: page.run, attempt: page.attempt, job: job.id, step: step.id, stepAttempt: step.attempt))
    }

    private func legend(_ folding: GraphFolding, _ html: inout Markup) {
        html.tag(.p, .class("legend")) { html in
            if !page.criticalPath.isEmpty {
                html.tag(.span) { html in
                    html.tag(.span, .class("swatch critical"))
                    html.words(.criticalPath)
                }
            }
            if folding.isReduced {
                html.tag(.span, words: .graphFolded(page.jobs.count))
                html.tag(.a, .href(page.address(of: .graph, [("open", GraphFolding.everything)])), words: .unfoldAll)
            } else if !unfolded.isEmpty {
                html.tag(.a, .href(page.address(of: .graph)), words: .foldAll)
            } else if folding.nodes.contains(where: { $0.jobs.count > 1 }) {
                html.tag(.a, .href(page.address(of: .graph, [("open", GraphFolding.everything)])), words: .unfoldAll)
            }
        }
    }
}
