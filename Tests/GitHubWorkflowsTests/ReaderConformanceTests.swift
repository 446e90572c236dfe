// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import GitHubWorkflows
import StructuredData
import Testing

/// The reader suite of GitHub's own parsers, each case as a whole.
@Suite struct ReaderConformanceTests {
    @Test(arguments: ReaderCase.files)
    func agreesWithGitHub(on file: URL) throws {
        let testCase = try ReaderCase(contentsOf: file)
        let result = WorkflowReader.read(
            Array(testCase.workflow.utf8), path: testCase.path, options: testCase.workflowOptions)
        let errors = result.diagnostics.filter { $0.severity == .error }
        let expected = try DataValue(json: Array(testCase.expected.utf8))
        if let expectedErrors = expected["errors"]?.array {
            let messages = errors.map { DiagnosticText.gitHub($0) }
            #expect(result.workflow == nil)
            #expect(messages == expectedErrors.compactMap { $0["Message"]?.string })
            return
        }
        #expect(errors.map { DiagnosticText.gitHub($0) } == [])
        let workflow = try #require(result.workflow)
        let written = WorkflowJSON(keepsPlaces: testCase.keepsPlaces).write(workflow, like: expected)
        if written != expected {
            Issue.record("expected\n\(expected.prettyJSONText())\nbut read\n\(written.prettyJSONText())")
        }
    }
}
