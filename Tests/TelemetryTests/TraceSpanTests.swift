// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import StructuredData
import Telemetry
import Testing
import Timekeeping

private let trace = RunTrace(installation: "here", run: "17", attempt: 1)
private let build = JobPlace(job: "build (linux)", attempt: 1)

private func at(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

private func attribute(_ span: TraceSpan, _ key: String) -> TraceValue? {
    span.attributes.first { $0.key == key }?.value
}

private func run() -> TracedRun {
    var source = TracedSource(repositoryURL: "https://git.example.org/a/b")
    source.branch = "main"
    source.commit = "0123456789abcdef"
    source.change = "7"
    var run = TracedRun(
        trace: trace, id: "17/1", workflow: "ci.yml", trigger: "push", url: "https://ci.example.org/runs/17",
        source: source)
    run.start = at(1000)
    run.end = at(9000)
    return run
}

@Suite("Spans")
struct TraceSpanTests {
    @Test("Ids are those of what a span stands for: the same after a restart, others for everything else")
    func identity() {
        #expect(RunTrace(installation: "here", run: "17", attempt: 1) == trace)
        // Written down: a newer server goes on with an older one's traces.
        #expect(trace.id.text == "231854c79bec95207d97fd51fa32f244")
        #expect(trace.runSpan.text == "b6e88da0aee3f5ac")
        let traces = [
            trace, RunTrace(installation: "there", run: "17", attempt: 1),
            RunTrace(installation: "here", run: "17", attempt: 2),
            RunTrace(installation: "here", run: "1", attempt: 71),
            RunTrace(installation: "here1", run: "7", attempt: 1),
        ]
        #expect(Set(traces.map(\.id)).count == traces.count)
        let spans = [
            trace.runSpan, trace.jobSpan(build), trace.jobSpan(JobPlace(job: "build (linux)", attempt: 2)),
            trace.jobSpan(JobPlace(job: "build", attempt: 1)), trace.stepSpan(build, step: "1", attempt: 1),
            trace.stepSpan(build, step: "1", attempt: 2), trace.stepSpan(build, step: "11", attempt: 1),
        ]
        #expect(Set(spans).count == spans.count)
        for span in spans { #expect(span.text.wholeMatch(of: /[0-9a-f]{16}/) != nil) }
    }

    @Test("A run, its jobs and steps hang together, and a job links to what it needs")
    func pipeline() {
        let runSpan = run().span
        var job = TracedJob(trace: trace, place: build, name: "build (linux)", url: "https://ci.example.org/j")
        job.queued = at(1500)
        job.start = at(2000)
        job.end = at(8000)
        job.runner = "runner-1"
        job.needs = [JobPlace(job: "lint", attempt: 2)]
        var step = TracedStep(
            trace: trace, job: build, step: "3", attempt: 1, name: "make test", url: "https://ci.example.org/s")
        step.result = .failure
        step.exitCode = 2
        #expect(runSpan.parent == nil)
        #expect(job.span.parent == runSpan.id)
        #expect(step.span.parent == job.span.id)
        #expect(Set([runSpan.trace, job.span.trace, step.span.trace]).count == 1)
        #expect(job.span.links.map(\.span) == [trace.jobSpan(JobPlace(job: "lint", attempt: 2))])
        #expect(attribute(job.span, "martlet.job.queue_wait_ms") == .number(500))
        #expect(attribute(job.span, "cicd.worker.name") == "runner-1")
        #expect(attribute(step.span, "cicd.pipeline.task.run.result") == "failure")
        #expect(attribute(step.span, "error.type") == "failure")
        #expect(step.span.status != .unset)
        #expect(attribute(step.span, "process.exit.code") == .number(2))
    }

    @Test("A run says what it ran for, by OpenTelemetry's names")
    func attributes() {
        var failed = run()
        let span = failed.span
        #expect(span.name == "RUN ci.yml")
        #expect(span.kind == .server)
        let expected: [(String, TraceValue)] = [
            ("cicd.pipeline.name", "ci.yml"), ("cicd.pipeline.run.id", "17/1"), ("cicd.pipeline.result", "success"),
            ("vcs.repository.url.full", "https://git.example.org/a/b"), ("vcs.ref.head.name", "main"),
            ("vcs.ref.head.type", "branch"), ("vcs.ref.head.revision", "0123456789abcdef"), ("vcs.change.id", "7"),
        ]
        for (key, value) in expected { #expect(attribute(span, key) == value, "\(key)") }
        #expect(attribute(span, "vcs.owner.name") == nil && attribute(span, "error.type") == nil)
        #expect(span.status == .unset)
        for result in TraceResult.allCases {
            failed.result = result
            let isError = [.failure, .error, .timeout].contains(result)
            #expect((failed.span.status != .unset) == isError)
            #expect((attribute(failed.span, "error.type") != nil) == isError)
        }
        failed.attemptBefore = RunTrace(installation: "here", run: "17", attempt: 0)
        #expect(failed.span.links.count == 1)
    }

    @Test("A request is below its caller's span where the caller says so")
    func requests() {
        var request = TracedRequest(
            id: "r1", method: "GET", route: "/api/runs/{run}", status: 404, start: at(1), end: at(2))
        #expect(request.span.name == "GET /api/runs/{run}")
        #expect(request.span.parent == nil && request.span.status == .unset)
        request.status = 503
        #expect(request.span.status != .unset)
        request.parent = TraceParent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        #expect(request.span.trace.text == "0af7651916cd43dd8448eb211c80319c")
        #expect(request.span.parent?.text == "b7ad6b7169203331")
        request.method = "BREW"
        #expect(request.span.name == "HTTP /api/runs/{run}")
        #expect(attribute(request.span, "http.request.method") == "_OTHER")
    }

    @Test("A traceparent that is none is passed over")
    func traceParents() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        #expect(TraceParent(good)?.isSampled == false)
        #expect(TraceParent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")?.isSampled == true)
        for text in [
            "", "00", good + "-x", "ff" + good.dropFirst(2), good.uppercased(), good.replacing("b7ad", with: "b7a"),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            good.replacing("0af", with: "0gf"), good.replacing("-00", with: "-0"),
        ] {
            #expect(TraceParent(text) == nil, "\(text)")
        }
    }
}
