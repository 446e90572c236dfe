// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import YAMLReading

/// The types of the contexts at each place of one file, worked out from the file.
struct ContextTypes {
    private let outline: WorkflowOutline
    private let local: LocalReferences
    private var workflow: [String: ExpressionType] = [:]
    private var jobs: [[String: ExpressionType]] = []
    /// The `steps` context at the place last asked for: places are asked for in the order of the text.
    private var steps = StepsBefore()

    private struct StepsBefore {
        var job = -1
        var count = 0
        var named: [String: ExpressionType] = [:]
        /// An id is worked out at run time, so it may be any.
        var isOpen = false
    }

    init(_ outline: WorkflowOutline, _ local: LocalReferences) {
        self.outline = outline
        self.local = local
        workflow = [
            "github": Self.github(dispatch: outline.event("workflow_dispatch")),
            "env": .map(of: .string),
            "vars": .map(of: .string),
            "secrets": secrets(),
            "inputs": inputs(),
            "runner": Self.runner,
            "strategy": Self.strategy,
        ]
        if outline.event("workflow_call") != nil { workflow["jobs"] = jobsContext() }
        for job in outline.jobs {
            var contexts = workflow
            contexts["needs"] = needs(of: job)
            contexts["matrix"] = matrix(of: job, contexts)
            contexts["job"] = Self.job(job)
            jobs.append(contexts)
        }
    }

    /// What the expressions of a site may see, with their types; `steps` only where asked for.
    mutating func contexts(at site: ExpressionSite, withSteps: Bool) -> [String: ExpressionType] {
        guard let index = site.job, jobs.indices.contains(index) else {
            guard site.place == .callInputDefault else { return workflow }
            var contexts = workflow
            contexts["inputs"] = inputs(before: site.node)
            return contexts
        }
        guard withSteps else { return jobs[index] }
        advance(to: site.step ?? outline.jobs[index].steps.count, in: index)
        var contexts = jobs[index]
        contexts["steps"] = .object(.init(steps.named, rest: steps.isOpen ? .any : nil))
        return contexts
    }

    /// The declared type of the input whose default this is.
    func callInputType(ofDefault node: YAMLNode) -> String? {
        for entry in outline.event("workflow_call")?.node?["inputs"]?.entries ?? []
        where entry.value["default"]?.position == node.position {
            return entry.value["type"]?.text
        }
        return nil
    }
}

// MARK: The workflow's contexts

extension ContextTypes {
    /// Source: GitHub's page "Contexts reference".
    private static let githubNames = """
        action action_path action_ref action_repository action_status actor actor_id api_url \
        artifact_cache_size_limit base_ref env event_name event_path graphql_url head_ref job job_workflow_sha path \
        ref ref_name ref_type repository repository_id repository_owner repository_owner_id repository_visibility \
        repositoryurl retention_days run_attempt run_id run_number secret_source server_url sha state step_summary \
        token triggering_actor workflow workflow_ref workflow_sha workspace output
        """

    private static func github(dispatch: EventOutline?) -> ExpressionType {
        var named: [String: ExpressionType] = ["ref_protected": .bool, "event": .open()]
        for name in githubNames.split(separator: " ") { named[String(name)] = .string }
        if let inputs = dispatch?.node?["inputs"]?.entries {
            // In the payload every input is a text.
            let names = inputs.compactMap(\.key.text).map { ($0, ExpressionType.string) }
            named["event"] = .open(["inputs": .strict(Dictionary(names, uniquingKeysWith: { first, _ in first }))])
        }
        return .strict(named)
    }

    private static let runner = ExpressionType.strict([
        "name": .string, "os": .string, "arch": .string, "temp": .string, "tool_cache": .string, "debug": .string,
        "environment": .string, "workspace": .string,
    ])

    private static let strategy = ExpressionType.strict([
        "fail-fast": .bool, "job-index": .number, "job-total": .number, "max-parallel": .number,
    ])

    /// A workflow that only others call sees the secrets that it declares, if it declares any.
    private func secrets() -> ExpressionType {
        guard outline.events.count == 1, let call = outline.event("workflow_call"),
            let declared = call.node?.entry("secrets")
        else { return .map(of: .string) }
        var named: [String: ExpressionType] = [
            "github_token": .string, "actions_step_debug": .string, "actions_runner_debug": .string,
        ]
        for entry in declared.value.entries ?? [] { named[entry.key.text ?? ""] = .string }
        return .strict(named)
    }

    private func inputs() -> ExpressionType {
        var named: [String: ExpressionType] = [:]
        for event in ["workflow_dispatch", "workflow_call"] {
            for entry in outline.event(event)?.node?["inputs"]?.entries ?? [] {
                guard let name = entry.key.text?.lowercased() else { continue }
                let type = Self.inputType(entry.value["type"]?.text)
                named[name] = named[name].map { $0.merged(with: type) } ?? type
            }
        }
        return .strict(named)
    }

    /// Defaults see the inputs that stand before them.
    private func inputs(before node: YAMLNode) -> ExpressionType {
        var named: [String: ExpressionType] = [:]
        for entry in outline.event("workflow_call")?.node?["inputs"]?.entries ?? [] {
            if entry.value["default"]?.position == node.position { break }
            named[entry.key.text ?? ""] = Self.inputType(entry.value["type"]?.text)
        }
        return .strict(named)
    }

    static func inputType(_ name: String?) -> ExpressionType {
        switch name {
        case "boolean": .bool
        case "number": .number
        case "string", "choice", "environment": .string
        default: .any
        }
    }

    private func jobsContext() -> ExpressionType {
        var named: [String: ExpressionType] = [:]
        for job in outline.jobs { named[job.id] = result(of: job) }
        return .strict(named)
    }

