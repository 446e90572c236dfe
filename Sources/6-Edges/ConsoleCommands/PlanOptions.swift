// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import RunCoordination
internal import StructuredData

/// What `plan` and `run` take to say which workflow, event and jobs are meant.
struct PlanOptions: ParsableArguments {
    @Argument(
        help: "A workflow: its path, its file's name, or its name.", completion: .file(extensions: ["yml", "yaml"]))
    var workflow: String?

    @Option(
        help: "The event: push, pull_request, workflow_dispatch, …",
        completion: .list(["push", "pull_request", "workflow_dispatch", "schedule", "release", "merge_group"]))
    var event: String?

    @Option(help: "The branch or full reference that the event is for.")
    var ref: String?

    @Option(help: "Changed paths for path filters, separated by commas.")
    var changed: String?

    @Option(
        help: ArgumentHelp("A file with the event's payload.", valueName: "file"),
        completion: .file(extensions: ["json"]))
    var payload: String?

    @Option(name: .customLong("input"), help: ArgumentHelp("A dispatch input.", valueName: "name=value"))
    var inputs: [String] = []

    @Option(name: .customLong("job"), help: ArgumentHelp("Only this job and what it needs.", valueName: "id"))
    var jobs: [String] = []

    @Option(name: .customLong("matrix"), help: ArgumentHelp("Only legs with this value.", valueName: "name=value"))
    var matrix: [String] = []

    @Option(name: .customLong("var"), help: ArgumentHelp("A configuration variable.", valueName: "name=value"))
    var vars: [String] = []

    @Option(name: .customLong("label"), help: ArgumentHelp("A runner label that this machine answers to, too."))
    var labels: [String] = []

    @OptionGroup var network: NetworkOptions

    /// Options that a server has no use for, and whether they were given.
    var localOnly: [(option: String, isGiven: Bool)] {
        [
            ("--changed", changed != nil), ("--payload", payload != nil), ("--matrix", !matrix.isEmpty),
            ("--var", !vars.isEmpty), ("--label", !labels.isEmpty), ("--offline", network.offline),
        ]
    }

    func request(_ files: WorkflowFiles) throws(DiagnosticError) -> PlanPreparation.Request {
        var request = PlanPreparation.Request()
        request.event = event
        guard ref?.isEmpty != true else {
            throw DiagnosticError(.argumentInvalid, "--ref has no value.", remedy: "Name a branch or a tag.")
        }
        request.ref = ref
        request.isWorkflowNamed = workflow != nil
        request.inputs = try Self.pairs(inputs, option: "--input")
        request.matrix = try Self.pairs(matrix, option: "--matrix")
        request.vars = try Self.pairs(vars, option: "--var")
        request.jobs = Set(jobs)
        request.runnerLabels = labels
        if let payload { request.payload = try Self.payload(ProcessEnvironment.absolute(payload)) }
        if let changed { request.changedPaths = changed.split(separator: ",").map(String.init) }
        return request
    }

    private static func payload(_ path: String) throws(DiagnosticError) -> DataObject {
        let bytes = try RepositoryText.read(path, limit: RepositoryText.payloadLimitBytes)
        guard let value = try? DataValue(json: bytes), let object = value.object else {
            throw DiagnosticError(.argumentInvalid, "The payload '\(path)' is not a JSON object.")
        }
        return object
    }

    /// A path as it is seen from where the command was given; a name stays as it is.
    func place(of workflow: String) -> String {
        let absolute = ProcessEnvironment.absolute(workflow)
        return RepositoryText.isFile(absolute) ? absolute : workflow
    }

    static func pairs(_ texts: [String], option: String) throws(DiagnosticError) -> [String: String] {
        var pairs: [String: String] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw DiagnosticError(
                    .argumentInvalid, "\(option) \(text) has no '='.", remedy: "Write it as \(option) NAME=VALUE.")
            }
            pairs[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return pairs
    }

    static func noWorkflows(_ files: WorkflowFiles) -> DiagnosticError {
        let nearest = nearestWorkflow(files).map { " One is here: martlet plan \($0)" } ?? ""
        return DiagnosticError(
            .workflowMissing, "There is no workflow in \(files.state.root)/\(WorkflowFiles.workflowsFolder).",
            remedy: "Put one there, or give its path.\(nearest)")
    }

    /// Of the folder where the command was given, else of one in it: a path to give.
    private static func nearestWorkflow(_ files: WorkflowFiles) -> String? {
        let folders = ((try? Trees.list(files.folder)) ?? []).map(\.name).filter { !$0.hasPrefix(".") }.sorted()
        for folder in [""] + folders.prefix(searchedFolders).map({ $0 + "/" }) {
            let place = folder + WorkflowFiles.workflowsFolder
            let names = ((try? Trees.list("\(files.folder)/\(place)")) ?? []).map(\.name).sorted()
            if let name = names.first(where: { $0.hasSuffix(".yml") || $0.hasSuffix(".yaml") }) {
                return "\(place)/\(name)"
            }
        }
        return nil
    }

    private static let searchedFolders = 200
}
