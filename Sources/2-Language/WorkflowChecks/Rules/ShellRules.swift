// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Shells by name: those GitHub knows, and on which system.
    static let shells = Rule("shells") { workflow, findings in
        checkShell(workflow.outline.root["defaults"]?["run"]?["shell"], on: nil, &findings)
        for job in workflow.outline.jobs {
            let system = RunnerTable.system(of: job)
            checkShell(job.node["defaults"]?["run"]?["shell"], on: system, &findings)
            for step in job.allSteps where step.uses == nil { checkShell(step.node["shell"], on: system, &findings) }
        }
    }

    private static let everywhere = ["bash", "pwsh", "python"]
    private static let windowsOnly = ["cmd", "powershell"]

    private static func checkShell(_ node: YAMLNode?, on system: RunnerTable.System?, _ findings: inout Findings) {
        guard let node, let text = node.text, !text.isEmpty, !node.hasExpression,
            !(text.has("{") && text.contains("{0}"))
        else { return }
        let available: [String]
        switch system {
        case .windows: available = everywhere + windowsOnly
        case .unix: available = everywhere + ["sh"]
        case nil: available = everywhere + ["sh"] + windowsOnly
        }
        // GitHub also takes a program with arguments, as long as it says where the script goes.
        guard !available.contains(text.lowercased()) else { return }
        let known = everywhere + ["sh"] + windowsOnly
        let suffix =
            known.contains(text.lowercased()) ? (system == .windows ? " on Windows" : " on Linux or macOS") : ""
        findings.warn(
            .unknownShell, "There is no shell '\(Wording.excerpt(text))'\(suffix).", at: node.position,
            remedy: "Use \(Wording.choice(available.sorted())), or a command line with '{0}' for the script's file.")
    }
}
