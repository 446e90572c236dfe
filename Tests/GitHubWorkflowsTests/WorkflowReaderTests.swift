// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import GitHubWorkflows
import StructuredData
import Testing
import YAMLReading

/// What GitHub's suite does not ask.
@Suite struct WorkflowReaderTests {
    @Test func anchorsAndAliasesAreTaken() throws {
        let workflow = try workflow(
            """
            on: push
            jobs:
              one:
                runs-on: x
                env: &env { A: "1" }
                steps: &steps
                  - run: echo
              two:
                runs-on: x
                env: *env
                steps: *steps
            """)
        #expect(workflow.jobs.map { $0.steps.map(\.id) } == [["__run"], ["__run"]])
    }

    @Test func aFaultThroughAnAliasStandsAtTheAlias() {
        let text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps: &s\n      - run: make\n    env: *s\n"
        let found = WorkflowReader.read(Array(text.utf8), path: "w.yml").diagnostics
        #expect(found.map(\.position) == [SourcePosition(line: 7, column: 10)])
        #expect(found.first?.remedy?.hasSuffix("The alias stands for the value that begins on line 5.") == true)
    }

    @Test func aFaultThatOnlyTheConversionFindsStandsAtTheAliasToo() {
        let text =
            "on: push\njobs:\n  a: &a\n    runs-on: x\n    steps:\n      - uses: nowhere\n  b: *a\n"
        let found = WorkflowReader.read(Array(text.utf8), path: "w.yml").diagnostics
        #expect(found.map(\.position) == [SourcePosition(line: 6, column: 15), SourcePosition(line: 7, column: 6)])
        #expect(found.allSatisfy { $0.code == .actionReferenceInvalid })
    }

    @Test(arguments: [
        ("permissions: { contents: rad }", "Did you mean 'read'?"),
        ("concurrency: { group: a, queue: all }", "Write 'single' or 'max'."),
        ("concurrency: { group: a, cancel-in-progress: }", "It has no value: give it true or false."),
        ("concurrency: { group: a, queu: max }", "Did you mean 'queue'?"),
        ("Name: x", "Keys are case-sensitive: write 'name'."),
        ("run-name: ${{ githb.ref }}", "Did you mean 'github'?"),
        ("run-name: ${{ formt('x') }}", "Did you mean 'format'?"),
        ("run-name: ${{ secrets.x }}", "Secrets cannot be read here."),
        ("run-name: '${{ github.ref == \"x\" }}'", "Text stands in single quotes"),
        ("run-name: ${{ github.ref", "Close it with `}}`"),
    ])
    func anErrorSaysWhatToDo(line: String, remedy: String) {
        let text = "on: push\n\(line)\njobs: { a: { runs-on: x, steps: [{ run: make }] } }\n"
        let found = WorkflowReader.read(Array(text.utf8), path: "w.yml").diagnostics
        #expect(found.count == 1)
        #expect(found.first?.remedy?.hasPrefix(remedy) == true, "\(found)")
    }

    @Test func mergeKeysAreOrdinaryKeysAsOnGitHub() {
        let text = "on: push\njobs:\n  a: &a { runs-on: x }\n  b:\n    <<: *a\n    runs-on: y\n"
        #expect(errors(text) == ["w.yml (Line: 5, Col: 5): Unexpected value '<<'"])
    }

