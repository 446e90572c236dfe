// SPDX-License-Identifier: Apache-2.0

internal import PipelineModel
package import RunEngine

/// Answers the run machine's questions from a random plan's condition trees.
package struct SimulatedEvaluator: RunEvaluator {
    let plan: SimulatedPlan

    package init(plan: SimulatedPlan) { self.plan = plan }

    package func runConcurrency() -> GroupVerdict { plan.runGroup.map { .group($0) } ?? .none }

    package func evaluate(_ question: JobQuestion) -> JobVerdict {
        guard let job = plan.byKey[question.key] else { return .invalid(Reason(.invalid, "There is no such job.")) }
        if job.isInvalid { return .invalid(Reason(.invalid, "Its condition cannot be evaluated.")) }
        let isCancelled = question.status.contains(.runCancelled)
        let facts = SimulatedCondition.Facts(
            isSuccess: question.status.isSuccess, isFailure: question.status.contains(.failed) && !isCancelled,
            isCancelled: isCancelled, needs: question.needs.map(\.result))
        guard job.condition.holds(facts) else { return .skip(Reason(.condition, "Its condition was false.")) }
        return .run(
            JobExpansion(
                legs: job.legs, isMatrix: job.isMatrix, failFast: job.failFast, maxParallel: job.maxParallel))
    }

    package func callOutputs(_ question: CallQuestion) -> CallOutputs { .outputs(names: [], digest: nil) }
}
