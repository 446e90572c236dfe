// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import LogArchive
internal import PipelineModel
internal import RunCoordination
internal import WebPages

/// Lines of the archive as pages show them.
enum LogLines {
    static func place(
        _ run: RunID, _ attempt: Int, _ job: JobID, _ step: RunReport.Step
    ) -> RunCoordination.LogPlace {
        RunCoordination.LogPlace(
            run: run, attempt: attempt, job: job, step: StepAttempt(step: step.path, number: step.attempt))
    }

    /// The same place as addresses have it.
    static func address(_ place: RunCoordination.LogPlace) -> WebPages.LogPlace {
        WebPages.LogPlace(
            run: place.run.number, attempt: place.attempt, job: place.job.text, step: place.step.step.description,
            stepAttempt: place.step.number)
    }

    static func shown(_ line: LogArchive.LogLine) -> WebPages.LogLine {
        WebPages.LogLine(number: line.number, raw: String(decoding: line.text, as: UTF8.self), time: line.time)
    }

    static func last(_ count: Int, at path: String) throws(DiagnosticError) -> [WebPages.LogLine] {
        do throws(LogError) {
            return try LogReader(path: path).tail(count).map(shown)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
    }

    /// A page of a log, with the groups of all of it.
    struct Part {
        var lines: [WebPages.LogLine] = []
        var total = 0
        var groups: [LogGroup] = []
    }

    /// - Returns: `nil` where there is no such log.
    static func part(at path: String, from first: Int) throws(DiagnosticError) -> Part? {
        guard let reader = try? LogReader(path: path) else { return nil }
        var part = Part()
        do throws(LogError) {
            part.total = try reader.lineCount()
            guard part.total > 0 else { return part }
            part.lines = try reader.lines(first...(first + LogPage.pageLines - 1)).map(shown)
            part.groups =
                part.total <= LogPage.pageLines
                ? LogGroup.groups(of: part.lines) : try groups(at: path, total: part.total)
        } catch {
            throw DiagnosticError(error.diagnostic)
        }
        return part
    }

    private static let groupLimit = 20_000
    private static let groupMilliseconds = 2_000

    /// The groups of a long log, by its markers alone. Where they are too many, the log is shown without.
    private static func groups(at path: String, total: Int) throws(LogError) -> [LogGroup] {
        let key = LogKey(job: "", step: "", attempt: 1)
        var limits = LogSearchLimits()
        limits.matches = groupLimit
        limits.milliseconds = groupMilliseconds
        let pattern = LogPattern(.regularExpression, "^(##\\[(group|endgroup|error)\\]|::(group|endgroup)::)")
        let search = LogSearch(pattern, in: [LogSource(key: key, path: path)], limits: limits, countsAll: false)
        do throws(LogError) {
            let page = try search.page()
            guard page.next == nil else { return [] }
            var markers = page.matches.map { WebPages.LogLine(number: $0.line, raw: $0.excerpt.text) }
            // What is not ended goes to the last line.
            markers.append(WebPages.LogLine(number: total, text: ""))
            return LogGroup.groups(of: markers)
        } catch {
            return []
        }
    }
}