    @Test func anAliasBombEndsInAnError() {
        var text = "on: push\nenv:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            text += "  a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "]\n"
        }
        #expect(read(text).diagnostics.map(\.code) == [.yamlTooManyNodes])
    }

    @Test(arguments: [
        ("on", "on"), ("yes", "yes"), ("off", "off"), ("1.10", "1.1"), ("010", "10"), ("0x10", "16"), ("0o17", "15"),
        ("1_000", "1_000"), ("1e3", "1000"), (".5", "0.5"), ("1.", "1"), ("+.5", "0.5"), ("~", ""), ("True", "true"),
        ("tRue", "tRue"), ("2001-01-01", "2001-01-01"), ("0x", "0x"), ("0b1", "0b1"), ("-0x1", "-0x1"),
        ("0xFFFFFFFF", "-1"), ("12:30:45", "12:30:45"), ("'1.10'", "1.10"), ("!!str 1.10", "1.10"), ("=", "="),
        ("1e", "1e"), ("1e+", "1e+"), (".", "."), ("+", "+"), ("12e03", "12000"),
    ])
    func scalarsAreWhatTheyAreOnGitHub(written: String, text: String) throws {
        let workflow = try workflow("on: push\nenv:\n  A: \(written)\njobs: { a: { runs-on: x } }\n")
        #expect(workflow.env?["A"]?.string == text)
    }

    @Test(arguments: ["0x1FFFFFFFF", "!!int x", "!!bool yes", "!!null x", "!!float 1.2.3", "!other x", "!!int '1'"])
    func scalarsThatFitNoTypeAreErrors(written: String) {
        let result = read("on: push\nenv:\n  A: \(written)\njobs: { a: { runs-on: x } }\n")
        #expect(result.diagnostics.map(\.code) == [.tagInvalid])
        #expect(result.diagnostics.first?.position?.line == 3)
    }

    @Test func whatGitHubIgnoresIsAWarning() throws {
        let text = "on:\n  issues: { types: [opened, oppened], branches: [main] }\njobs: { a: { runs-on: x } }\n"
        let result = read(text)
        #expect(result.workflow != nil)
        #expect(result.diagnostics.map(\.code) == [.activityTypeUnknown, .keyIgnored])
        #expect(result.diagnostics.allSatisfy { $0.severity == .warning })
    }

    @Test func filtersOfEachEventAreRead() throws {
        let workflow = try workflow(
            """
            on:
              push: { branches: [main, '!x'], tags-ignore: v1, paths: ['**.md'] }
              schedule: [{ cron: '5 4 * * MON-FRI', timezone: Europe/Vienna }]
              workflow_run: { workflows: [CI], types: completed }
              workflow_dispatch:
                inputs:
                  level: { type: choice, options: [a, b], default: a, required: true }
              workflow_call:
                outputs: { o: { value: '${{ jobs.a.outputs.x }}' } }
            jobs: { a: { runs-on: x } }
            """)
        let triggers = workflow.triggers
        #expect(triggers.map(\.event) == ["push", "schedule", "workflow_run", "workflow_dispatch", "workflow_call"])
        #expect(triggers[0].filters.branches?.map(\.text) == ["main", "!x"])
        #expect(triggers[0].filters.tagsIgnore?.map(\.text) == ["v1"])
        #expect(triggers[1].schedules.first?.timezone?.text == "Europe/Vienna")
        #expect(triggers[2].filters.types?.map(\.text) == ["completed"])
        #expect(triggers[3].inputs.first?.options == ["a", "b"])
        #expect(triggers[3].inputs.first?.isRequired == true)
        #expect(triggers[4].outputs.first?.value.expression == "jobs.a.outputs.x")
    }

    @Test(arguments: [
        ("* * * * *", true), ("*/15 0-6,12 1,15 JAN-mar 0", true), ("0 0 1 1 7", true), ("60 * * * *", false),
        ("* * * *", false), ("* * * * * *", false), ("5-1 * * * *", false), ("*/0 * * * *", false), ("@daily", false),
        ("0 0 0 * *", false), ("a * * * *", false), ("1, * * * *", false), ("* * * 13 *", false),
    ])
    func cronExpressionsAreChecked(cron: String, isValid: Bool) {
        let result = read("on:\n  schedule: [{ cron: '\(cron)' }]\njobs: { a: { runs-on: x } }\n")
        #expect(result.diagnostics.map(\.code) == (isValid ? [] : [.cronInvalid]))
    }

    @Test func backgroundStepsAreChecked() {
        let text = """
            on: push
            jobs:
              a:
                runs-on: x
                steps:
                  - { id: one, run: a, background: true }
                  - wait: one
                  - cancel: two
                  - { id: three, wait: [three] }
                  - wait-all: false
                  - parallel:
                      - run: b
                      - wait-all:
            """
        #expect(
            errors(text) == [
                "w.yml (Line: 8, Col: 17): Step references unknown step ID 'two'",
                "w.yml (Line: 9, Col: 29): Step 'three' cannot reference itself",
                "w.yml (Line: 10, Col: 19): The value of 'wait-all' must be true or omitted",
                "w.yml (Line: 13, Col: 13): 'wait-all' is not allowed inside a parallel block.",
            ])
    }

    @Test func matrixFiltersAreChecked() {
        let text = """
            on: push
            jobs:
              a:
                runs-on: x
                strategy:
                  matrix:
                    os: [a, b]
                    include: [{ os: a, extra: 1 }, {}]
                    exclude: [{ OS: a }, { arch: z }, {}]
            """
        #expect(
            errors(text) == [
                "w.yml (Line: 8, Col: 40): Matrix include mapping does not contain any values",
                "w.yml (Line: 9, Col: 32): Matrix exclude key 'arch' does not match any key within the matrix",
                "w.yml (Line: 9, Col: 43): Matrix exclude filter must not be empty",
            ])
    }

    @Test func aKeyThatIsACollectionIsAnError() {
        #expect(errors("on: push\n? [a]\n: 1\njobs: { a: { runs-on: x } }\n").count == 1)
    }

    @Test func findingsAreLimited() {
        let text = "on: push\njobs:\n" + (0..<500).map { "  a\($0): { x\($0): 1, runs-on: x }\n" }.joined()
        #expect(read(text).diagnostics.count == WorkflowLimits().diagnostics)
    }

    @Test func everyFindingHasAFileAPlaceAndARemedy() throws {
        let result = read("on: psh\njobs:\n  a: { steps: [{ run: '${{ x }}', uses: b }] }\n")
        #expect(result.diagnostics.count >= 3)
        for diagnostic in result.diagnostics {
            #expect(diagnostic.file == "w.yml" && diagnostic.position != nil)
            if diagnostic.code.number >= 100 && diagnostic.code.number < 180 { #expect(diagnostic.remedy != nil) }
        }
    }

    @Test func thousandsOfJobsInOneChainAreOrderedWithoutDelay() throws {
        var text = "on: push\njobs:\n  j0: { runs-on: x }\n"
        for index in 1..<3000 { text += "  j\(index): { runs-on: x, needs: j\(index - 1) }\n" }
        #expect(try workflow(text).jobs.count == 3000)
    }
}

