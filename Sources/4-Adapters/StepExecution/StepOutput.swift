// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import PipelineModel
import ProblemMatching
import SecretRedaction

/// The way of one attempt's output to its log: everything that goes through it is redacted.
final class StepOutput {
    private let log: StepLog
    private var redactor: SecretRedactor
    private var scanner = OutputScanner()
    private var interpreter: CommandInterpreter
    /// What the job's problem matchers look for.
    private(set) var problems: ProblemScanner
    private var redacted: [UInt8] = []
    private var isAtLineStart = true
    /// A mask could not be taken: nothing more may be shown.
    private var isMuted = false
    private let showsDebug: Bool

    init(log: StepLog, redactor: SecretRedactor, problems: ProblemScanner = ProblemScanner(), showsDebug: Bool) {
        self.log = log
        self.problems = problems
        self.redactor = redactor
        self.showsDebug = showsDebug
        interpreter = CommandInterpreter(echoes: showsDebug)
    }

    // MARK: what the step writes

    /// Takes a piece of the step's output; what its commands ask for is done at once, in order.
    ///
    /// - Parameter found: gets what problem matchers saw.
    func take(
        _ chunk: UnsafeRawBufferPointer, surroundings: CommandSurroundings, found: (MatchReport) -> Void,
        perform: (CommandEffect) -> Void
    ) {
        // The scanner calls back while it runs: it works on a copy that is put back afterwards.
        var scanner = OutputScanner()
        swap(&scanner, &self.scanner)
        scanner.scan(chunk, plain: { look(at: $0, found) }, piece: write) { serve($0, surroundings, perform) }
        swap(&scanner, &self.scanner)
    }

    /// The end of the output.
    func finishTaking(
        surroundings: CommandSurroundings, found: (MatchReport) -> Void, perform: (CommandEffect) -> Void
    ) {
        var scanner = OutputScanner()
        swap(&scanner, &self.scanner)
        scanner.finish(plain: { look(at: $0, found) }, line: { serve($0, surroundings, perform) })
    }

    private func look(at lines: UnsafeRawBufferPointer, _ found: (MatchReport) -> Void) {
        guard !problems.isIdle else { return write(lines) }
        // What is found is told while the scanner runs: it works on a copy that is put back afterwards.
        var problems = ProblemScanner()
        swap(&problems, &self.problems)
        problems.take(lines: lines, plain: write, report: found)
        swap(&problems, &self.problems)
    }

    func add(_ matchers: [PreparedMatcher]) { problems.add(matchers) }
    func removeMatchers(of owners: [String]) { problems.remove(owners: owners) }

    private func serve(
        _ line: UnsafeRawBufferPointer, _ surroundings: CommandSurroundings, _ perform: (CommandEffect) -> Void
    ) -> Bool {
        guard let effects = interpreter.interpret(line, surroundings) else { return false }
        for effect in effects { perform(effect) }
        return true
    }

    // MARK: what goes to the log

    /// Output as it is, to be redacted.
    func write(_ bytes: UnsafeRawBufferPointer) {
        guard let last = bytes.last, !isMuted else { return }
        isAtLineStart = last == .lineFeed
        if redactor.isTransparent { return log.write(bytes) }
        redactor.redact(bytes, into: &redacted)
        flush()
    }

    /// A line of the executor's own.
    func line(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { write(UnsafeRawBufferPointer($0)) }
    }

    func mark(_ mark: LogMark) {
        if case .debug = mark, !showsDebug { return }
        guard !isMuted else { return }
        settle()
        log.mark(redactor.isTransparent ? mark : mark.mapped(redactor.redactingAll))
    }

    func error(_ message: String) { mark(.annotation(Annotation(.error, message))) }
    func warning(_ message: String) { mark(.annotation(Annotation(.warning, message))) }

    /// From the next byte on the value is redacted here.
    ///
    /// - Throws: past the redactor's limits; the output is muted then.
    func add(_ secret: Secret) throws(RedactionError) {
        do {
            try redactor.add(secret)
        } catch {
            mark(.annotation(Annotation(.error, error.diagnostic.message)))
            isMuted = true
            throw error
        }
    }

    /// Says why, and shows nothing more.
    func mute() {
        error("The output is not shown: a value that must be hidden could not be kept.")
        isMuted = true
    }

    func close() -> LogSummary {
        if !isMuted { settle() }
        return log.close()
    }

    /// Shows what is held back and ends the line, so that what follows stands on its own.
    private func settle() {
        if !redactor.isTransparent {
            redactor.finish(into: &redacted)
            flush()
        }
        guard !isAtLineStart else { return }
        isAtLineStart = true
        withUnsafeBytes(of: UInt8.lineFeed) { log.write($0) }
    }

    private func flush() {
        guard !redacted.isEmpty else { return }
        redacted.withUnsafeBytes(log.write)
        redacted.removeAll(keepingCapacity: true)
    }
}

extension LogMark {
    /// The mark with every text in it changed.
    func mapped(_ change: (String) -> String) -> LogMark {
        switch self {
        case .group(let text): return .group(change(text))
        case .endGroup: return .endGroup
        case .debug(let text): return .debug(change(text))
        case .command(let text): return .command(change(text))
        case .summary(let text): return .summary(change(text))
        case .annotation(var annotation):
            annotation.message = change(annotation.message)
            annotation.title = annotation.title.map(change)
            annotation.file = annotation.file.map(change)
            annotation.logText = annotation.logText.map(change)
            return .annotation(annotation)
        }
    }
}
