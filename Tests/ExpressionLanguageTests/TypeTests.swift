// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import StructuredData
import Testing

@Suite("Types of expressions are checked")
struct TypeTests {
    private static let contexts: [String: ExpressionType] = {
        var contexts = ContextTypes.all
        contexts["matrix"] = .strict(["OS": .string, "n": .number, "list": .array(.strict(["name": .string]))])
        contexts["needs"] = .strict(["build": ContextTypes.neededJob(outputs: .strict(["image": .string]))])
        contexts["steps"] = .strict(["cache": ContextTypes.step(outputs: nil)])
        contexts["inputs"] = .strict(["flag": .bool])
        return contexts
    }()

    private func check(
        _ text: String, contexts: Set<String>? = nil, functions: Set<String>? = nil
    ) throws -> (type: ExpressionType, findings: [TypeFinding]) {
        let checker = ExpressionTypeChecker(
            contexts: Self.contexts, availableContexts: contexts, availableFunctions: functions)
        return checker.check(try ExpressionParser.parse(text, allowing: .anything))
    }

    @Test(
        "an expression without findings has a type",
        arguments: [
            ("matrix.os", "string"), ("MATRIX['OS']", "string"), ("matrix.list.*.name", "array<string>"),
            ("matrix.list[0].name", "string"), ("needs.build.outputs.image", "string"),
            ("needs.*.result", "array<string>"),
            ("steps.cache.outputs.hit", "string"), ("github.event.anything.at.all", "any"), ("env.X", "string"),
            ("inputs.flag && 60 || 20", "number"), ("inputs.flag || 'x'", "string"), ("!matrix.n", "bool"),
            ("matrix.n == '1'", "bool"), ("github.event.x == 'y'", "bool"), ("fromJSON('[1, \"a\"]')", "array<string>"),
            ("fromJSON(env.X).y", "any"), ("toJSON(matrix)", "string"), ("case(inputs.flag, 1, 2)", "number"),
            ("contains(matrix.list.*.name, 'x')", "bool"), ("contains(fromJSON('[1]'), 1)", "bool"), ("null", "null"),
            ("format('{0} {{1}}', env.A)", "string"), ("hashFiles('a', 'b')", "string"), ("success('build')", "bool"),
            ("github.event.commits.*.author.name", "array<any>"), ("job.services.db.ports['5432']", "string"),
            ("join(github.event.labels.*.name, ',')", "string"),
            ("matrix", "{list: array<{name: string}>; n: number; os: string}"),
        ])
    func types(text: String, type: String) throws {
        let result = try check(text)
        #expect(result.type.description == type)
        #expect(result.findings == [])
    }

    @Test(
        "a fault is found where it stands",
        arguments: [
            ("matrix.oss", .unknownProperty, 7), ("needs.biuld.result", .unknownProperty, 6),
            ("foo.bar", .unknownContext, 0),
            ("needs.build.outputs.tag", .unknownProperty, 20), ("startWith('a', 'b')", .unknownFunction, 0),
            ("github.ref.name", .notAnObject, 11), ("env.*", .notAnObject, 0), ("matrix.list.name", .notAnObject, 12),
            ("github.event == 'push'", .comparison, 0), ("inputs.flag > 1", .comparison, 0),
            ("matrix.list == 1", .comparison, 0),
            ("env[0]", .indexType, 4), ("matrix.list['x' == 'y']", .indexType, 12),
            ("startsWith(matrix, 'x')", .argumentType, 11),
            ("contains('a', matrix)", .argumentType, 14), ("hashFiles()", .argumentCount, 0),
            ("format('{1}', 1, 2)", .formatPlaceholder, 14), ("format('{0}{1}', 1)", .formatPlaceholder, 7),
            ("format('{', 1)", .formatPlaceholder, 7), ("fromJSON('{')", .brokenJSON, 9),
            ("vars.github_x", .variableName, 5),
            ("vars['a-b']", .variableName, 5), ("matrix.list.*.nam", .unknownProperty, 14),
        ] as [(String, TypeFinding.Kind, Int)])
    func findings(text: String, kind: TypeFinding.Kind, offset: Int) throws {
        let findings = try check(text).findings
        #expect(findings.map(\.kind) == [kind])
        #expect(findings.map(\.offset) == [offset])
    }

    @Test("contexts and functions are available at some keys only")
    func availability() throws {
        let findings = try check(
            "env.A == github.ref && always() && hashFiles('x')", contexts: ["github"], functions: ["always"]
        ).findings
        #expect(findings.map(\.kind) == [.unavailableContext, .unavailableFunction])
        #expect(findings.map(\.offset) == [0, 35])
        #expect(findings.map(\.kind.isRefusedByGitHub) == [true, true])
    }

    @Test("a slip gets a suggestion")
    func suggestions() throws {
        #expect(try check("needs.biuld.result").findings.first?.suggestion == "build")
        #expect(try check("gihub.ref").findings.first?.suggestion == "github")
        #expect(try check("startWith('a', 'b')").findings.first?.suggestion == "startsWith")
        #expect(try check("matrix.zzzzzz").findings.first?.suggestion == nil)
    }

    @Test("a constant is told from what depends on the run")
    func constants() throws {
        let constant = { ExpressionTypeChecker.constantValue(of: try ExpressionParser.parse($0, allowing: .anything)) }
        #expect(try constant("(!true && 'foo') || contains('bar', 'A')") == true)
        #expect(try constant("success()") == nil)
        #expect(try constant("true || github.ref") == nil)
    }
}
