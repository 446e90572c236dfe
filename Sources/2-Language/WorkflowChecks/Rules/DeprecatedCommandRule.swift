// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Workflow commands that GitHub switched off, or will.
    static let deprecatedCommands = Rule("deprecated commands") { workflow, findings in
        for job in workflow.outline.jobs {
            for step in job.allSteps {
                guard let node = step.run, let script = node.text, script.utf8.contains(0x3A) else { continue }
                checkScript(script, node, workflow.source, &findings)
            }
        }
    }

    private static let replacements: [(command: String, file: String, value: String)] = [
        ("set-output", "GITHUB_OUTPUT", "{name}={value}"),
        ("save-state", "GITHUB_STATE", "{name}={value}"),
        ("set-env", "GITHUB_ENV", "{name}={value}"),
        ("add-path", "GITHUB_PATH", "{path}"),
    ]

    private static func checkScript(
        _ script: String, _ node: YAMLNode, _ source: SourceText, _ findings: inout Findings
    ) {
        let bytes = Array(script.utf8)
        let isOneLine = !bytes.contains(0x0A)
        var line = 0
        for index in bytes.indices {
            if bytes[index] == 0x0A { line += 1 }
            guard bytes[index] == 0x3A, bytes[index...].starts(with: "::".utf8) else { continue }
            for (command, file, value) in replacements where isCommand(command, bytes[(index + 2)...]) {
                var position = node.position
                if !isOneLine { position = source.line(line, ofBlock: node) }
                findings.warn(
                    .deprecatedCommand, "The workflow command '\(command)' is deprecated.", at: position,
                    remedy: "Write: echo \"\(value)\" >> \"$\(file)\"")
            }
        }
    }

    /// `set-output name=x::value`, `add-path::/x`: with its value, so that mere mentions are left alone.
    private static func isCommand(_ command: String, _ text: ArraySlice<UInt8>) -> Bool {
        guard text.starts(with: command.utf8) else { return false }
        var rest = text.dropFirst(command.utf8.count)
        if command != "add-path" {
            guard rest.first == 0x20 else { return false }
            rest = rest.drop { $0 == 0x20 }
            guard rest.starts(with: "name=".utf8) else { return false }
            rest = rest.dropFirst(5)
            let name = rest.prefix { $0 != 0x3A && $0 != 0x0A && $0 != 0x20 }
            guard !name.isEmpty else { return false }
            rest = rest.dropFirst(name.count)
        }
        guard rest.starts(with: "::".utf8), let value = rest.dropFirst(2).first else { return false }
        return !EmbeddedExpressions.isSpace(value)
    }
}
