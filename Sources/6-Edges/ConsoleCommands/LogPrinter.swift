// SPDX-License-Identifier: Apache-2.0

internal import TerminalRendering

/// Prints logs line by line, each under the heading of its step.
final class LogPrinter {
    /// A log: an attempt of a step of a job.
    struct Source: Hashable {
        /// The job as people see it.
        var job: String
        var step: String
        var attempt: Int
        /// The step as the plan calls it; `nil` for one that the plan does not know.
        var title: String?
    }

    private let console: Console
    private let isRaw: Bool
    private var styles: [Source: LogLineStyle] = [:]
    /// Whether anything was printed.
    var hasPrinted: Bool { !styles.isEmpty }

    init(_ console: Console, isRaw: Bool) {
        self.console = console
        self.isRaw = isRaw
    }

    func print(_ source: Source, _ line: [UInt8]) {
        let prefix = console.palette.paint("[\(source.job.withoutControls)] ", .cyan)
        if styles[source] == nil {
            styles[source] = LogLineStyle(console.palette)
            if !isRaw { console.out.writeLine(prefix + console.palette.paint(heading(source, line), .bold)) }
        }
        switch isRaw ? .asIs : styles[source]?.show(line) {
        case .hidden, nil: return
        case .text(let text): console.out.writeLine(prefix + text)
        case .asIs:
            console.out.write(prefix)
            console.out.write(line)
            console.out.writeLine()
        }
    }

    /// The first line of a log says what runs.
    private func heading(_ source: Source, _ first: [UInt8]) -> String {
        if let title = source.title { return "▸ \(source.step) \(title.withoutControls)" }
        let text = String(decoding: first, as: UTF8.self)
        let marker = "##[group]"
        return "▸ \(source.step) " + (text.hasPrefix(marker) ? String(text.dropFirst(marker.count)) : "")
    }
}
