// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import PipelineModel
internal import RunCoordination
internal import ServerClient
internal import StructuredData
internal import TerminalRendering

/// Logs of a run on a server.
struct RemoteLogs {
    let target: RemoteTarget
    let run: Int
    /// As the user named them; `nil`: all.
    let job: String?
    let step: String?
    let console: Console
    let isRaw: Bool

    private struct Log: Sendable {
        var jobName: String
        var title: String
        /// Of the run, in which it ran.
        var attempt: Int
        var place: RunTelling.Place
    }

    /// Prints what is there now.
    func print() throws {
        let report = try RemoteRunChoice.report(run, target)
        let printer = LogPrinter(console, isRaw: isRaw)
        let logs = logs(report)
        guard !logs.isEmpty else { throw nothing() }
        for log in logs where !console.out.isClosed { try print(log, printer) }
    }

    /// Prints until the run is over.
    ///
    /// - Returns: what to end with.
    func follow() throws -> ExitStatus {
        let report = try RemoteRunChoice.report(run, target)
        let printer = LogPrinter(console, isRaw: isRaw)
        var names: [String: String] = [:]
        var titles: [RunTelling.Place: String] = [:]
        // What another attempt left is over.
        for log in logs(report) where log.attempt != report["attempt"]?.int { try print(log, printer) }
        let (job, step) = (job, step)
        let wanted = RunFollower.Logs { id, name, path in
            Self.isNamed(id, name, job) && step.map { $0 == path } ?? true
        }
        var end: DataObject?
        var hasEntries = printer.hasPrinted
        try RemoteFollowing(
            target: target, run: run, attempt: report["attempt"]?.int ?? 1, console: console
        ).follow(wanted) { item in
            switch item {
            case .update(let update):
                let place = RunTelling.Place(
                    job: update["job"]?.string ?? "", step: update["step"]?.string ?? "",
                    attempt: update["attempt"]?.int ?? 1)
                switch update["type"]?.string {
                case "jobStarted": names[place.job] = update["name"]?.string
                case "stepStarted":
                    titles[place] = update["name"]?.string
                    if wanted.isWanted(place.job, names[place.job] ?? place.job, place.step) { hasEntries = true }
                case "runFinished": end = update
                default: break
                }
            case .line(let place, let line):
                printer.print(
                    LogPrinter.Source(
                        job: names[place.job] ?? place.job, step: place.step, attempt: place.attempt,
                        title: titles[place]), line)
            }
        } interrupted: {
        }
        guard hasEntries else { throw nothing() }
        var row = report
        row["state"] = "finished"
        for key in ["conclusion", "unavailable"] { row[key] = end?[key] }
        return RunResult.exit(ShownRun(row: row))
    }

    /// Whether a user who writes `wanted` means the job: its id, the id of all its legs, or its name.
    static func isNamed(_ id: String, _ name: String, _ wanted: String?) -> Bool {
        guard let wanted else { return true }
        return RunHistory.Entry(title: name, job: JobID(id), attempt: 1).isNamed(wanted)
    }

    private func logs(_ report: DataObject) -> [Log] {
        let attempt = report["attempt"]?.int ?? 1
        var logs: [Log] = []
        for found in (report["jobs"]?.array ?? []).compactMap(\.object) {
            let id = found["id"]?.string ?? ""
            let name = found["name"]?.string ?? id
            guard Self.isNamed(id, name, job) else { continue }
            for entry in (found["steps"]?.array ?? []).compactMap(\.object) {
                guard let path = entry["step"]?.string, step.map({ $0 == path }) ?? true, entry["startedAt"] != nil
                else {
                    continue
                }
                logs.append(
                    Log(
                        jobName: name, title: entry["title"]?.string ?? path,
                        attempt: entry["takenFrom"]?.int ?? found["takenFrom"]?.int ?? attempt,
                        place: RunTelling.Place(job: id, step: path, attempt: entry["attempt"]?.int ?? 1)))
            }
        }
        return logs
    }

    private func print(_ log: Log, _ printer: LogPrinter) throws {
        let source = LogPrinter.Source(
            job: log.jobName, step: log.place.step, attempt: log.place.attempt, title: log.title)
        let handover = Handover<Result<[UInt8], ServerError>?>()
        let remote = RemoteLog(target.server, run: run, attempt: log.attempt, place: log.place)
        let task = Task {
            do throws(ServerError) {
                try await remote.lines { await handover.put(.success($0)) }
            } catch {
                handover.push(.failure(error))
            }
            handover.push(nil)
        }
        defer { task.cancel() }
        while !console.out.isClosed {
            for line in handover.take() {
                guard let line else { return }
                printer.print(source, try line.get())
            }
        }
    }

    private func nothing() -> DiagnosticError {
        DiagnosticError(
            .stepMissing, "Run \(run) has no log of that job or step.",
            remedy: "See what it ran with: martlet why \(run)\(target.suffix)")
    }
}
