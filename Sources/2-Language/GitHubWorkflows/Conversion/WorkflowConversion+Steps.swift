// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

extension WorkflowConversion {
    /// - Parameter availability: What the conditions may use: those of a job's steps, or of a composite action's.
    mutating func steps(_ token: TemplateToken, _ availability: Availability = .stepCondition) -> [WorkflowStep] {
        var scope = StepScope(availability: availability)
        let steps = (token.items ?? []).map { step($0, &scope) }
        return named(steps, &scope)
    }

    private mutating func parallelSteps(_ token: TemplateToken) -> [WorkflowStep] {
        var scope = StepScope(availability: .stepCondition, isParallel: true)
        let steps = (token.items ?? []).map { step($0, &scope) }
        return named(steps, &scope)
    }

    /// The ids of one list of steps.
    struct StepScope {
        var identifiers = IdentifierBuilder()
        /// Those given so far, as written.
        var known: Set<String> = []
        var availability: Availability
        /// The steps stand in a `parallel` block.
        var isParallel = false
    }

    private mutating func step(_ token: TemplateToken, _ scope: inout StepScope) -> WorkflowStep {
        var step = WorkflowStep(id: "", work: .waitAll)
        step.place = token.place
        var conditionToken: TemplateToken?
        for entry in token.entries ?? [] {
            let value = entry.value
            switch entry.key.string {
            case "id": takeIdentifier(value, of: &step, &scope)
            case "name": step.name = value
            case "if": conditionToken = value
            case "continue-on-error": step.continueOnError = value
            case "timeout-minutes": step.timeoutMinutes = value
            case "env": step.env = value
            case "background": step.background = value.bool
            case "run":
                step.work = .run(
                    RunStep(script: value, shell: token["shell"], workingDirectory: token["working-directory"]))
            case "uses":
                step.work = .uses(
                    UsesStep(reference: located(value) ?? LocatedText("", value.place), inputs: token["with"]))
            case "wait":
                step.work = .wait((value.items ?? [value]).compactMap { target($0, step, scope) })
            case "wait-all":
                if value.bool == false {
                    log.error(
                        .backgroundStepMisused, "The value of 'wait-all' must be true or omitted", at: value.place)
                }
            case "cancel":
                if let target = target(value, step, scope) { step.work = .cancel(target) }
            case "parallel":
                step.work = .parallel(parallelSteps(value))
            default: break
            }
        }
        step.condition = condition(conditionToken, scope.availability) ?? .success
        if case .uses(let uses) = step.work { checkReference(uses.reference) }
        if scope.isParallel { checkParallel(step) }
        return step
    }

    private mutating func takeIdentifier(
        _ token: TemplateToken, of step: inout WorkflowStep, _ scope: inout StepScope
    ) {
        guard let id = token.literalText, !id.isEmpty else { return }
        step.id = id
        step.hasOwnIdentifier = true
        if let fault = scope.identifiers.take(id) {
            log.error(fault.code, fault.message, at: token.place)
        } else {
            scope.known.insert(id)
        }
    }

    /// The step that a `wait` or a `cancel` names.
    private mutating func target(_ token: TemplateToken, _ step: WorkflowStep, _ scope: StepScope) -> LocatedText? {
        guard let target = located(token) else { return nil }
        let id = target.text
        if id.hasPrefix("__") {
            log.error(
                .identifierReserved, "The identifier '\(id)' is invalid. IDs starting with '__' are reserved.",
                at: token.place)
        } else if !step.id.isEmpty, id.lowercased() == step.id.lowercased() {
            log.error(.stepReferenceInvalid, "Step '\(step.id)' cannot reference itself", at: token.place)
        } else if !scope.known.contains(id) {
            log.error(.stepReferenceInvalid, "Step references unknown step ID '\(id)'", at: token.place)
        }
        return target
    }

    private mutating func checkParallel(_ step: WorkflowStep) {
        if step.background != nil {
            log.error(
                .backgroundStepMisused,
                "'background' is not allowed inside a parallel block. Steps in a parallel block are automatically run "
                    + "as background steps.", at: step.place)
        }
        let forbidden: String
        switch step.work {
        case .run, .uses: return
        case .wait: forbidden = "'wait' is not allowed inside a parallel block."
        case .waitAll: forbidden = "'wait-all' is not allowed inside a parallel block."
        case .cancel: forbidden = "'cancel' is not allowed inside a parallel block."
        case .parallel: forbidden = "Nested 'parallel' blocks are not allowed."
        }
        log.error(.backgroundStepMisused, forbidden, at: step.place)
    }

    private mutating func checkReference(_ reference: LocatedText) {
        let text = reference.text
        if ["docker://", "./", ".\\", "$/"].contains(where: text.hasPrefix) { return }
        guard ActionPath(text) == nil else { return }
        log.error(
            .actionReferenceInvalid, "Expected format {org}/{repo}[/path]@ref. Actual '\(text)'", at: reference.place)
    }
}

/// Generated ids.
extension WorkflowConversion {
    /// Gives an id to each step that has none: `__run`, `__run_2`, `__actions_checkout`, …
    private mutating func named(_ steps: [WorkflowStep], _ scope: inout StepScope) -> [WorkflowStep] {
        var steps = steps
        for index in steps.indices where steps[index].id.isEmpty {
            if let id = scope.identifiers.generate(from: "__" + Self.stem(of: steps[index].work)) {
                steps[index].id = id
            } else {
                log.error(.tooManyGeneratedIdentifiers, "Unable to create a unique name", at: steps[index].place)
            }
        }
        return steps
    }

    private static func stem(of work: StepKind) -> String {
        switch work {
        case .run: return "run"
        case .wait: return "wait"
        case .waitAll: return "wait-all"
        case .cancel: return "cancel"
        case .parallel: return "parallel"
        case .uses(let uses):
            let text = uses.reference.text
            if text.hasPrefix("docker://") {
                let image = String(text.dropFirst("docker://".count))
                return image.isEmpty ? "run" : image
            }
            if text.hasPrefix("./") || text.hasPrefix(".\\") || text.hasPrefix("$/") { return "self" }
            return ActionPath(text).map { "\($0.owner)/\($0.repository)" } ?? "run"
        }
    }
}

/// `owner/repository[/path]@ref`.
struct ActionPath {
    var owner: Substring
    var repository: Substring

    /// `nil` where `text` has another form.
    init?(_ text: String) {
        let bytes = text.utf8
        guard let at = bytes.firstIndex(of: UInt8(ascii: "@")) else { return nil }
        let ref = bytes[bytes.index(after: at)...]
        guard !ref.isEmpty, !ref.contains(UInt8(ascii: "@")) else { return nil }
        let segments = bytes[..<at].split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        guard segments.count >= 2 else { return nil }
        owner = Substring(segments[0])
        repository = Substring(segments[1])
    }
}
