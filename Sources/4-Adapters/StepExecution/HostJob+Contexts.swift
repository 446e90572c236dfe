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
        flags: StatusFlags
    ) -> TemplateEvaluation {
        TemplateEvaluation(
            shelf: shelf, functions: functions(flags),
            context: { [self] name in
                switch name {
                case "env": environmentContext(environment)
                case "steps": .object(scopes[path]?.results ?? DataObject())
                case "github": .object(githubContext(scope: path, more: github ?? []))
                case "inputs": scopes[path]?.inputs.map { .object($0) } ?? options.contexts["inputs"]
                case "job": jobContext()
                case "runner": .object(runnerContext)
                default: options.contexts.valueIgnoringCase(name)
                }
            })
    }

    private func functions(_ flags: StatusFlags) -> [String: ExpressionFunction] {
        let workspace = options.folders.workspace
        let home = hostBlock["HOME"] ?? "/"
        return [
            "always": { _ in .bool(true) },
            "success": { _ in .bool(flags.isSuccess && !flags.isCancelled) },
            "failure": { _ in .bool(flags.isFailure) },
            "cancelled": { _ in .bool(flags.isCancelled) },
            "hashfiles": FileHashing.function(workspace: workspace, home: home),
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
        job["status"] = .string(status)
        return .object(job)
    }

    func githubContext(scope path: StepPath?, more: [(name: String, value: DataValue)]) -> DataObject {
        var context = baseGitHub
        for property in scopes[path]?.github ?? [] { context[property.name] = property.value }
        for property in more { context[property.name] = property.value }
        return context
    }

    func makeGitHubContext() -> DataObject {
        var context = options.contexts["github"]?.object ?? DataObject()
        context["workspace"] = .string(options.folders.workspace)
        if context["event"]?.object != nil { context["event_path"] = .string(eventPath) }
        // Empty, not absent, for steps that are no action: so GitHub has it.
        context["action_repository"] = ""
        context["action_ref"] = ""
        return context
    }

    func makeRunnerContext() -> DataObject {
        let facts = options.runner
        var context: DataObject = [
            "os": .string(facts.system), "arch": .string(facts.architecture), "name": .string(facts.name),
            "environment": .string(facts.environment), "tool_cache": .string(options.folders.toolCache),
            "temp": .string(options.folders.temporary), "workspace": .string(parent(of: options.folders.workspace)),
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
    func makeJobBlock() -> EnvironmentBlock {
        if let jobBlock { return jobBlock }
        var block = hostBlock
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
        jobBlock = block
        return block
    }

    private static func fileVariable(_ kind: CommandFileSet.Kind) -> String {
        "GITHUB_" + kind.rawValue.uppercasedASCII()
    }

    /// The whole environment of one step's process.
    func block(for step: RunningStep) -> EnvironmentBlock {
        var block = makeJobBlock()
        for name in step.overrides.names where !contextNames.contains(name) {
            block[name] = step.environment[name] ?? ""
        }
        if !prependedPaths.isEmpty {
            block["PATH"] = EnvironmentRules.path(block["PATH"] ?? "", prepending: prependedPaths)
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
