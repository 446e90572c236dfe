// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import Testing

@testable import WorkflowChecks

/// Every page in docs/errors shows a file that its code is reported for, and one that is fine: both are run.
@Suite("Pages of docs/errors")
struct ErrorPageTests {
    @Test("A page's first example is reported with its code, its second is not reported at all", arguments: pages)
    func pageTellsTheTruth(page: ErrorPage) throws {
        #expect(page.text.hasPrefix("# \(page.code): "))
        #expect(page.text.contains("\n## What happened\n"))
        #expect(page.text.contains("\n## What to do\n"))
        // This one needs hundreds of findings: WorkflowLintTests shows it.
        guard page.code != .tooManyFindings else { return }
        try #require(page.examples.count == 2, "\(page.code)")
        let faulty = lint(page.examples[0])
        #expect(faulty.contains { $0.code == page.code }, "\(page.code): \(faulty.map(\.message))")
        let fine = lint(page.examples[1])
        #expect(fine.isEmpty, "\(page.code): \(fine.map { "\($0.code) \($0.message)" })")
    }

    @Test("Every code of the lint has a page")
    func everyCodeHasAPage() throws {
        let source = try String(
            contentsOf: repository.appending(
                path: "Sources/2-Language/WorkflowChecks/WorkflowChecksCodes.swift"), encoding: .utf8)
        let declared = source.matches(of: /DiagnosticCode\((\d+)\)/).compactMap { Int($0.1) }
        #expect(Set(declared).count == declared.count)
        #expect(Set(declared) == Set(pages.map(\.code.number)))
    }

    private func lint(_ text: String) -> [Diagnostic] {
        var options = WorkflowLintOptions()
        options.readFile = { files[$0].map { Array($0.utf8) } }
        return WorkflowLint.check(Array(text.utf8), path: "test.yml", options: options)
    }
}

struct ErrorPage: Sendable, CustomTestStringConvertible {
    var code: DiagnosticCode
    var text: String

    var examples: [String] {
        text.components(separatedBy: "```yaml\n").dropFirst().compactMap { $0.components(separatedBy: "```").first }
    }

    var testDescription: String { code.description }
}

let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private let pages: [ErrorPage] = (300...399).compactMap { number in
    let code = DiagnosticCode(number)
    let url = repository.appending(path: "docs/errors/\(code).md")
    return (try? String(contentsOf: url, encoding: .utf8)).map { ErrorPage(code: code, text: $0) }
}

/// The repository that the pages' examples stand in.
private let files = [
    ".github/actions/greet/action.yml": """
    name: Greet
    description: Says hello
    inputs:
      name:
        description: Whom
        required: true
    outputs:
      text:
        description: What was said
        value: hello
    runs:
      using: composite
      steps:
        - run: echo hello
          shell: bash
    """,
    ".github/actions/broken/action.yml": """
    name: Broken
    description: Its runner is gone
    runs:
      using: node12
      main: index.js
    """,
    ".github/actions/broken/index.js": "",
    ".github/workflows/deploy.yml": """
    on:
      workflow_call:
        inputs:
          target:
            type: string
            required: true
        secrets:
          key:
            required: true
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - run: make deploy
    """,
]