/// Calls of reusable workflows through a resolver.
@Suite struct WorkflowCallTests {
    private let caller = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n    with: { n: 1 }\n"

    @Test func aLocalWorkflowIsReadThroughTheResolver() throws {
        let called = """
            on: { workflow_call: { inputs: { n: { type: number, required: true } } } }
            permissions: { contents: read }
            jobs: { inner: { runs-on: x } }
            """
        let workflow = try #require(read(caller, resolving: called).workflow)
        #expect(workflow.files == ["w.yml", "./.github/workflows/called.yml"])
        guard case .call(let call) = workflow.jobs[0].work else { Issue.record("no call"); return }
        #expect(call.called?.jobs.map(\.id.text) == ["inner"])
        #expect(call.called?.jobs[0].permissions?[.contents] == .read)
        #expect(call.called?.jobs[0].permissions?[.issues] == PermissionLevel.none)
    }

    @Test func withoutAResolverCallsAreNotFollowed() throws {
        guard case .call(let call) = try workflow(caller).jobs[0].work else { Issue.record("no call"); return }
        #expect(call.called == nil)
    }

    @Test func aWorkflowThatIsNotThereIsNamedAtTheCall() {
        var options = WorkflowOptions()
        options.resolver = { _, _ in nil }
        let diagnostics = WorkflowReader.read(Array(caller.utf8), path: "w.yml", options: options).diagnostics
        #expect(diagnostics.map(\.code) == [.calledWorkflowMissing])
        #expect(diagnostics.first?.position == SourcePosition(line: 4, column: 11))
    }

    @Test func aFaultInTheCalledFileIsShownAtTheCall() {
        let diagnostics = read(caller, resolving: "on: workflow_call\njobs:\n  a: { runs_on: x }\n").diagnostics
        #expect(diagnostics.first?.code == .calledWorkflowFaulty)
        #expect(diagnostics.first?.file == "w.yml")
        #expect(diagnostics.first?.position == SourcePosition(line: 4, column: 11))
        #expect(diagnostics.first?.message.contains("called.yml (Line: 3, Col: 8): Unexpected value 'runs_on'") == true)
    }

