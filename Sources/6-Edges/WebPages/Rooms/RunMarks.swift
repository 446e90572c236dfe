// SPDX-License-Identifier: Apache-2.0

/// One run in a row of runs.
package struct RunMark: Sendable {
    package var run: Int
    package var state: RunState
    package var durationMs: Int64

    package init(run: Int, state: RunState, durationMs: Int64) {
        self.run = run
        self.state = state
        self.durationMs = durationMs
    }
}

/// The last runs as a row of bars: the height is the duration, the shape and colour the state. What all bars share
/// stands in the style sheet: there are two hundred of them on the first page.
struct RunMarks {
    /// Oldest first; the last ``limit`` are shown.
    var runs: [RunMark]

    static let limit = 20
    private static let height = 28
    private static let pitch = 12
    private static let barWidth = 8
    private static let room = 22

    func write(_ html: inout Markup) {
        let shown = runs.suffix(Self.limit)
        let longest = max(1, shown.map(\.durationMs).max() ?? 1)
        let width = Self.limit * Self.pitch
        html.tag(
            .svg, .class("marks"), .text(.viewBox, "0 0 \(width) \(Self.height)"), .text(.role, "group"),
            .text(.preserveAspectRatio, "xMaxYMax meet"), .label(html.phrase(.lastRuns))
        ) { html in
            let first = Self.limit - shown.count
            for (index, run) in shown.enumerated() {
                mark(run, x: (first + index) * Self.pitch, longest, &html)
            }
        }
    }

    private func mark(_ run: RunMark, x: Int, _ longest: Int64, _ html: inout Markup) {
        let label = html.phrase(.runMark(run.run, run.state.words, run.durationMs))
        html.tag(.a, .href(.run(run.run)), .class("s-\(run.state.rawValue)")) { html in
            html.tag(.title, text: label)
            html.tag(.rect, .class("reach"), .number(.x, x))
            let tall = max(4, Int(run.durationMs * Int64(Self.room) / longest))
            switch run.state {
            case .failed:
                bar(x, tall, "bar", &html)
                // The dot tells a failure without its colour.
                html.tag(
                    .circle, .class("bar"), .number(.cx, x + Self.barWidth / 2), .number(.cy, Self.height - tall - 4),
                    .text(.r, "2.5"))
            case .running: bar(x, tall, "bar hollow", &html)
            case .passed: bar(x, tall, "bar", &html)
            case .waiting, .skipped, .cancelled, .incomplete, .blocked: bar(x, 3, "bar", &html)
            }
        }
    }

    private func bar(_ x: Int, _ tall: Int, _ classes: String, _ html: inout Markup) {
        html.tag(
            .rect, .class(classes), .number(.x, x), .number(.y, Self.height - tall), .number(.height, tall))
    }
}
