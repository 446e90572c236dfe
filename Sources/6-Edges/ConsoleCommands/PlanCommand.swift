// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import ExpressionLanguage
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what would run, and the reason for every job, in or out.",
        discussion: """
            EXAMPLES
              martlet plan
              martlet plan --event push --ref release --changed docs/index.md ci.yml

            Without a workflow it plans all of .github/workflows. The digest is the same
            wherever this plan is run.
            """)

    @OptionGroup var source: PlanOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded { try plan(console) }
    }

    private func plan(_ console: Console) throws {
        let files = WorkflowFiles.containing(
            source.workflow, folder: ProcessEnvironment.currentFolder,
            environment: source.network.applied(to: console.environment))
        if let problem = files.problem { throw problem }
        let preparation = PlanPreparation(files: files, request: try source.request(files))
        let paths = try source.workflow.map { [try files.resolve(source.place(of: $0))] } ?? files.paths()
        guard !paths.isEmpty else { throw PlanOptions.noWorkflows(files) }
        var prepared: [PlanPreparation.Prepared] = []
        var isReadable = true
        for outcome in try preparation.prepare(all: paths) {
            if let plan = outcome.prepared { prepared.append(plan) } else { isReadable = false }
            let text = outcome.diagnostics.isEmpty ? [] : try files.bytes(outcome.path)
            for diagnostic in outcome.diagnostics { console.show(diagnostic, source: text, of: outcome.path) }
        }
        if json {
            let views = prepared.map { PlanView.data($0.plan, digest: $0.digest) }
            let whole = views.count == 1 && source.workflow != nil ? views[0] : ["plans": .array(views)]
            console.out.writeLine(whole.jsonText())
        } else {
            for plan in prepared { PlanView.print(plan.plan, digest: plan.digest, console) }
        }
        if !isReadable { throw ExitStatus.error.exit }
    }
}

/// A plan as programs and people see it.
enum PlanView {
    static func data(_ plan: Plan, digest: String) -> DataValue {
        [
            "schema": 1, "workflow": .string(plan.workflowName), "path": .string(plan.workflowPath),
            "event": .string(plan.trigger.event), "ref": plan.trigger.ref.map(DataValue.string) ?? .null,
            "digest": .string(digest), "jobs": .array(plan.jobs.map(data)),
        ]
    }

    private static func data(_ job: PlannedJob) -> DataValue {
        var object: DataObject = [
            "id": .string(job.key.text), "needs": .array(job.needs.map { .string($0.text) }),
            "if": .string(job.condition), "included": .bool(job.isIncluded), "reason": .string(reason(job).text),
            "reasonKind": .string(reason(job).kind.rawValue), "matrix": matrix(job.strategy),
        ]
        object["permissions"] =
            job.permissions.map { scopes in
                .object(DataObject(scopes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
            } ?? .null
        if let unavailable = job.unavailable { object["unavailable"] = .string(unavailable.text) }
        switch job.work {
        case .steps(let steps): object["steps"] = .array(steps.steps.map { .string($0.id) })
        case .call(let call): object["uses"] = .string(call.reference)
        }
        return .object(object)
    }

    /// What decided: a job that is in but cannot run here says that.
    private static func reason(_ job: PlannedJob) -> Reason {
        job.isIncluded ? job.unavailable ?? job.reason : job.reason
    }

    /// The legs where they are known, else the matrix as written.
    private static func matrix(_ strategy: PlannedStrategy?) -> DataValue {
        if let legs = strategy?.legs { return .array(legs.map(DataValue.object)) }
        guard let template = strategy?.matrix else { return .null }
        if case .expression(let source) = template { return .string("${{ \(source) }}") }
        return template.data
    }

    /// Legs that are listed one by one.
    private static let listedLegs = 12

    private static func legLines(_ job: PlannedJob) -> [String] {
        guard job.isIncluded, let legs = job.strategy?.legs, legs.count > 1 else { return [] }
        let lines = legs.prefix(listedLegs).enumerated().map { index, leg in
            let values = leg.map { "\($0)=\($1.isPrimitive ? $1.coercedToString : $1.jsonText())" }
            return "\(job.key.text)#\(index + 1)  \(values.joined(separator: " "))"
        }
        return lines + (legs.count > listedLegs ? ["and \(legs.count - listedLegs) more"] : [])
    }

    static func print(_ plan: Plan, digest: String, _ console: Console) {
        let palette = console.palette
        let event = plan.trigger.event + (plan.trigger.ref.map { " on \($0)" } ?? "")
        console.out.writeLine(
            palette.paint(plan.workflowName, .bold) + palette.paint("  \(plan.workflowPath)  \(event)", .dim))
        for job in plan.jobs {
            let mark =
                !job.isIncluded
                ? palette.paint("○", .dim)
                : job.unavailable != nil || job.reason.kind == .invalid
                    ? palette.paint("!", .yellow) : palette.paint("●", .green)
            let indent = String(repeating: "  ", count: job.key.text.split(separator: "/").count)
            let needs = job.needs.isEmpty ? "" : "  ← " + job.needs.map { String($0.localID) }.joined(separator: ", ")
            let legs = job.strategy?.legs.map { "  ×\($0.count)" } ?? (job.strategy?.matrix == nil ? "" : "  ×?")
            console.out.writeLine(
                "\(indent)\(mark) \(palette.paint(job.key.text, .bold))\(legs)\(palette.paint(needs, .dim))")
            console.out.writeLine("\(indent)    \(palette.paint(reason(job).text, .dim))")
            for leg in legLines(job) { console.out.writeLine("\(indent)      \(palette.paint(leg, .dim))") }
        }
        console.out.writeLine(palette.paint("  plan \(digest.prefix(16))", .dim))
        console.out.writeLine()
    }
}
