// SPDX-License-Identifier: Apache-2.0

package import PipelineModel
package import StructuredData

/// One leg of a planned job, ready to be carried by a ``JobMachine``.
package struct JobDefinition: Hashable, Sendable {
    package var job: JobID
    /// Attempt of the job within its run, from 1.
    package var attempt: Int
    package var planDigest: String
    package var steps: [StepListing]
    package var timeoutMs: Int64
    package var cancelTimeoutMs: Int64
    /// Background steps that run at the same time.
    package var backgroundLimit: Int
    package var stepRetry: RetryPolicy
    /// What stands of an earlier attempt of the run; `nil`: it begins with its first step.
    package var takeover: JobTakeover?

    package init(job: JobID, attempt: Int = 1, planDigest: String, steps: [StepListing]) {
        self.job = job
        self.attempt = attempt
        self.planDigest = planDigest
        self.steps = steps
        timeoutMs = EngineLimits.jobTimeoutMs
        cancelTimeoutMs = EngineLimits.cancelTimeoutMs
        backgroundLimit = EngineLimits.backgroundSteps
        stepRetry = .never
    }

    /// The steps of `planned`, with what was evaluated for the leg.
    package init(job: JobID, attempt: Int, planDigest: String, planned: PlannedSteps, leg: JobLeg) {
        self.init(job: job, attempt: attempt, planDigest: planDigest, steps: planned.steps.map(StepListing.init))
        timeoutMs = leg.timeoutMs
        cancelTimeoutMs = leg.cancelTimeoutMs
    }
}

/// The first steps of a job, as an earlier attempt of the run ended them: the job goes on after them.
package struct JobTakeover: Hashable, Sendable {
    /// Of the run.
    package var attempt: Int
    /// Of the job's own steps, from the first on.
    package var results: [StepResult]
    /// Ids of the steps that those asked for after the last, in the order they asked.
    package var postSteps: [String]

    package init(attempt: Int, results: [StepResult], postSteps: [String]) {
        self.attempt = attempt
        self.results = results
        self.postSteps = postSteps
    }
}

/// What the machine must know of a step: its place in the order, no word of what it does.
package struct StepListing: Hashable, Sendable, DataRepresentable {
    package enum Kind: Hashable, Sendable {
        /// A script or an action: its executor starts it.
        case run
        /// Waits for background steps of the same scope, by id.
        case wait([String])
        case waitAll
        /// Cancels background steps of the same scope, by id, and waits for their end.
        case cancel([String])
    }

    package var id: String
    package var kind: Kind
    package var isBackground: Bool

    package init(id: String, kind: Kind = .run, isBackground: Bool = false) {
        self.id = id
        self.kind = kind
        self.isBackground = isBackground
    }

    package init(_ planned: PlannedStep) {
        let kind: Kind =
            switch planned.work {
            case .script, .action, .hook: .run
            case .wait(let ids): .wait(ids)
            case .waitAll: .waitAll
            case .cancel(let ids): .cancel(ids)
            }
        self.init(id: planned.id, kind: kind, isBackground: planned.isBackground)
    }

    public var data: DataValue {
        var object: DataObject = ["id": .string(id)]
        switch kind {
        case .run: break
        case .wait(let ids): object["wait"] = .texts(ids)
        case .waitAll: object["waitAll"] = true
        case .cancel(let ids): object["cancel"] = .texts(ids)
        }
        object.set("background", .flag(isBackground))
        return .object(object)
    }

    public init(data: DataValue) throws(DataShapeError) {
        var kind = Kind.run
        if data["wait"] != nil { kind = .wait(data.strings("wait")) }
        if data["cancel"] != nil { kind = .cancel(data.strings("cancel")) }
        if data.bool("waitAll") { kind = .waitAll }
        self.init(id: try data.string("id"), kind: kind, isBackground: data.bool("background"))
    }

    /// With texts cut to what an event may carry.
    var bounded: StepListing {
        var listing = self
        listing.id = id.bounded(EngineLimits.nameBytes)
        switch kind {
        case .run, .waitAll: break
        case .wait(let ids): listing.kind = .wait(Self.bounded(ids))
        case .cancel(let ids): listing.kind = .cancel(Self.bounded(ids))
        }
        return listing
    }

    private static func bounded(_ ids: [String]) -> [String] {
        ids.prefix(EngineLimits.listChunk * 2).map { $0.bounded(EngineLimits.nameBytes) }
    }

    /// How much of an event it takes, in ids.
    var weight: Int {
        switch kind {
        case .run, .waitAll: 1
        case .wait(let ids), .cancel(let ids): 1 + ids.count
        }
    }
}
