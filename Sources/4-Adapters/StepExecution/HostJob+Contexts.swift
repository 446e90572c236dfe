// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import PipelineModel
import StructuredData
import WorkflowPlanning

/// What expressions of the job see.
extension HostJob {
    /// Where no step runs: the job's environment, defaults and outputs.
    func jobEvaluation() -> TemplateEvaluation {
        evaluation(scope: nil, environment: variables, github: nil, flags: jobFlags)
    }

    /// - Parameter github: more of the `github` context than the scope says.
    func evaluation(
        scope path: StepPath?, environment: OrderedVariables, github: [(name: String, value: DataValue)]?,
        flags: StatusFlags, inputs: DataObject? = nil
    ) -> TemplateEvaluation {
        TemplateEvaluation(
            shelf: shelf, functions: functions(flags),
            context: { [self] name in
                switch name {
                case "env": environmentContext(environment)
                case "steps": .object(scopes[path]?.results ?? DataObject())
                case "github": .object(githubContext(scope: path, more: github ?? []))
                case "inputs": (inputs ?? scopes[path]?.inputs).map { .object($0) } ?? options.contexts["inputs"]
                case "job": jobContext()
                case "runner": .object(runnerContext)
                default: options.contexts.valueIgnoringCase(name)
                }
            })
    }

    private func functions(_ flags: StatusFlags) -> [String: ExpressionFunction] {
        let hash = FileHashing.function(workspace: options.folders.workspace, home: hostBlock["HOME"] ?? "/")
        let paths = paths
        return [
            "always": { _ in .bool(true) },
            "success": { _ in .bool(flags.isSuccess && !flags.isCancelled) },
            "failure": { _ in .bool(flags.isFailure) },
            "cancelled": { _ in .bool(flags.isCancelled) },
            // The files are read here, whatever the steps call them.
            "hashfiles": { (arguments) throws(ExpressionError) in
                try hash(arguments.map { value in value.string.map { .string(paths.outside($0)) } ?? value })
            },
        ]
    }

    private func environmentContext(_ variables: OrderedVariables) -> DataValue {
        var object = DataObject()
        for pair in variables.pairs { object[pair.name] = .string(pair.value) }
        return .object(object)
    }

    private func jobContext() -> DataValue {
        let status = jobFlags.isCancelled ? "cancelled" : jobFlags.isSuccess ? "success" : "failure"
        var job = options.contexts["job"]?.object ?? DataObject()
        for (name, value) in containerFacts?.context ?? DataObject() { job[name] = value }
        job["status"] = .string(status)
        return .object(job)
    }

    func githubContext(scope path: StepPath?, more: [(name: String, value: DataValue)]) -> DataObject {
        var context = baseGitHub
        for property in scopes[path]?.github ?? [] { context[property.name] = property.value }
        for property in more { context[property.name] = property.value }
        return context
    }

    /// The workspace as steps see it.
    var stepWorkspace: String { paths.inside(options.folders.workspace) }

    func makeGitHubContext() -> DataObject {
        var context = options.contexts["github"]?.object ?? DataObject()
        context["workspace"] = .string(stepWorkspace)
        if context["event"]?.object != nil {
            context["event_path"] = .string(isInContainer ? paths.inside(sharedEventPath) : eventPath)
        }
        // Empty, not absent, for steps that are no action: so GitHub has it.
        context["action_repository"] = ""
        context["action_ref"] = ""
        return context
    }

    func makeRunnerContext() -> DataObject {
        let facts = options.runner
        var context: DataObject = [
            "os": .string(facts.system), "arch": .string(facts.architecture), "name": .string(facts.name),
            "environment": .string(facts.environment), "tool_cache": .string(paths.inside(options.folders.toolCache)),
            "temp": .string(paths.inside(options.folders.temporary)),
            "workspace": .string(parent(of: stepWorkspace)),
        ]
        if options.isDebug { context["debug"] = "1" }
        return context
    }

    private func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: 0x2F), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    // MARK: the environment of processes

    /// What every process of the job gets, before the step's own.
    ///
    /// - Parameter isContained: without what this machine has.
    private func makeJobBlock(isContained: Bool) -> EnvironmentBlock {
        let isUsual = isContained == isInContainer
        if isUsual, let jobBlock { return jobBlock }
        var block = isContained ? EnvironmentBlock() : hostBlock
        for pair in variables.pairs { block[pair.name] = pair.value }
        contextNames = ["GITHUB_ACTIONS"]
        let owned =
            EnvironmentRules.githubVariables(baseGitHub) + EnvironmentRules.runnerVariables(runnerContext)
        for variable in owned {
            block[variable.name] = variable.value
            contextNames.insert(variable.name)
        }
        // Every step has these; a place for each now spares each step a rebuilt table.
        for name in CommandFileSet.Kind.allCases.map(Self.fileVariable) + ["GITHUB_ACTION"] {
            block[name] = ""
            contextNames.insert(name)
        }
        contextNames.insert("GITHUB_ACTION_PATH")
        block["GITHUB_ACTIONS"] = "true"
        if !block.contains("CI") { block["CI"] = "true" }
        if isUsual { jobBlock = block }
        return block
    }

    private static func fileVariable(_ kind: CommandFileSet.Kind) -> String {
        "GITHUB_" + kind.rawValue.uppercasedASCII()
    }

    /// The whole environment of one step's process.
    func block(for step: RunningStep) -> EnvironmentBlock {
        var block = block(for: step, isContained: isInContainer)
        if !prependedPaths.isEmpty {
            let path = block["PATH"] ?? containerFacts?.searchPath ?? ContainerFacts.usualPath
            block["PATH"] = EnvironmentRules.path(path, prepending: prependedPaths)
        }
        return block
    }

    /// Without what steps put before `PATH`.
    func block(for step: RunningStep, isContained: Bool) -> EnvironmentBlock {
        var block = makeJobBlock(isContained: isContained)
        for name in step.overrides.names where !contextNames.contains(name) {
            block[name] = step.environment[name] ?? ""
        }
        for property in scopes[step.scope]?.github ?? [] {
            for variable in EnvironmentRules.githubVariables([property.name: property.value]) {
                block[variable.name] = variable.value
            }
        }
        if step.scope == nil { block["GITHUB_ACTION"] = planned(step.hooked)?.id ?? step.planned.id }
        for pair in step.variables { block[pair.name] = pair.value }
        for property in step.files?.properties ?? [] { block[property.variable] = property.path }
        return block
    }
}
