// SPDX-License-Identifier: Apache-2.0

import Testing

/// The checker is checked: a rule that cannot fail protects nothing.
@Suite struct CheckerTests {
    @Test func aLongFunctionIsMeasured() {
        let lines =
            ["struct A {", "    func long() {"] + Array(repeating: "        work()", count: 80) + ["    }", "}"]
        let functions = FunctionLengths.measure(lines)
        #expect(functions.count == 1)
        #expect(functions.first?.lines == 82)
    }

    @Test func aFunctionWithASignatureOverSeveralLinesIsMeasured() {
        let lines = ["    func wide(", "        a: Int", "    ) -> Int {", "        a", "    }"]
        #expect(FunctionLengths.measure(lines).first?.lines == 5)
    }

    @Test(arguments: [
        ("package final class RunManager: Sendable {", "RunManager"), ("struct A<B> {", "A"),
        ("    enum Kind {", "Kind"),
    ])
    func declaredTypesAreSeen(line: String, name: String) {
        #expect(StyleTests.declaredType(line) == name)
    }

    @Test func commentsDeclareNothing() {
        #expect(StyleTests.declaredType("// struct Manager {") == nil)
    }
}
