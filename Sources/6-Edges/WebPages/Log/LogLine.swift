// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// One line of a step's log.
package struct LogLine: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case plain, groupStart, groupEnd, command, error, warning, notice, debug
    }

    /// From 1; the same here, in the terminal and in every link.
    package var number: Int
    package var kind: Kind
    /// As it was written, colours and all, without its end and without the marker that gave it its kind.
    package var text: String
    package var time: Timestamp?

    package init(number: Int, kind: Kind = .plain, text: String, time: Timestamp? = nil) {
        self.number = number
        self.kind = kind
        self.text = text
        self.time = time
    }

    /// A line of the archive: its marker (`##[group]`, `##[error]`, …, or `::group::` from logs of older days) tells its
    /// kind and is taken off.
    package init(number: Int, raw: String, time: Timestamp? = nil) {
        let (kind, text) = Self.classified(raw)
        self.init(number: number, kind: kind, text: text, time: time)
    }

    private static let markers: [(text: String, kind: Kind)] = [
        ("##[group]", .groupStart), ("##[endgroup]", .groupEnd), ("##[command]", .command), ("##[error]", .error),
        ("##[warning]", .warning), ("##[notice]", .notice), ("##[debug]", .debug), ("::group::", .groupStart),
        ("::endgroup::", .groupEnd), ("[command]", .command),
    ]

    private static func classified(_ raw: String) -> (Kind, String) {
        guard let first = raw.utf8.first, "#:[".utf8.contains(first),
            let marker = markers.first(where: { raw.hasPrefix($0.text) })
        else { return (.plain, raw) }
        return (marker.kind, String(raw.dropFirst(marker.text.count)))
    }
}

/// A stretch of lines under a title that can be folded.
package struct LogGroup: Hashable, Sendable {
    /// The title's line.
    package var start: Int
    /// The last line; the group's end marker, or the log's end.
    package var end: Int
    package var durationMs: Int64?
    /// Holds an error: shown open.
    package var isOpen: Bool

    package init(start: Int, end: Int, durationMs: Int64? = nil, isOpen: Bool = false) {
        self.start = start
        self.end = end
        self.durationMs = durationMs
        self.isOpen = isOpen
    }

    /// The groups of a log's lines; one that is not ended goes to the last line. A second start ends the one before.
    package static func groups(of lines: [LogLine]) -> [LogGroup] {
        var groups: [LogGroup] = []
        var open: (line: LogLine, hasError: Bool)?
        func finish(_ line: LogLine, at end: Int) {
            guard let (start, hasError) = open else { return }
            let span = start.time.flatMap { begin in line.time.map { ($0 - begin).milliseconds } }
            groups.append(LogGroup(start: start.number, end: end, durationMs: span, isOpen: hasError))
            open = nil
        }
        for line in lines {
            switch line.kind {
            case .groupStart:
                finish(line, at: line.number - 1)
                open = (line, false)
            case .groupEnd: finish(line, at: line.number)
            case .error: open?.hasError = true
            default: break
            }
        }
        if let last = lines.last { finish(last, at: last.number) }
        return groups
    }
}
