// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import GitHubWorkflows
internal import TerminalRendering

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Print the JSON Schema of workflow files, for editors.",
        discussion: """
            EXAMPLES
              martlet schema > .vscode/workflow.schema.json
              martlet schema | check-jsonschema --schemafile /dev/stdin .github/workflows/*.yml
            """)

    func run() throws {
        let console = Console()
        try console.guarded { console.out.writeLine(WorkflowSchema.jsonSchemaText()) }
    }
}
