// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// Makes one story of a run out of what a server tells of it: how it stands when one looks, and what happens from then on. Each
/// thing is told once, in the order in which `martlet run --json` has it, whatever was told twice or missed.
///
/// It decides only: who asks the server for what is somebody else's. `job`, `step` and `attempt` are as in `martlet run --json`.
package struct RunTelling: Sendable {
    /// A step's attempt.
    package struct Place: Hashable, Sendable {
        package var job: String
        package var step: String
        package var attempt: Int

        package init(job: String, step: String, attempt: Int) {
            self.job = job
            self.step = step
            self.attempt = attempt
        }

        init(_ update: DataObject) {
            self.init(
                job: update["job"]?.string ?? "", step: update["step"]?.string ?? "",
                attempt: update["attempt"]?.int ?? 1)
        }
    }

    private struct JobState {
        var name: String?
        var waitText: String?
        var hasStarted = false
        /// A report said so: the words that led to it may still come.
        var isAhead = false
        var hasFinished = false
    }

    private enum StepState { case started, finished }

    private struct StepKey: Hashable {
        var job: String
        var step: String
    }

    private var hasStarted = false
    private var waitText: String?
    private var jobs: [String: JobState] = [:]
    private var steps: [Place: StepState] = [:]
    private var names: [StepKey: String] = [:]
    private var attempts: [StepKey: Int] = [:]
    /// Annotations, tests and summaries that were told; they have no number.
    private var toldFindings: Set<DataObject> = []
    package private(set) var hasEnded = false

    package init() {}

    // MARK: what happens

    /// Whether an event says less than is to be told: a report has the rest.
    package func needsReport(for event: DataObject) -> Bool {
        switch event["type"]?.string {
        case "stepStarted", "stepFinished":
            let place = Place(event)
            if steps[place] == .finished { return false }
            let isNamed = event["name"]?.string != nil || names[StepKey(job: place.job, step: place.step)] != nil
            return !isNamed || (event["type"]?.string == "stepFinished" && event["outcome"]?.string == nil)
        default: return false
        }
    }

    /// - Returns: what is new with it, in order.
    package mutating func take(event: DataObject) -> [DataObject] {
        guard !hasEnded else { return [] }
        switch event["type"]?.string {
        case "runStarted":
            guard !hasStarted else { return [] }
            hasStarted = true
            return [event]
        case "runWaiting":
            let text = event["reason"]?["text"]?.string
            guard text != waitText else { return [] }
            waitText = text
            return [event]
        case "jobWaiting", "jobStarted", "jobFinished": return takeJob(event)
        case "stepStarted", "stepFinished", "stepName": return takeStep(event)
        case "annotation", "tests", "summary": return takeFinding(event)
        case "runFinished":
            hasEnded = true
            return [event]
        default: return []
        }
    }

    private mutating func takeJob(_ event: DataObject) -> [DataObject] {
        let id = event["job"]?.string ?? ""
        var job = jobs[id] ?? JobState()
        defer { jobs[id] = job }
        guard !job.hasFinished else { return [] }
        job.name = event["name"]?.string ?? job.name
        switch event["type"]?.string {
        case "jobWaiting":
            let text = event["reason"]?["text"]?.string
            guard !job.isAhead, text != job.waitText || job.hasStarted else { return [] }
            // One that was lost goes back to the queue, and starts anew.
            job.hasStarted = false
            job.waitText = text
        case "jobStarted":
            job.isAhead = false
            guard !job.hasStarted else { return [] }
            job.hasStarted = true
        default: job.hasFinished = true
        }
        return [event]
    }

    private mutating func takeStep(_ event: DataObject) -> [DataObject] {
        let place = Place(event)
        let key = StepKey(job: place.job, step: place.step)
        names[key] = event["name"]?.string ?? names[key]
        guard event["type"]?.string != "stepName" else { return [] }
        attempts[key] = max(place.attempt, attempts[key] ?? 0)
        var told = event
        told["attempt"] = .number(Double(place.attempt))
        told["name"] = .string(names[key] ?? place.step)
        if event["type"]?.string == "stepStarted" {
            guard steps[place] == nil else { return [] }
            steps[place] = .started
            return [told]
        }
        guard steps[place] != .finished else { return [] }
        let isNew = steps[place] == nil
        steps[place] = .finished
        if told["outcome"] == nil { told["outcome"] = told["conclusion"] }
        // One that is passed over never began.
        return isNew && told["outcome"]?.string != "skipped" ? [start(of: told), told] : [told]
    }

    private func start(of finished: DataObject) -> DataObject {
        var start: DataObject = ["type": "stepStarted"]
        for key in ["job", "step", "attempt", "name"] { start[key] = finished[key] }
        return start
    }

    private mutating func takeFinding(_ event: DataObject) -> [DataObject] {
        var told = event
        if event["attempt"] == nil, let step = event["step"]?.string, let job = event["job"]?.string {
            told["attempt"] = .number(Double(attempts[StepKey(job: job, step: step)] ?? 1))
        }
        guard toldFindings.count < Self.findingLimit, toldFindings.insert(told).inserted else { return [] }
        return [told]
    }

    /// Findings that are told of one run; `martlet runs show` has the others.
    private static let findingLimit = 20_000

    /// The name under which people see a job.
    package func name(of job: String) -> String { jobs[job]?.name ?? job }

    // MARK: how it stands

    /// What a report of the attempt says that was not told yet; its end is among it where the run is over.
    package mutating func take(report: DataObject) -> [DataObject] {
        guard !hasEnded else { return [] }
        var told: [DataObject] = []
        let all = (report["jobs"]?.array ?? []).compactMap(\.object)
        // One that waits for people in its middle has begun.
        let hasBegun = report["startedAt"] != nil || all.contains { $0["startedAt"] != nil }
        if !hasStarted, report["state"]?.string != "waiting" || hasBegun {
            hasStarted = true
            told.append(RunReading.start(of: report))
        }
        let ids = all.compactMap { $0["id"]?.string }
        for job in all {
            let id = job["id"]?.string ?? ""
            // A call is told by what it calls.
            guard !ids.contains(where: { $0.hasPrefix(id + "/") }) else { continue }
            told += take(job: job, id)
        }
        if report["state"]?.string == "finished" {
            if !hasStarted { told.insert(RunReading.start(of: report), at: 0) }
            told += take(event: RunReading.end(of: report))
        }
        return told
    }

    private mutating func take(job: DataObject, _ id: String) -> [DataObject] {
        var told: [DataObject] = []
        var head: DataObject = ["type": "jobStarted", "job": .string(id)]
        head["name"] = job["name"] ?? .string(id)
        let isTaken = job["takenFrom"] != nil
        let state = job["state"]?.string
        if state == "queued", jobs[id]?.hasStarted != true {
            var waiting = head
            waiting["type"] = "jobWaiting"
            waiting["reason"] = job["reason"] ?? ["kind": "capacity", "text": "It waits for a runner."]
            told += take(event: waiting)
        }
        if !isTaken, job["startedAt"] != nil, state != "queued" {
            if jobs[id]?.hasStarted != true {
                told += take(event: head)
                jobs[id]?.isAhead = true
            }
            for step in (job["steps"]?.array ?? []).compactMap(\.object) { told += take(step: step, of: id) }
        }
        if state == "finished", jobs[id]?.hasFinished != true {
            told += take(event: RunReading.end(ofJob: job, head))
        }
        return told
    }

    private mutating func take(step: DataObject, of job: String) -> [DataObject] {
        let state = step["state"]?.string
        var event: DataObject = ["type": "stepStarted", "job": .string(job)]
        for (key, from) in [("step", "step"), ("attempt", "attempt"), ("name", "title")] { event[key] = step[from] }
        names[StepKey(job: job, step: Place(event).step)] = step["title"]?.string
        // One that another attempt of the run did is that attempt's story.
        guard step["takenFrom"] == nil else { return [] }
        switch state {
        case "running": return take(event: event)
        case "finished": return take(event: RunReading.end(ofStep: step, event))
        default: return []
        }
    }
}