    private func needs(of job: JobOutline) -> ExpressionType {
        var named: [String: ExpressionType] = [:]
        for need in job.needs {
            guard let id = need.text else { continue }
            named[id] = outline.job(id).map(result) ?? .any
        }
        return .strict(named)
    }

    private func result(of job: JobOutline) -> ExpressionType {
        .strict(["result": .string, "outputs": outputs(of: job)])
    }

    private func outputs(of job: JobOutline) -> ExpressionType {
        if let uses = job.uses {
            guard let called = uses.text.flatMap({ local.workflows[$0] }), called.state == .readable else {
                return .map(of: .string)
            }
            return Self.texts(called.outputs)
        }
        guard let outputs = job.node["outputs"] else { return .strict([:]) }
        guard let entries = outputs.entries else { return .map(of: .string) }
        return Self.texts(entries.compactMap(\.key.text))
    }

    static func texts(_ names: some Sequence<String>) -> ExpressionType {
        .strict(Dictionary(names.map { ($0, .string) }, uniquingKeysWith: { first, _ in first }))
    }
}

// MARK: A job's contexts

extension ContextTypes {
    private static func job(_ job: JobOutline) -> ExpressionType {
        let service = ExpressionType.strict(["id": .string, "network": .string, "ports": .open()])
        var services = ExpressionType.map(of: service)
        if let node = job.node["services"] {
            if let entries = node.entries {
                services = .strict(
                    Dictionary(
                        entries.compactMap { $0.key.text.map { ($0, service) } },
                        uniquingKeysWith: { first, _ in first }))
            }
        } else {
            services = .strict([:])
        }
        return .strict([
            "status": .string, "container": .strict(["id": .string, "network": .string]), "services": services,
            "check_run_id": .number, "workflow_ref": .string, "workflow_sha": .string,
            "workflow_repository": .string, "workflow_file_path": .string,
        ])
    }

    /// Takes up the steps of a job before the one with this number.
    private mutating func advance(to count: Int, in job: Int) {
        if steps.job != job || steps.count > count { steps = StepsBefore(job: job) }
        let all = outline.jobs[job].steps
        while steps.count < min(count, all.count) {
            take(all[steps.count])
            for inner in all[steps.count].node["parallel"]?.items ?? [] { take(StepOutline(node: inner)) }
            steps.count += 1
        }
    }

    private mutating func take(_ step: StepOutline) {
        guard let id = step.id, let name = id.text, !name.isEmpty else { return }
        steps.isOpen = steps.isOpen || id.hasExpression
        steps.named[name.lowercased()] = .strict([
            "outcome": .string, "conclusion": .string, "outputs": outputs(of: step),
        ])
    }

    private func outputs(of step: StepOutline) -> ExpressionType {
        guard let reference = step.uses?.text else { return .map(of: .string) }
        if let action = local.actions[reference] {
            return action.state == .readable ? Self.texts(action.outputs) : .map(of: .string)
        }
        guard let known = KnownAction.find(reference), let outputs = known.outputs else { return .map(of: .string) }
        return Self.texts(outputs)
    }

    /// From the rows and what `include` adds; open where a part of it is worked out at run time.
    private func matrix(of job: JobOutline, _ contexts: [String: ExpressionType]) -> ExpressionType {
        guard let matrix = job.matrix else { return .strict([:]) }
        guard let entries = matrix.entries else {
            if case .object(let properties) = type(of: matrix, contexts) { return .object(properties) }
            return .any
        }
        var named: [String: ExpressionType] = [:]
        for row in entries where row.key.text != "include" && row.key.text != "exclude" {
            guard let name = row.key.text?.lowercased() else { continue }
            if let items = row.value.items {
                named[name] = ExpressionType.merged(items.map { type(of: $0, contexts) })
            } else {
                named[name] = type(of: row.value, contexts).item ?? .any
            }
        }
        guard let include = matrix["include"] else { return .strict(named) }
        guard let items = include.items else { return .open(named) }
        var isOpen = false
        for item in items {
            guard let added = item.entries else {
                isOpen = true
                continue
            }
            for entry in added {
                guard let name = entry.key.text?.lowercased() else { continue }
                let type = type(of: entry.value, contexts)
                named[name] = named[name].map { $0.merged(with: type) } ?? type
            }
        }
        return isOpen ? .open(named) : .strict(named)
    }

    /// The type of a value as it is written.
    private func type(of node: YAMLNode, _ contexts: [String: ExpressionType]) -> ExpressionType {
        switch node.content {
        case .sequence(let items):
            return .array(of: ExpressionType.merged(items.map { type(of: $0, contexts) }))
        case .mapping(let entries):
            return .strict(
                Dictionary(
                    entries.map { ($0.key.text ?? "", type(of: $0.value, contexts)) },
                    uniquingKeysWith: { $0.merged(with: $1) }))
        case .scalar(let text, _):
            guard EmbeddedExpressions.hasExpression(text) else { return Self.type(of: node.scalarKind) }
            guard EmbeddedExpressions.isWholeExpression(text), let part = EmbeddedExpressions.parts(of: text).first,
                let parsed = try? ExpressionParser.parse(part.source, allowing: .anything)
            else { return EmbeddedExpressions.isWholeExpression(text) ? .any : .string }
            return ExpressionTypeChecker(contexts: contexts).check(parsed).type
        }
    }

    private static func type(of kind: ScalarKind?) -> ExpressionType {
        switch kind {
        case .null: .null
        case .boolean: .bool
        case .integer, .number: .number
        case .string: .string
        case nil: .any
        }
    }
}
