// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// How something ended, in OpenTelemetry's words for pipelines.
package enum TraceResult: String, Hashable, Sendable, CaseIterable {
    case success
    case failure
    /// Of the system: a runner that was lost.
    case error
    case timeout
    case cancellation
    case skip

    var status: TraceSpan.Status {
        switch self {
        case .failure: .error("failed")
        case .error: .error("failed by an error of the system")
        case .timeout: .error("timed out")
        case .success, .cancellation, .skip: .unset
        }
    }

    /// `error.type` is wanted where something failed.
    var attributes: [TraceAttribute] {
        status == .unset ? [] : [TraceAttribute("error.type", .text(rawValue))]
    }
}

/// The repository and the commit that a run is for. What is not known is `nil`.
package struct TracedSource: Hashable, Sendable {
    package var repositoryURL: String
    /// `github`, `gitlab`, `gitea`, …
    package var provider: String?
    package var owner: String?
    package var repository: String?
    package var branch: String?
    package var tag: String?
    package var commit: String?
    /// The target of a pull request.
    package var baseBranch: String?
    /// The number of a pull request.
    package var change: String?

    package init(repositoryURL: String) { self.repositoryURL = repositoryURL }

    /// Source: OpenTelemetry's semantic conventions for version control.
    var attributes: [TraceAttribute] {
        let refType: String? = tag != nil ? "tag" : branch != nil ? "branch" : nil
        let pairs: [(String, String?)] = [
            ("vcs.repository.url.full", repositoryURL), ("vcs.provider.name", provider), ("vcs.owner.name", owner),
            ("vcs.repository.name", repository), ("vcs.ref.head.name", tag ?? branch), ("vcs.ref.head.type", refType),
            ("vcs.ref.head.revision", commit), ("vcs.ref.base.name", baseBranch), ("vcs.change.id", change),
        ]
        return pairs.compactMap { pair in pair.1.map { TraceAttribute(pair.0, .text($0)) } }
    }
}

/// A run attempt that ended, as a span. Source: OpenTelemetry's semantic conventions for CI/CD.
package struct TracedRun: Hashable, Sendable {
    package var trace: RunTrace
    /// The run's id, with its attempt.
    package var id: String
    package var workflow: String
    package var trigger: String
    /// Of the run's page.
    package var url: String
    package var source: TracedSource
    package var start: Timestamp
    package var end: Timestamp
    package var result: TraceResult
    /// The attempt before, where this one runs a part of it again.
    package var attemptBefore: RunTrace?

    package init(trace: RunTrace, id: String, workflow: String, trigger: String, url: String, source: TracedSource) {
        self.trace = trace
        self.id = id
        self.workflow = workflow
        self.trigger = trigger
        self.url = url
        self.source = source
        start = Timestamp(milliseconds: 0)
        end = start
        result = .success
    }

    package var span: TraceSpan {
        var attributes: [TraceAttribute] = [
            TraceAttribute("cicd.pipeline.name", .text(workflow)),
            TraceAttribute("cicd.pipeline.run.id", .text(id)),
            TraceAttribute("cicd.pipeline.run.url.full", .text(url)),
            TraceAttribute("cicd.pipeline.action.name", "RUN"),
            TraceAttribute("cicd.pipeline.result", .text(result.rawValue)),
            TraceAttribute("martlet.trigger", .text(trigger)),
        ]
        attributes += result.attributes + source.attributes
        var span = TraceSpan(
            trace: trace.id, id: trace.runSpan, parent: nil, name: "RUN \(workflow)", kind: .server, start: start,
            end: end, attributes: attributes)
        span.status = result.status
        if let before = attemptBefore {
            let why = [TraceAttribute("martlet.link", "attempt_before")]
            span.links.append(TraceSpan.Link(trace: before.id, span: before.runSpan, attributes: why))
        }
        return span
    }
}

/// A job attempt that ended, as a span below its run's.
package struct TracedJob: Hashable, Sendable {
    package var trace: RunTrace
    package var place: JobPlace
    package var name: String
    package var url: String
    /// When it could run; the span begins when a runner took it.
    package var queued: Timestamp?
    package var start: Timestamp
    package var end: Timestamp
    package var result: TraceResult
    package var runner: String?
    package var needs: [JobPlace]

    package init(trace: RunTrace, place: JobPlace, name: String, url: String) {
        self.trace = trace
        self.place = place
        self.name = name
        self.url = url
        start = Timestamp(milliseconds: 0)
        end = start
        result = .success
        needs = []
    }

    package var span: TraceSpan {
        var attributes = TaskAttributes.make(name, id: "\(place.job)/\(place.attempt)", url, result)
        if let runner { attributes.append(TraceAttribute("cicd.worker.name", .text(runner))) }
        if let queued {
            let wait = max(0, (start - queued).milliseconds)
            attributes.append(TraceAttribute("martlet.job.queue_wait_ms", .number(Int(wait))))
        }
        var span = TraceSpan(
            trace: trace.id, id: trace.jobSpan(place), parent: trace.runSpan, name: name, kind: .work, start: start,
            end: end, attributes: attributes)
        span.status = result.status
        span.links = needs.map {
            let why = [TraceAttribute("martlet.link", "needs")]
            return TraceSpan.Link(trace: trace.id, span: trace.jobSpan($0), attributes: why)
        }
        return span
    }
}

/// A step attempt that ended, as a span below its job's.
package struct TracedStep: Hashable, Sendable {
    package var trace: RunTrace
    package var job: JobPlace
    package var step: String
    package var attempt: Int
    package var name: String
    package var url: String
    package var start: Timestamp
    package var end: Timestamp
    package var result: TraceResult
    /// Of its process, where it had one that ended.
    package var exitCode: Int?

    package init(trace: RunTrace, job: JobPlace, step: String, attempt: Int, name: String, url: String) {
        self.trace = trace
        self.job = job
        self.step = step
        self.attempt = attempt
        self.name = name
        self.url = url
        start = Timestamp(milliseconds: 0)
        end = start
        result = .success
    }

    package var span: TraceSpan {
        var attributes = TaskAttributes.make(name, id: "\(job.job)/\(job.attempt)/\(step)/\(attempt)", url, result)
        if let exitCode { attributes.append(TraceAttribute("process.exit.code", .number(exitCode))) }
        var span = TraceSpan(
            trace: trace.id, id: trace.stepSpan(job, step: step, attempt: attempt), parent: trace.jobSpan(job),
            name: name, kind: .work, start: start, end: end, attributes: attributes)
        span.status = result.status
        return span
    }
}

private enum TaskAttributes {
    static func make(_ name: String, id: String, _ url: String, _ result: TraceResult) -> [TraceAttribute] {
        [
            TraceAttribute("cicd.pipeline.task.name", .text(name)),
            TraceAttribute("cicd.pipeline.task.run.id", .text(id)),
            TraceAttribute("cicd.pipeline.task.run.url.full", .text(url)),
            TraceAttribute("cicd.pipeline.task.run.result", .text(result.rawValue)),
        ] + result.attributes
    }
}
