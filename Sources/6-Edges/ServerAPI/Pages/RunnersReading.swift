// SPDX-License-Identifier: Apache-2.0

internal import AccessRules
internal import Diagnostics
internal import HTTPServing
internal import PipelineModel
internal import RunCoordination
internal import ServerOperation
internal import StructuredData
internal import Timekeeping
internal import WebPages

/// The machines that jobs run on.
struct RunnersReading: SettingsReading {
    let server: Server
    let calls: APICalls

    private static let guardian = Route.Guardian.server(.manageRunners)

    var routes: [Route] {
        let pages = PageRoute(server: server)
        return [
            room("/settings/runners", Self.guardian, pages),
            form("/settings/runners/tokens", Self.guardian, pages) { (visit, _) throws(DiagnosticError) in
                let made = try await calls.call("makeRegistration", as: visit)
                let secret = made["secret"]?.string
                return SettingsChange(sentence: "One runner can come within a day.") { $0.newToken = secret }
            },
            act("pause", "pauseRunner", "gets no new jobs", pages),
            act("resume", "resumeRunner", "gets jobs again", pages),
            act("remove", "removeRunner", "was removed", pages),
        ]
    }

    private func act(_ word: String, _ operation: String, _ words: String, _ pages: PageRoute) -> Route {
        form("/settings/runners/{runner}/\(word)", Self.guardian, pages) { (visit, _) throws(DiagnosticError) in
            let id = visit.request.parameter("runner")
            let name = EntryID(id).map { visit.directory.name(of: $0) } ?? id
            try await calls.call(operation, ["runner": id], as: visit)
            return SettingsChange(sentence: "The runner \(name) \(words).")
        }
    }

    func with(_ receipt: Receipt, _ page: RunnersPage) -> RunnersPage {
        var page = page
        page.receipt = receipt
        return page
    }

    /// From what the API lists.
    func page(_ visit: PageVisit) async throws(DiagnosticError) -> RunnersPage {
        let listed = try await calls.call("listRunners", as: visit)
        let runners = (listed["items"]?.array ?? []).map { item in
            var runner = RunnersPage.Runner(
                id: item["id"]?.string ?? "", name: item["name"]?.string ?? "", labels: item.strings("labels"),
                isOnline: item.bool("connected"), capacity: item["capacity"]?.int ?? 0)
            runner.isPaused = item.bool("paused")
            runner.isOwn = item.bool("own")
            runner.lastSeenAt = item["heardAt"]?.int.map { Timestamp(milliseconds: Int64($0)) }
            runner.jobs = (item["jobs"]?.array ?? []).map { ($0["job"]?.string ?? "", $0["run"]?.int ?? 0) }
            return runner
        }
        return RunnersPage(
            queue: await queue(), runners: runners, serverAddress: server.address,
            mayChange: visit.mayOnServer(.manageRunners))
    }

    /// Why jobs wait, with how many for each reason.
    private func queue() async -> [(reason: WaitReason, jobs: Int)] {
        var counts: [(text: String, jobs: Int)] = []
        for run in await server.runs.active {
            for reason in await server.runs.waitingReasons(in: run).values {
                if let known = counts.firstIndex(where: { $0.text == reason.text }) {
                    counts[known].jobs += 1
                } else {
                    counts.append((reason.text, 1))
                }
            }
        }
        return counts.sorted { ($1.jobs, $0.text) < ($0.jobs, $1.text) }.map { (.other($0.text), $0.jobs) }
    }
}
