// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import ExpressionLanguage
import FileAccess
import Glibc
import PipelineModel
import ProcessControl
import WorkflowPlanning

/// `run` steps.
extension HostJob {
    func runScript(_ step: RunningStep, _ work: ScriptWork, _ evaluation: TemplateEvaluation) {
        do {
            let script = try evaluation.text(of: work.script)
            let isInAction = step.attempt.step.parent != nil
            // A composite action's steps do not take the job's defaults.
            let shellOption = try evaluation.text(of: work.shell) ?? (isInAction ? nil : defaultShell)
            let folder =
                try evaluation.text(of: work.workingDirectory) ?? (isInAction ? nil : defaultWorkingDirectory)
            openLog(step)
            let shell = try shell(shellOption)
            if options.givesScriptsServices { step.variables = try serviceVariables(for: step, .script) }
            printHeader(step, script, shell)
            try launch(step, script, shell, folder: absolute(folder))
        } catch let error as ExpressionError {
            fail(step, error)
        } catch {
            let diagnostic = (error as? any CodedError)?.diagnostic ?? Diagnostic(.stepNotStarted, "\(error)")
            fail(step, Reason(.setup, redacted(diagnostic.message)), diagnostic)
        }
    }

    /// In a container the engine looks it up, and `sh` is the default, as on GitHub.
    private func shell(_ option: String?) throws(DiagnosticError) -> FoundShell {
        guard isInContainer else { return try shells.shell(option, prepended: prependedPaths) }
        let template = try ShellTemplate(option: option ?? "sh")
        return FoundShell(template: template, path: template.command)
    }

    private func absolute(_ folder: String?) -> String {
        guard let folder else { return stepWorkspace }
        return folder.utf8.first == 0x2F ? paths.inside(folder) : stepWorkspace + "/" + folder
    }

    private func printHeader(_ step: RunningStep, _ script: String, _ shell: FoundShell) {
        guard let output = step.output else { return }
        output.mark(.group("Run \(Self.firstLine(script))"))
        var lines = script.split(separator: "\n", omittingEmptySubsequences: false)
        while lines.count > 1, lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            output.mark(.command(String(line.utf8.last == .carriageReturn ? line.dropLast() : line)))
        }
        output.line("shell: \(shell.description)")
        printEnvironment(step, output)
        output.mark(.endGroup)
    }

    func printEnvironment(_ step: RunningStep, _ output: StepOutput) {
        guard !step.environment.isEmpty else { return }
        output.line("env:")
        for pair in step.environment.pairs { output.line("  \(pair.name): \(pair.value)") }
    }

    private func launch(
        _ step: RunningStep, _ script: String, _ shell: FoundShell, folder: String
    ) throws(DiagnosticError) {
        let builtIn = shell.template.builtIn
        let name = "\(step.attempt.step)-\(step.attempt.number)\(builtIn?.scriptExtension ?? "")"
        let scriptPath = options.folders.scratch + "/" + name
        let text = Array((builtIn?.prepared(script) ?? script).utf8)
        if options.sandbox == nil {
            try Files.write(text, to: scriptPath)
        } else {
            // Steps can write there, and may have put a link in its place.
            try ConfinedFolder(path: options.folders.scratch).file(name).write(text)
        }
        step.scriptPath = scriptPath
        try start(
            step, program: shell.path, arguments: try shell.template.arguments(script: paths.inside(scriptPath)),
            folder: folder)
    }
}
