// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Finds functions and their lengths by the indentation that `swift format` guarantees.
enum FunctionLengths {
    struct Function {
        var name: String
        var line: Int
        var lines: Int
    }

    static func measure(_ lines: [String]) -> [Function] {
        var functions: [Function] = []
        for (index, line) in lines.enumerated() {
            guard let name = functionName(line) else { continue }
            let indent = line.prefix { $0 == " " }
            let closing = indent + "}"
            guard
                let end = lines[index...].firstIndex(where: { $0 == closing || isOneLine($0, declaredAt: index, lines) }
                )
            else { continue }
            functions.append(Function(name: name, line: index + 1, lines: end - index + 1))
        }
        return functions
    }

    private static func functionName(_ line: String) -> String? {
        let text = line.drop { $0 == " " }
        guard !text.hasPrefix("//"), let range = text.range(of: "func ") ?? text.range(of: "init(") else { return nil }
        let before = text[..<range.lowerBound].split(separator: " ")
        guard before.allSatisfy({ $0.first?.isLetter == true || $0.hasPrefix("@") }), !before.contains("let"),
            // A call: `self.init(`.
            before.last?.hasSuffix(".") != true
        else {
            return nil
        }
        return String(text[range.lowerBound...].prefix { $0 != "{" }.prefix(40))
    }

    /// `func a() -> Int { 1 }`, or a protocol's requirement.
    private static func isOneLine(_ line: String, declaredAt index: Int, _ lines: [String]) -> Bool {
        line == lines[index] && (line.hasSuffix("}") || !line.hasSuffix("{") && !line.hasSuffix("("))
    }
}
