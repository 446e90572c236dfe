// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The style guide, where a machine can check it.
@Suite struct StyleTests {
    private let tree = SourceTree.shared
    private let fileLimitLines = 500
    private let testFileLimitLines = 800
    private let functionLimitLines = 70
    private let lineLimitColumns = 120

    @Test func filesSayTheirLicence() {
        for file in tree.sources + tree.tests {
            #expect(file.lines.first == "// SPDX-License-Identifier: Apache-2.0", "\(file.path)")
        }
    }

    @Test func filesAreAboutOneThing() {
        for file in tree.sources {
            #expect(file.lines.count <= fileLimitLines + 1, "\(file.path): \(file.lines.count)")
        }
        for file in tree.tests {
            #expect(file.lines.count <= testFileLimitLines + 1, "\(file.path): \(file.lines.count)")
        }
    }

    @Test func linesFit() {
        for file in tree.sources {
            var isInText = false
            for (index, line) in file.lines.enumerated() {
                if line.contains("\"\"\"") { isInText.toggle() }
                guard line.count > lineLimitColumns else { continue }
                // A long literal (an error text, a page, an address) may stand as it is.
                let isLiteral = isInText || line.contains("\"") || line.contains("//")
                #expect(isLiteral, "\(file.path):\(index + 1) has \(line.count) columns")
            }
        }
    }

    @Test func functionsFitAScreen() {
        for file in tree.sources {
            for function in FunctionLengths.measure(file.lines) where function.lines > functionLimitLines {
                Issue.record("\(file.path):\(function.line) \(function.name) has \(function.lines) lines")
            }
        }
    }

    @Test(arguments: ["Manager", "Helper", "Helpers", "Util", "Utils", "Common", "Misc", "Base", "Impl"])
    func bannedNamesStayOut(suffix: String) {
        for file in tree.sources {
            let name = (file.path as NSString).lastPathComponent.replacingOccurrences(of: ".swift", with: "")
            #expect(!name.hasSuffix(suffix), "\(file.path)")
            for (index, line) in file.lines.enumerated() {
                guard let type = Self.declaredType(line) else { continue }
                #expect(!type.hasSuffix(suffix), "\(file.path):\(index + 1) declares \(type)")
            }
        }
    }

    @Test func aTypeNeverBearsItsModulesName() {
        for file in tree.sources {
            for line in file.lines where Self.declaredType(line) == file.target {
                Issue.record("\(file.path) declares \(file.target)")
            }
        }
    }

    private static let banned: [(text: String, instead: String)] = [
        ("try!", "a typed error"), ("as!", "a guarded cast"), ("[String: Any]", "DataValue"),
        ("fatalError(", "preconditionFailure with a sentence"), ("Task.detached", "a structured task"),
        ("TODO", "an issue"), ("FIXME", "an issue"), ("XXX", "an issue"),
    ]

    @Test func bannedConstructsStayOut() {
        for file in tree.sources {
            for (index, line) in file.lines.enumerated() where !Self.isComment(line) {
                for rule in Self.banned where line.contains(rule.text) && !line.contains("\"" + rule.text) {
                    Issue.record("\(file.path):\(index + 1) uses \(rule.text); use \(rule.instead)")
                }
            }
        }
    }

    /// `ChildProcess` tells why.
    @Test func noProgramIsStartedByFoundation() {
        for file in tree.sources + tree.tests {
            for (index, line) in file.lines.enumerated() where !Self.isComment(line) {
                let use = line.range(of: #"(^|[^A-Za-z.\"])Process\("#, options: .regularExpression)
                #expect(use == nil, "\(file.path):\(index + 1) starts a program by Foundation")
            }
        }
    }

    @Test func onlyTheConsolePrints() {
        for file in tree.sources where file.target != "ConsoleCommands" && file.target != "martlet" {
            for (index, line) in file.lines.enumerated() where !Self.isComment(line) {
                let call = line.range(of: #"(^|[^A-Za-z.])print\("#, options: .regularExpression)
                #expect(call == nil, "\(file.path):\(index + 1) prints")
            }
        }
    }

    /// Where unchecked sendability was argued for; see docs/decisions.
    private static let uncheckedSendable: Set<String> = []

    @Test func uncheckedSendableIsOnItsShortList() {
        for file in tree.sources where !Self.uncheckedSendable.contains(file.path) {
            for (index, line) in file.lines.enumerated() where line.contains("@unchecked Sendable") {
                Issue.record("\(file.path):\(index + 1) is @unchecked Sendable")
            }
        }
    }

    @Test func clocksAndChanceStayOutOfTheLowerFloors() {
        for file in tree.sources where (1...3).contains(file.floor ?? 9) {
            for (index, line) in file.lines.enumerated() where !Self.isComment(line) {
                for call in ["Date()", "UUID()", ".random(", "clock_gettime"] where line.contains(call) {
                    Issue.record("\(file.path):\(index + 1) uses \(call)")
                }
            }
        }
    }

    static func isComment(_ line: String) -> Bool {
        line.trimmingCharacters(in: .whitespaces).hasPrefix("//")
    }

    static func declaredType(_ line: String) -> String? {
        guard !isComment(line) else { return nil }
        let words = line.split(whereSeparator: { " :<{(".contains($0) }).map(String.init)
        guard let index = words.firstIndex(where: { ["struct", "class", "enum", "actor", "protocol"].contains($0) }),
            words.count > index + 1, words[..<index].allSatisfy({ Self.modifiers.contains($0) })
        else { return nil }
        return words[index + 1]
    }

    private static let modifiers: Set = [
        "public", "package", "internal", "private", "fileprivate", "final", "indirect", "nonisolated", "@frozen",
    ]
}
