// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Looks for problems in one step's output, line by line.
///
/// The order and the resets are the runner's: the matcher that was added last is asked first; the first finding takes the
/// line, and every other matcher forgets what it was in the middle of.
package struct ProblemScanner {
    /// A longer line is no problem, and interrupts a match of several lines.
    package static let maximumLineBytes = 64 << 10
    /// On so many lines a matcher may run out of work before it is dropped.
    package static let maximumExhaustedLines = 3

    private var progress: [MatchProgress]

    package init(_ matchers: [PreparedMatcher] = []) { progress = matchers.map(MatchProgress.init) }

    /// Nothing to look for: lines need not be given.
    package var isIdle: Bool { progress.isEmpty }

    /// Adds matchers while the step runs, each before all that there are: the last of them is asked first.
    package mutating func add(_ matchers: [PreparedMatcher]) {
        for matcher in matchers {
            remove(owners: [matcher.definition.owner])
            progress.insert(MatchProgress(matcher), at: 0)
        }
    }

    /// Whatever the case of the owners.
    package mutating func remove(owners: [String]) {
        progress.removeAll { item in owners.contains { item.matcher.definition.hasOwner($0) } }
    }

    // MARK: lines

    /// Goes through whole lines.
    ///
    /// - Parameters:
    ///   - lines: with their breaks (LF, CR or CRLF); only the last one may lack it.
    ///   - plain: gets what is ordinary output, breaks included, in pieces as large as may be.
    ///   - report: gets what a line gave rise to, after all plain output before that line. The line of a finding is no
    ///     plain output.
    package mutating func take(
        lines: UnsafeRawBufferPointer, plain: (UnsafeRawBufferPointer) -> Void, report: (MatchReport) -> Void
    ) {
        guard !isIdle else { return lines.isEmpty ? () : plain(lines) }
        var plainStart = 0
        var start = 0
        while start < lines.count {
            let shape = LineShape(lines, from: start, findsBreaks: true)
            var next = min(shape.end + 1, lines.count)
            if next < lines.count, lines[shape.end] == 0x0D, lines[next] == 0x0A { next += 1 }
            let line = UnsafeRawBufferPointer(rebasing: lines[start..<shape.end])
            let reports = take(line, isPlain: shape.isPlain)
            if !reports.isEmpty {
                if plainStart < start { plain(UnsafeRawBufferPointer(rebasing: lines[plainStart..<start])) }
                reports.forEach(report)
                plainStart = reports.contains(where: \.isFinding) ? next : start
            }
            start = next
        }
        if plainStart < lines.count { plain(UnsafeRawBufferPointer(rebasing: lines[plainStart...])) }
    }

    /// Looks at one line, given without its break.
    ///
    /// - Returns: at most one finding among them, the last; empty for ordinary output.
    package mutating func take(_ line: UnsafeRawBufferPointer) -> [MatchReport] {
        take(line, isPlain: LineShape(line, from: 0, findsBreaks: false).isPlain)
    }

    private mutating func take(_ line: UnsafeRawBufferPointer, isPlain: Bool) -> [MatchReport] {
        if line.count > Self.maximumLineBytes {
            for index in progress.indices { progress[index].reset() }
            return []
        }
        if isPlain { return match(line) }
        return LineShape.cleaned(line).withUnsafeBytes { match($0) }
    }

    private mutating func match(_ line: UnsafeRawBufferPointer) -> [MatchReport] {
        var reports: [MatchReport] = []
        var index = 0
        while index < progress.count {
            switch progress[index].take(line) {
            case .nothing: index += 1
            case .exhausted(let code): index = exhausted(index, code, line, &reports)
            case .match(let match):
                for other in progress.indices where other != index { progress[other].reset() }
                var conversion = FindingConversion(
                    progress[index].matcher.definition, text: String(decoding: line, as: UTF8.self))
                let finding = conversion.finding(match)
                reports += conversion.remarks.map { .debug($0) }
                if let finding { return reports + [.finding(finding)] }
                index += 1
            }
        }
        return reports
    }

    /// The work for a line ran out. The runner tries the line again, since its limit is one of time; here a second try would
    /// come out the same, so the matcher has three lines instead of three tries.
    private mutating func exhausted(
        _ index: Int, _ code: Int32, _ line: UnsafeRawBufferPointer, _ reports: inout [MatchReport]
    ) -> Int {
        progress[index].reset()
        progress[index].exhaustedLines += 1
        let owner = progress[index].matcher.definition.owner
        let reason = CompiledPattern.message(of: code)
        let isSpent = progress[index].isSpent
        guard isSpent || progress[index].exhaustedLines >= Self.maximumExhaustedLines else {
            let text = String(decoding: line, as: UTF8.self)
            reports.append(
                .debug("Timeout processing issue matcher '\(owner)' against line '\(text)'. Exception: \(reason)"))
            return index + 1
        }
        progress.remove(at: index)
        reports.append(
            .dropped(
                Diagnostic(
                    .matcherDropped,
                    "Removing issue matcher '\(owner)'. "
                        + (isSpent
                            ? "It was slow on more than \(MatchProgress.maximumHardAttempts) lines."
                            : "Matcher failed \(Self.maximumExhaustedLines) times. Error: \(reason)."),
                    severity: .warning,
                    remedy: "Make its regular expression simpler: avoid a repetition inside a repetition.")))
        return index
    }
}

extension MatchReport {
    fileprivate var isFinding: Bool { if case .finding = self { true } else { false } }
}
