// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage
internal import PipelineModel
internal import RunEngine
internal import StructuredData
internal import WorkflowPlanning

/// Spreads a job whose condition held over its matrix, and evaluates what each leg needs before it starts.
struct LegPlanning {
    let evaluator: PlanEvaluator
    let job: PlannedJob
    let question: JobQuestion
    let contexts: JobContexts
    /// Of matrices and inputs of the legs so far, as JSON.
    private(set) var valueBytes = 0
    /// They are kept with the run: each leg may hold as much as another job handed on.
    private static let maximumValueBytes = 16 << 20

    mutating func verdict() -> JobVerdict {
        do throws(ExpressionError) {
            return try spread()
        } catch {
            return .invalid(Reason(.invalid, error.message))
        }
    }

    private mutating func spread() throws(ExpressionError) -> JobVerdict {
        let matrices = try legs()
        if let matrices, matrices.isEmpty {
            return .skip(Reason(.matrix, "No combination of its matrix is left."))
        }
        let evaluation = contexts.evaluation()
        var failFast = true
        if let template = job.strategy?.failFast { failFast = try evaluation.flag(of: template) }
        let parallel = try evaluation.number(of: job.strategy?.maxParallel) ?? 0
        let maxParallel = Int(min(max(0, parallel), Double(MatrixExpansion.legLimit)))
        guard let matrices else {
            return .run(JobExpansion(legs: [try leg(0, nil, isMatrix: false)], failFast: failFast))
        }
        var planned: [JobLeg] = []
        for (index, matrix) in matrices.enumerated() {
            let values = values(matrix, index, matrices.count, failFast, maxParallel)
            planned.append(try leg(index, values, isMatrix: true))
        }
        return .run(JobExpansion(legs: planned, isMatrix: true, failFast: failFast, maxParallel: maxParallel))
    }

    /// `nil` without a matrix.
    private func legs() throws(ExpressionError) -> [DataObject]? {
        guard let template = job.strategy?.matrix else { return nil }
        let value = try contexts.evaluation().value(of: template)
        if value == .null || value == .string("") { return nil }
        do {
            let legs = try MatrixExpansion.legs(of: value)
            return MatrixExpansion.selected(legs, by: evaluator.facts.selectedMatrix)
        } catch {
            throw ExpressionError(evaluation: "\(error.diagnostic.code): \(error.diagnostic.message)")
        }
    }

    private func values(
        _ matrix: DataObject, _ index: Int, _ total: Int, _ failFast: Bool, _ maxParallel: Int
    ) -> LegValues {
        let strategy: DataObject = [
            "fail-fast": .bool(failFast), "job-index": .number(Double(index)), "job-total": .number(Double(total)),
            "max-parallel": .number(Double(maxParallel > 0 ? maxParallel : total)),
        ]
        return LegValues(matrix: matrix, strategy: strategy)
    }

    private mutating func leg(_ index: Int, _ values: LegValues?, isMatrix: Bool) throws(ExpressionError) -> JobLeg {
        let id = isMatrix ? JobID("\(question.job)#\(index + 1)") : question.job
        if let values {
            try count(values.matrix)
            evaluator.keep(values, of: id)
        }
        var scope = contexts
        scope.values["matrix"] = values.map { .object($0.matrix) } ?? .null
        scope.values["strategy"] = .object(values?.strategy ?? LegValues.plainStrategy)
        let evaluation = scope.evaluation()
        var leg = JobLeg(
            name: try name(evaluation, values?.matrix),
            matrixDigest: values.map { ContentDigest.of(.object($0.matrix)) })
        leg.continueOnError = try evaluation.flag(of: job.continueOnError)
        if let minutes = try evaluation.number(of: job.timeoutMinutes) { leg.timeoutMs = Self.milliseconds(minutes) }
        if let minutes = try evaluation.number(of: job.cancelTimeoutMinutes) {
            leg.cancelTimeoutMs = Self.milliseconds(minutes)
        }
        leg.concurrency = try job.concurrency.flatMap { (template) throws(ExpressionError) in
            try GroupReading.request(template, evaluation)
        }
        leg.unavailable = try unavailable(evaluation)
        if case .call(let call) = job.work { try keepInputs(of: call, id, evaluation) }
        return leg
    }

    private mutating func count(_ values: DataObject) throws(ExpressionError) {
        valueBytes += DataValue.object(values).jsonText().utf8.count
        guard valueBytes > Self.maximumValueBytes else { return }
        throw ExpressionError(
            evaluation:
                "The combinations of '\(question.job)' hold more than the \(Self.maximumValueBytes >> 20) MiB of "
                + "values that are kept of them. Put what is large into artifacts, and names of it into the matrix.")
    }

    /// A year: longer than any run, and short enough to be added to any time.
    private static let longestTimeoutMinutes = 366.0 * 24 * 60

    private static func milliseconds(_ minutes: Double) -> Int64 {
        Int64(min(max(0, minutes), longestTimeoutMinutes) * 60_000)
    }

    private func name(_ evaluation: TemplateEvaluation, _ matrix: DataObject?) throws(ExpressionError) -> String {
        let local: String
        if let template = job.name, template.literal == nil {
            local = try evaluation.text(of: template)
        } else {
            let own = try evaluation.text(of: job.name) ?? String(job.key.localID)
            local = matrix.map { MatrixExpansion.displayName(own, leg: $0) } ?? own
        }
        return evaluator.prefix(of: question.job) + local
    }

    private func unavailable(_ evaluation: TemplateEvaluation) throws(ExpressionError) -> Reason? {
        if let known = job.unavailable { return known }
        guard case .steps(let steps) = job.work else { return nil }
        return evaluator.facts.runners.refusal(of: RunnerOffer.labels(of: try evaluation.value(of: steps.runsOn)))
    }

    /// The called workflow's inputs, typed as it declares them.
    private mutating func keepInputs(
        of call: PlannedCall, _ id: JobID, _ evaluation: TemplateEvaluation
    ) throws(ExpressionError) {
        var inputs = DataObject()
        for input in call.inputs {
            let value = try evaluation.value(of: input.value)
            inputs[input.name] =
                switch input.type {
                case "boolean": .bool(value == .null ? false : value.coercedToString.lowercased() == "true")
                case "number": .number(value.coercedToNumber)
                default: .string(value.coercedToString)
                }
        }
        try count(inputs)
        evaluator.keep(inputs: inputs, of: id)
        evaluator.keep(name: try name(evaluation, evaluator.matrix(of: id)), of: id)
    }
}
