// SPDX-License-Identifier: Apache-2.0

internal import RunCoordination
internal import TerminalRendering

/// How tests are told.
enum TestText {
    /// `tests: 2 failed, 120 passed, 1 skipped`
    static func counts(_ tests: [TestOutcome]) -> String {
        let order: [TestOutcome.Status] = [.failed, .error, .passed, .skipped]
        let parts = order.compactMap { status -> String? in
            let count = tests.count { $0.status == status }
            return count > 0 ? "\(count) \(status.rawValue)" : nil
        }
        return "tests: " + parts.joined(separator: ", ")
    }

    /// Its name, and below it where and why.
    ///
    /// - Parameter job: named where several have tests.
    static func lines(_ test: TestOutcome, of job: String? = nil, _ palette: Palette) -> [String] {
        let took = test.durationSeconds.map { "  \(DurationText.short(milliseconds: Int64($0 * 1_000)))" } ?? ""
        var lines = [
            "\(palette.paint("✗", .red)) \(job.map { "\($0.withoutControls) › " } ?? "")"
                + "\(test.title.withoutControls)\(palette.paint(took, .dim))"
        ]
        if let file = test.file {
            lines.append("    " + palette.paint(test.line.map { "\(file):\($0)" } ?? file, .cyan))
        }
        for line in (test.message ?? "").split(whereSeparator: \.isNewline).prefix(messageLines) {
            lines.append("    " + String(line).withoutControls)
        }
        return lines
    }

    private static let messageLines = 6
}
