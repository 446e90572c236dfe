// SPDX-License-Identifier: Apache-2.0

/// How a run, job or step stands, as the pages show it: eight glyphs, each with a word.
package enum RunState: String, Sendable, CaseIterable {
    case passed, failed, running, waiting, skipped, cancelled
    /// Nothing failed, and not all of it could run.
    case incomplete
    /// Waits for a person: an approval, a question.
    case blocked

    package var isFinished: Bool {
        switch self {
        case .passed, .failed, .skipped, .cancelled, .incomplete: true
        case .running, .waiting, .blocked: false
        }
    }

    /// Its symbol in /web/glyphs.svg.
    var glyph: String { "g-\(rawValue)" }

    /// For pictures that stand outside a page, where no theme applies: legible on white and on black.
    package var pictureColour: String {
        switch self {
        case .passed: "#2a8a55"
        case .failed: "#cf3d47"
        case .running: "#2f7fd6"
        case .waiting, .incomplete: "#a87410"
        case .skipped, .cancelled: "#6d7986"
        case .blocked: "#8a5cc2"
        }
    }

    package var words: PageText {
        switch self {
        case .passed: .passed
        case .failed: .failed
        case .running: .running
        case .waiting: .waiting
        case .skipped: .skipped
        case .cancelled: .cancelled
        case .incomplete: .incomplete
        case .blocked: .blocked
        }
    }

    /// The worst of several, as a whole of them is shown.
    package static func whole(of states: some Sequence<RunState>) -> RunState {
        let order: [RunState] = [.failed, .running, .blocked, .waiting, .cancelled, .incomplete, .passed, .skipped]
        let present = Set(states)
        return order.first { present.contains($0) } ?? .skipped
    }
}
