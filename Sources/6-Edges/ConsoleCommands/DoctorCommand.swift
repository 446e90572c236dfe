// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import PipelineModel
internal import ProcessControl
internal import RunCoordination
internal import TerminalRendering

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check what this machine has for running workflows.",
        discussion: """
            EXAMPLES
              martlet doctor
              martlet doctor || echo "something that most workflows need is missing"
            """)

    private struct Finding {
        var name: String
        /// What was found; `nil` where it is missing.
        var found: String?
        /// What needs it, and how to get it.
        var use: String
        var isRequired = false
    }

    func run() throws {
        let console = Console()
        defer { console.flush() }
        let findings = tools(console) + [engine(console), store(console), scratch(), repository()]
        for finding in findings {
            let mark =
                finding.found != nil
                ? console.palette.paint("✓", .green)
                : finding.isRequired ? console.palette.paint("✗", .red) : console.palette.paint("!", .yellow)
            console.out.writeLine(
                "\(mark) \(console.palette.paint(finding.name, .bold))  \(finding.found ?? "missing: " + finding.use)")
        }
        if findings.contains(where: { $0.isRequired && $0.found == nil }) { throw ExitStatus.error.exit }
    }

    private func tools(_ console: Console) -> [Finding] {
        let folders = (console.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let wanted: [(name: String, use: String, isRequired: Bool)] = [
            ("bash", "the default shell of steps; install bash", true), ("git", "checkout and refs; install git", true),
            ("sh", "steps with 'shell: sh'", true), ("python3", "steps with 'shell: python'; install python3", false),
            ("pwsh", "steps with 'shell: pwsh'; install PowerShell", false),
            ("node", "JavaScript actions; install Node.js 20 or later", false),
            ("bwrap", "--executor sandbox; install bubblewrap", false),
        ]
        return wanted.map { tool in
            let place = folders.first { RepositoryText.exists("\($0)/\(tool.name)") }
            return Finding(
                name: tool.name, found: place.map { "\($0)/\(tool.name)" }, use: tool.use, isRequired: tool.isRequired)
        }
    }

    private func engine(_ console: Console) -> Finding {
        let offer = EngineOffer(environment: console.environment)
        defer { offer.close() }
        let missing = offer.whyMissing()
        return Finding(
            name: "containers", found: missing == nil ? offer.address : nil,
            use: "jobs in containers, services, Docker actions. \(missing ?? "")")
    }

    private func store(_ console: Console) -> Finding {
        let root = RunStore.defaultRoot(console.environment)
        let isUsable = (try? RunStore(root: root).checkWritable()) != nil
        return Finding(
            name: "store", found: isUsable ? root : nil, use: "\(root) cannot be written; set MARTLET_HOME",
            isRequired: true)
    }

    private func scratch() -> Finding {
        let found = try? ScratchDirectory.choose(name: "martlet")
        let text = found.map { $0.path + ($0.isInMemory ? " (in memory)" : " (on disk: steps start a little slower)") }
        return Finding(name: "scratch", found: text, use: "set TMPDIR to a folder of your own", isRequired: true)
    }

    private func repository() -> Finding {
        let files = WorkflowFiles(folder: ProcessEnvironment.currentFolder, environment: ProcessEnvironment.variables)
        let count = files.paths().count
        return Finding(
            name: "workflows", found: count > 0 ? "\(count) in \(WorkflowFiles.workflowsFolder)" : nil,
            use: "there is none in \(WorkflowFiles.workflowsFolder) here")
    }
}
