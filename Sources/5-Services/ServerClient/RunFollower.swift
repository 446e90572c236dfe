// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Follows one attempt of a run on a server from wherever it is to its end, with the logs of its steps.
package struct RunFollower: Sendable {
    package enum Item: Hashable, Sendable {
        /// As a line of `martlet run --json` has it.
        case update(DataObject)
        /// A line of a step's log, without its end.
        case line(RunTelling.Place, [UInt8])
    }

    /// Which logs are followed.
    package struct Logs: Sendable {
        /// A job, by its id and the name that people see; a step, by its place.
        package var isWanted: @Sendable (_ job: String, _ name: String, _ step: String) -> Bool

        package init(_ isWanted: @escaping @Sendable (_ job: String, _ name: String, _ step: String) -> Bool) {
            self.isWanted = isWanted
        }

        package static let all = Logs { _, _, _ in true }
        package static let none = Logs { _, _, _ in false }
    }

    package typealias Put = @Sendable (Item) async -> Void

    private let server: RemoteServer
    private let run: Int
    private let attempt: Int
    private let logs: Logs

    package init(_ server: RemoteServer, run: Int, attempt: Int, logs: Logs = .all) {
        self.server = server
        self.run = run
        self.attempt = attempt
        self.logs = logs
    }

    private var path: String { RemoteServer.path("runs", run, "attempts", attempt) }

    /// Returns when the run is over and everything was put, `runFinished` as the last; or where the task is cancelled.
    ///
    /// - Parameter put: called from several tasks, for one job in order.
    package func follow(_ put: @escaping Put) async throws(ServerError) {
        let result = await withTaskGroup(of: Void.self) { group -> Result<Void, ServerError> in
            var lanes: [String: AsyncStream<DataObject>.Continuation] = [:]
            var telling = RunTelling()
            var end: DataObject?
            let outcome = await read(&telling) { update in
                guard update["type"]?.string != "runFinished" else {
                    end = update
                    return
                }
                guard let job = update["job"]?.string else { return await put(.update(update)) }
                if let lane = lanes[job] {
                    lane.yield(update)
                    return
                }
                let (stream, lane) = AsyncStream<DataObject>.makeStream()
                lanes[job] = lane
                lane.yield(update)
                let jobs = JobLane(server: server, path: path, logs: logs, put: put)
                group.addTask { await jobs.run(stream) }
            }
            for lane in lanes.values { lane.finish() }
            if case .failure = outcome { group.cancelAll() }
            await group.waitForAll()
            if let end, !Task.isCancelled { await put(.update(end)) }
            return outcome
        }
        try result.get()
    }

    private func read(
        _ telling: inout RunTelling, _ tell: (DataObject) async -> Void
    ) async -> Result<Void, ServerError> {
        // From the first one on: a server keeps the last ones of each run.
        var source = EventSource(server, path + "/events", lastEventID: "0")
        var hasMissed = false
        do throws(ServerError) {
            while !telling.hasEnded, let item = try await source.next() {
                switch item {
                case .opened(isFirst: true): try await look(&telling, tell)
                case .opened: break
                case .event(let event):
                    switch event.type {
                    case "reset":
                        hasMissed = true
                        try await look(&telling, tell)
                    case EventSource.endType: try await look(&telling, tell)
                    default:
                        let object = event.object
                        let isStale = object["type"]?.string == "state" && isBehind(object, telling)
                        if isStale || telling.needsReport(for: object) { try await look(&telling, tell) }
                        // Findings that a reset skipped have to come before the end.
                        if hasMissed, object["type"]?.string == "runFinished" { try await findings(&telling, tell) }
                        for update in telling.take(event: object) { await tell(update) }
                    }
                }
            }
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// With each connection a server says how the run stands: where it is over, no more comes.
    private func isBehind(_ state: DataObject, _ telling: RunTelling) -> Bool {
        state["state"]?.string == "finished" && !telling.hasEnded
    }

    private func look(
        _ telling: inout RunTelling, _ tell: (DataObject) async -> Void
    ) async throws(ServerError) {
        guard let report = try await server.get(path).object else { return }
        for update in telling.take(report: report) { await tell(update) }
    }

    private func findings(
        _ telling: inout RunTelling, _ tell: (DataObject) async -> Void
    ) async throws(ServerError) {
        for kind in ["annotations", "summaries"] {
            for item in try await server.items("\(path)/\(kind)") {
                guard var object = item.object else { continue }
                object["type"] = .string(kind == "summaries" ? "summary" : "annotation")
                for update in telling.take(event: object) { await tell(update) }
            }
        }
    }
}

/// What is told of one job, in order: a step's end comes behind the last line of its log.
private struct JobLane: Sendable {
    let server: RemoteServer
    /// Of the attempt.
    let path: String
    let logs: RunFollower.Logs
    let put: RunFollower.Put

    func run(_ updates: AsyncStream<DataObject>) async {
        var open: [RunTelling.Place: Task<Void, Never>] = [:]
        var name = ""
        for await update in updates {
            let place = RunTelling.Place(update)
            switch update["type"]?.string {
            case "jobStarted", "jobWaiting":
                name = update["name"]?.string ?? place.job
                await put(.update(update))
            case "stepStarted":
                await put(.update(update))
                guard logs.isWanted(place.job, name, place.step) else { continue }
                let log = FollowedLog(server: server, attemptPath: path, place: place)
                open[place] = Task { [put] in await log.run(put) }
            case "stepFinished":
                if let log = open.removeValue(forKey: place) {
                    await LogEnd.wait(for: log, server, hasLines: update["logLines"]?.int != 0)
                }
                await put(.update(update))
            default: await put(.update(update))
            }
        }
        for log in open.values { log.cancel() }
    }
}

/// The log of a step that has ended is waited for, but not for ever: it may have been lost with its runner.
private enum LogEnd {
    private static let patienceMs = 5_000

    static func wait(for log: Task<Void, Never>, _ server: RemoteServer, hasLines: Bool) async {
        guard hasLines else { return log.cancel() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await log.value }
            group.addTask { await server.surroundings.pause(Self.patienceMs) }
            await group.next()
            log.cancel()
            group.cancelAll()
        }
    }
}
