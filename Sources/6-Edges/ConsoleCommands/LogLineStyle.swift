// SPDX-License-Identifier: Apache-2.0

internal import StepExecution
internal import TerminalRendering

/// Shows one step's log lines as people read them: the lines that GitHub's log has for programs (`##[group]`, `##[error]`)
/// are put into words, and the head that repeats the script is left out, for a heading stands above it.
struct LogLineStyle {
    enum Shown {
        /// The line as it is.
        case asIs
        case hidden
        case text(String)
    }

    private let palette: Palette
    private var isFirst = true
    private var isInHead = false
    /// The place that an annotation is about, told just before its line comes.
    var place: String?

    /// Of a step, of what an action does before the first, and after the last.
    private static let heads = ["Run ", "Pre ", "Post "]
    private static let marker = Array("##[".utf8)

    init(_ palette: Palette) {
        self.palette = palette
    }

    /// - Parameter line: without its end.
    mutating func show(_ line: UnsafeRawBufferPointer) -> Shown {
        defer { isFirst = false }
        guard line.count > 3, line[0] == 0x23, line.starts(with: Self.marker) else {
            return isInHead ? .hidden : .asIs
        }
        let text = String(decoding: line.dropFirst(3), as: UTF8.self)
        guard let end = text.firstIndex(of: "]") else { return isInHead ? .hidden : .asIs }
        return show(text[..<end], String(text[text.index(after: end)...]))
    }

    mutating func show(_ line: [UInt8]) -> Shown { line.withUnsafeBytes { show($0) } }

    static func text(_ level: Annotation.Level, _ palette: Palette) -> String {
        switch level {
        case .error: palette.paint("error: ", .red)
        case .warning: palette.paint("warning: ", .yellow)
        case .notice: palette.paint("notice: ", .cyan)
        }
    }

    private mutating func show(_ command: Substring, _ text: String) -> Shown {
        let place = self.place
        self.place = nil
        if command == "endgroup" {
            isInHead = false
            return .hidden
        }
        if isInHead { return .hidden }
        let about = place.map { "\($0): " } ?? ""
        switch command {
        case "group":
            isInHead = isFirst && Self.heads.contains(where: text.hasPrefix)
            return isInHead ? .hidden : .text(palette.paint("▾ \(text)", .bold))
        case "error": return .text(Self.text(.error, palette) + about + text)
        case "warning": return .text(Self.text(.warning, palette) + about + text)
        case "notice": return .text(Self.text(.notice, palette) + about + text)
        case "debug": return .text(palette.paint(text, .dim))
        case "command", "section": return .text(palette.paint(text, .cyan))
        default: return .asIs
        }
    }
}
