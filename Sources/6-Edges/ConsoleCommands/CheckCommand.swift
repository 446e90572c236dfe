// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import GitHubWorkflows
internal import PipelineModel
internal import RunCoordination
internal import StructuredData
internal import TerminalRendering
internal import WorkflowChecks

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check workflow files: what the forge would reject, and what would go wrong.",
        discussion: """
            EXAMPLES
              martlet check
              martlet check .github/workflows/ci.yml --json
              martlet check actions/greet/action.yml

            Without files it checks all of .github/workflows. Warnings never fail the
            check. An action's manifest is checked as such; a workflow brings those of the
            repository's actions that it uses.
            """)

    @Argument(help: "Files to check.", completion: .file(extensions: ["yml", "yaml"]))
    var files: [String] = []

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let console = Console()
        try console.guarded { try check(console) }
    }

    private struct CheckedFile {
        var path: String
        var source: [UInt8]
        var diagnostics: [Diagnostic]
        var isValid: Bool { !diagnostics.contains { $0.severity == .error } }
    }

    private func check(_ console: Console) throws {
        var checked: [CheckedFile] = []
        let folder = ProcessEnvironment.currentFolder
        let named =
            files.isEmpty
            ? WorkflowFiles(folder: folder, environment: console.environment).paths() : files.flatMap(Self.filesIn)
        guard !named.isEmpty else {
            throw DiagnosticError(
                .workflowMissing, "There is no workflow file here.",
                remedy: "Name files, or put workflows into \(WorkflowFiles.workflowsFolder).")
        }
        let root = files.isEmpty ? WorkflowFiles(folder: folder, environment: console.environment).state.root : nil
        for path in named {
            checked.append(check(path, at: root.map { "\($0)/\(path)" } ?? path, console.environment))
        }
        if json { printJSON(checked, console) } else { printText(checked, console) }
        if !checked.allSatisfy(\.isValid) { throw ExitStatus.error.exit }
    }

    private func check(_ path: String, at place: String, _ environment: [String: String]) -> CheckedFile {
        do throws(DiagnosticError) {
            let source = try RepositoryText.read(place, limit: RepositoryText.workflowLimitBytes)
            let folder = ProcessEnvironment.currentFolder
            let root = WorkflowFiles.root(around: place, from: folder) ?? folder
            if ActionLint.isManifest(source, path: path) {
                let folder = place.lastIndex(of: "/").map { String(place[...$0]) } ?? ""
                let found = ActionLint.check(source, path: path) { name in
                    RepositoryPath.inside(name).map { RepositoryText.exists(folder + $0) } ?? false
                }
                return CheckedFile(path: path, source: source, diagnostics: found)
            }
            let called = CalledWorkflows(
                root: root, offer: try RepositoryOffer(root: root, environment: environment, asksForge: false))
            let result = WorkflowReader.read(source, path: path, options: called.options)
            var options = WorkflowLintOptions()
            options.readerDiagnostics = result.diagnostics
            options.readFile = { name in
                RepositoryPath.inside(name).flatMap {
                    try? RepositoryText.read(root + "/" + $0, limit: RepositoryText.workflowLimitBytes)
                }
            }
            let all = WorkflowLint.report(source, path: path, options: options)
            return CheckedFile(path: path, source: source, diagnostics: all)
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.file = diagnostic.file ?? path
            return CheckedFile(path: path, source: [], diagnostics: [diagnostic])
        }
    }

    /// A folder stands for the workflows in it.
    private static func filesIn(_ path: String) -> [String] {
        guard RepositoryText.isFolder(path) else { return [path] }
        let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
        return RepositoryText.list(path).filter { $0.hasSuffix(".yml") || $0.hasSuffix(".yaml") }.sorted()
            .map { "\(folder)/\($0)" }
    }

    // MARK: output

    private func printJSON(_ files: [CheckedFile], _ console: Console) {
        let list = files.map { file -> DataValue in
            [
                "path": .string(file.path), "valid": .bool(file.isValid),
                "diagnostics": .array(file.diagnostics.map { Self.data($0, in: file.path) }),
            ]
        }
        console.out.writeLine(DataValue.object(["files": .array(list)]).jsonText())
    }

    /// - Parameter path: the file that was checked; the diagnostic says so where it stands in another.
    private static func data(_ diagnostic: Diagnostic, in path: String) -> DataValue {
        var object: DataObject = [
            "code": .string(diagnostic.code.description), "severity": .string(diagnostic.severity.rawValue),
            "message": .string(diagnostic.message),
            "line": .number(Double(diagnostic.position?.line ?? 1)),
            "column": .number(Double(diagnostic.position?.column ?? 1)),
        ]
        object.set("file", diagnostic.file.flatMap { $0 == path ? nil : .string($0) })
        object.set("remedy", diagnostic.remedy.map(DataValue.string))
        return .object(object)
    }

    private func printText(_ files: [CheckedFile], _ console: Console) {
        for file in files {
            for diagnostic in file.diagnostics {
                console.present(diagnostic, source: file.source, of: file.path)
            }
        }
        let errors = files.flatMap(\.diagnostics).filter { $0.severity == .error }.count
        let warnings = files.flatMap(\.diagnostics).count - errors
        let mark = errors == 0 ? console.palette.paint("✓", .green) : console.palette.paint("✗", .red)
        let plural = { (count: Int, word: String) in "\(count) \(word)\(count == 1 ? "" : "s")" }
        console.out.writeLine(
            "\(mark) \(plural(files.count, "file")) checked: \(plural(errors, "error")), \(plural(warnings, "warning"))"
        )
    }
}
