// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import Testing

@Suite struct ActionManifestTests {
    @Test func aCompositeActionIsRead() throws {
        let manifest = try manifest(
            """
            name: Greet
            inputs:
              who: { description: Whom, required: true, default: '${{ github.actor }}' }
              empty:
            outputs:
              said: { value: '${{ steps.say.outputs.text }}' }
            runs:
              using: composite
              steps:
                - { id: say, run: echo, shell: bash }
                - { uses: actions/checkout@v4, if: always() }
                - { run: echo, shell: sh, if: inputs.who == 'x' }
            """)
        #expect(manifest.name?.text == "Greet")
        #expect(manifest.inputs.map(\.name.text) == ["who", "empty"])
        #expect(manifest.inputs[0].isRequired)
        #expect(manifest.inputs[0].defaultValue?.expression == "github.actor")
        #expect(manifest.outputs.first?.value?.expression == "steps.say.outputs.text")
        guard case .composite(let steps) = manifest.work else { Issue.record("not composite"); return }
        #expect(steps.map(\.id) == ["say", "__actions_checkout", "__run"])
        #expect(steps.map(\.condition.source) == ["success()", "always()", "success() && (inputs.who == 'x')"])
    }

    @Test func aJavaScriptActionIsRead() throws {
        let manifest = try manifest(
            "runs: { using: node20, main: a.js, pre: b.js, pre-if: runner.os == 'x', post: c.js }\n")
        guard case .javaScript(let action) = manifest.work else { Issue.record("not JavaScript"); return }
        #expect(action.runtime.text == "node20" && action.main.text == "a.js")
        #expect(action.preCondition.source == "runner.os == 'x'")
        #expect(action.postCondition.source == "always()")
    }

    @Test func aDockerActionIsRead() throws {
        let manifest = try manifest(
            "runs: { using: docker, image: Dockerfile, args: ['${{ inputs.a }}', b], env: { A: '${{ inputs.b }}' } }\n")
        guard case .docker(let action) = manifest.work else { Issue.record("not docker"); return }
        #expect(action.image.text == "Dockerfile")
        #expect(action.arguments.map(\.expression) == ["inputs.a", nil])
        #expect(action.env?["A"]?.expression == "inputs.b")
    }

    @Test(arguments: [
        ("name: x\n", "Required property is missing: runs"),
        ("runs: { using: composite }\n", "There's not enough info to determine what you meant"),
        ("runs: { using: composite, steps: [{ run: x }] }\n", "Required property is missing: shell"),
        ("runs: { using: composite, steps: [{ uses: x }] }\n", "Expected format {org}/{repo}[/path]@ref. Actual 'x'"),
        (
            "runs: { using: composite, steps: [{ uses: a/b@c, if: secrets.x }] }\n",
            "Unrecognized named-value: 'secrets'"
        ),
        ("runs: { using: ruby, main: x }\n", "'using: ruby' is no kind of action"),
        ("runs: { using: docker, main: x }\n", "'using: docker' is no kind of action"),
    ])
    func faultsAreReported(text: String, message: String) {
        let result = ActionManifestReader.read(Array(text.utf8), path: "action.yml")
        #expect(result.manifest == nil)
        #expect(result.diagnostics.first?.message.contains(message) == true, "\(result.diagnostics)")
    }

    private func manifest(_ text: String) throws -> ActionManifest {
        let result = ActionManifestReader.read(Array(text.utf8), path: "action.yml")
        #expect(result.diagnostics == [])
        return try #require(result.manifest)
    }
}