    @Test func aWorkflowThatCallsItselfEndsAtTheDepthLimit() throws {
        let text = "on: [push, workflow_call]\njobs:\n  a: { uses: ./.github/workflows/self.yml }\n"
        let found = try #require(read(text, resolving: text).diagnostics.first)
        #expect(found.code == .callTooDeep)
        #expect(found.position == SourcePosition(line: 3, column: 14))
        #expect(found.remedy?.contains("'./.github/workflows/self.yml' → './.github/workflows/self.yml'") == true)
    }

    @Test(arguments: [
        "./.github/workflows/../../../etc/x.yml", "./workflows/x.yml", "./.github/workflows/deep/x.yml", "./x.yml",
        "./.github/workflows/x.yml@main", "docker://alpine:3", "o/r/.github/workflows/x.yml", "o/r@v1", "o/r/../x@v1",
    ])
    func aCallOfSomethingElseIsRefusedWithoutBeingLookedFor(reference: String) {
        var options = WorkflowOptions()
        options.resolver = { reference, _ in
            Issue.record("\(reference) was looked for")
            return nil
        }
        let text = "on: push\njobs:\n  a:\n    uses: \(reference)\n"
        let found = WorkflowReader.read(Array(text.utf8), path: "w.yml", options: options).diagnostics
        #expect(found.map(\.code) == [.callReferenceInvalid])
        #expect(found.first?.position == SourcePosition(line: 4, column: 11))
    }

    @Test func aLongValueIsCutInTheMessage() {
        let value = String(repeating: "x", count: 5000)
        let text = "on: push\njobs:\n  a:\n    runs-on: x\n    timeout-minutes: \(value)\n"
        let found = WorkflowReader.read(Array(text.utf8), path: "w.yml").diagnostics
        #expect(found.map(\.message) == ["Unexpected value '\(value.prefix(80))…'"])
    }

    @Test func aWorkflowWithoutTheEventCannotBeCalled() {
        let diagnostics = read(caller, resolving: "on: push\njobs: { a: { runs-on: x } }\n").diagnostics
        #expect(
            diagnostics.first?.message.hasSuffix("workflow_call key is not defined in the referenced workflow.") == true
        )
    }

    private func read(_ text: String, resolving called: String) -> WorkflowReader.Result {
        var options = WorkflowOptions()
        options.resolver = { reference, _ in CalledWorkflow(text: Array(called.utf8), path: reference) }
        return WorkflowReader.read(Array(text.utf8), path: "w.yml", options: options)
    }
}

@Suite struct JSONSchemaTests {
    @Test(arguments: [WorkflowSchema.workflowRoot, WorkflowSchema.actionRoot])
    func everyReferenceIsDefined(root: String) throws {
        let schema = try DataValue(json: WorkflowSchema.jsonSchemaText(of: root))
        let definitions = try #require(schema["definitions"]?.object)
        var references: Set<String> = []
        collect(schema, into: &references)
        #expect(references.count > 20)
        for reference in references {
            #expect(definitions[String(reference.dropFirst("#/definitions/".count))] != nil, "\(reference)")
        }
    }

    private func collect(_ value: DataValue, into references: inout Set<String>) {
        switch value {
        case .object(let object):
            for (key, value) in object {
                if key == "$ref", let reference = value.string { references.insert(reference) }
                collect(value, into: &references)
            }
        case .array(let items): for item in items { collect(item, into: &references) }
        default: break
        }
    }
}

func read(_ text: String) -> WorkflowReader.Result { WorkflowReader.read(Array(text.utf8), path: "w.yml") }

func errors(_ text: String) -> [String] {
    read(text).diagnostics.filter { $0.severity == .error }.map { DiagnosticText.gitHub($0) }
}

func workflow(_ text: String) throws -> Workflow {
    let result = read(text)
    #expect(result.diagnostics.filter { $0.severity == .error } == [])
    return try #require(result.workflow)
}

extension WorkflowJob {
    var steps: [WorkflowStep] { if case .steps(let job) = work { job.steps } else { [] } }
}
