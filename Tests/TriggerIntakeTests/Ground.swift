// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FileAccess
import Foundation
import HTTPMessages
import PipelineModel
import ProcessControl
import RunCoordination
import SourceForges
import StructuredData
import Synchronization
import Testing
import Timekeeping
import TriggerIntake

/// A server's store, a project with a repository on this machine, and a clock that stands.
final class Ground: Sendable {
    let origin: Origin
    let store: RunStore
    private let state: Mutex<State>

    private struct State {
        var now: Timestamp
        var project: TriggerProject
        var begun: [PlannedRun] = []
        var reports: [DiagnosticError] = []
        var isStopped = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Thrown by the next beginnings.
        var failures: [DiagnosticError] = []
    }

    init() throws {
        origin = try Origin()
        store = try RunStore(root: origin.folder + "/store")
        var project = TriggerProject(
            id: "prj_1", forge: .github, fullName: "lark/tern", serverURL: "https://github.com", cloneURL: origin.path)
        project.forkSandbox = SandboxSettings()
        state = Mutex(State(now: Timestamp(milliseconds: 1_772_355_600_000), project: project))
    }

    var now: Timestamp { state.withLock { $0.now } }
    var begun: [PlannedRun] { state.withLock { $0.begun } }
    var reports: [DiagnosticError] { state.withLock { $0.reports } }
    var project: TriggerProject { state.withLock { $0.project } }

    func pass(_ span: Timestamp.Span) { state.withLock { $0.now = $0.now + span } }
    func set(_ change: (inout TriggerProject) -> Void) { state.withLock { change(&$0.project) } }
    func fail(_ error: DiagnosticError) { state.withLock { $0.failures.append(error) } }

    var surroundings: TriggerSurroundings {
        var surroundings = TriggerSurroundings(
            store: store, folder: origin.folder + "/projects",
            environment: [
                "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "MARTLET_OFFLINE": "1",
                "MARTLET_HOME": store.root,
            ],
            now: { self.now }, projects: { [self.project] }, start: { try self.begin($0) })
        surroundings.report = { error in self.state.withLock { $0.reports.append(error) } }
        return surroundings
    }

    /// Each is another process's, as far as it knows.
    ///
    /// - Parameter count: so many runs begin, and then nothing is heard any more, as of a process that was killed.
    func desk(stoppingAfter count: Int = .max) -> TriggerDesk {
        var surroundings = surroundings
        surroundings.start = { try await self.begin($0, count) }
        return TriggerDesk(surroundings)
    }

    /// Returns when a desk has heard its last.
    func stopped() async {
        await withCheckedContinuation { waiter in
            let isOver = state.withLock { state in
                if !state.isStopped { state.waiter = waiter }
                return state.isStopped
            }
            if isOver { waiter.resume() }
        }
    }

    private func begin(_ planned: PlannedRun, _ count: Int) async throws -> RunID {
        let run = try begin(planned)
        guard begun.count >= count else { return run }
        let waiter = state.withLock { state in
            state.isStopped = true
            return state.waiter
        }
        waiter?.resume()
        // For as long as the test runs.
        return await withUnsafeContinuation { _ in }
    }

    private func begin(_ planned: PlannedRun) throws -> RunID {
        if let error = state.withLock({ $0.failures.isEmpty ? nil : $0.failures.removeFirst() }) { throw error }
        let run = try store.newRun()
        try planned.record.save(in: store, run)
        state.withLock { $0.begun.append(planned) }
        return run
    }

    /// `path event ref` of what began.
    var shown: [String] {
        begun.map { planned in
            let plan = planned.record.plan
            let file = plan.workflowPath.split(separator: "/").last ?? ""
            return "\(file) \(plan.trigger.event) \(plan.trigger.ref ?? "-")"
        }
    }
}

extension Ground {
    static let repository: DataValue = [
        "id": 1, "full_name": "lark/tern", "name": "tern", "default_branch": "main", "private": false,
        "owner": ["login": "lark"],
    ]

    /// A webhook of GitHub.
    func delivery(_ event: String, id: String, _ payload: DataObject) throws -> ForgeDelivery {
        var payload = payload
        payload["repository"] = Self.repository
        if payload["sender"] == nil { payload["sender"] = ["login": "lea", "type": "User"] }
        let headers = HTTPHeaders([
            HTTPHeaders.Field("X-GitHub-Event", event), HTTPHeaders.Field("X-GitHub-Delivery", id),
        ])
        return try ForgeDelivery(headers, body: Array(payload.jsonText().utf8), forge: .github)
    }

    func push(
        _ ref: String = "refs/heads/main", from before: String? = nil, to after: String, id: String = "push-1",
        message: String = "Change"
    ) throws -> ForgeDelivery {
        try delivery(
            "push", id: id,
            [
                "ref": .string(ref), "before": .string(before ?? String(repeating: "0", count: 40)),
                "after": .string(after), "created": .bool(before == nil), "deleted": false, "forced": false,
                "head_commit": ["id": .string(after), "message": .string(message)], "commits": [],
            ])
    }

    func request(
        _ number: Int, head: String, base: String, action: String = "opened", fork: Bool = false, id: String = "pr-1"
    ) throws -> ForgeDelivery {
        let other: DataValue = ["id": 2, "full_name": "finch/tern", "default_branch": "main"]
        return try delivery(
            "pull_request", id: id,
            [
                "action": .string(action), "number": .number(Double(number)),
                "pull_request": [
                    "number": .number(Double(number)), "state": "open", "draft": false, "merged": false,
                    "title": "A change", "author_association": fork ? "NONE" : "MEMBER", "user": ["login": "lea"],
                    "head": ["sha": .string(head), "ref": "side", "repo": fork ? other : Self.repository],
                    "base": ["sha": .string(base), "ref": "main", "repo": Self.repository],
                ],
            ])
    }

    func notes(_ id: String, _ desk: TriggerDesk) throws -> [DeliveryNote] {
        let delivery = try #require(try desk.log.delivery("prj_1", id))
        guard case .worked(let notes, _) = delivery.state else {
            Issue.record("\(delivery)")
            return []
        }
        return notes
    }
}

/// A workflow with one job.
func workflow(_ on: String, name: String? = nil, job: String = "") -> String {
    let title = name.map { "name: \($0)\n" } ?? ""
    return title + "on: \(on)\njobs:\n  build:\n    runs-on: linux\n\(job)    steps:\n      - run: echo\n"
}

/// The payloads of `Fixtures/webhooks`.
enum Fixture {
    static func bytes(_ name: String) throws -> [UInt8] {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("Fixtures/webhooks/" + name + ".json")
        return Array(try Data(contentsOf: file))
    }
}
