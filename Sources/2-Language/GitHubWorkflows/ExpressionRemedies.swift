// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import ExpressionLanguage

/// What to do about an expression that cannot be read. GitHub's messages, which are kept, say what is wrong only.
enum ExpressionRemedies {
    private static let contexts = [
        "env", "github", "inputs", "job", "jobs", "matrix", "needs", "runner", "secrets", "steps", "strategy", "vars",
    ]
    private static let functions =
        (ExpressionFunctionSignature.general + ExpressionFunctionSignature.jobStatus + [.hashFiles]).map(\.name)

    static func remedy(for message: String) -> String? {
        if let name = quoted(message, after: "Unrecognized named-value: '") { return context(name) }
        if let name = quoted(message, after: "Unrecognized function: '") { return function(name) }
        if let symbol = quoted(message, after: "Unexpected symbol: '") {
            return symbol.hasPrefix("\"")
                ? "Text stands in single quotes: 'like this'." : "Correct the expression at this place."
        }
        for (beginning, remedy) in others where message.hasPrefix(beginning) { return remedy }
        return nil
    }

    private static let others = [
        ("Unexpected end of expression", "Finish it: close what is open, and write what follows the last operator."),
        ("Too few parameters supplied", "Give the function as many arguments as it takes."),
        ("Too many parameters supplied", "Give the function as many arguments as it takes."),
        ("Even number of parameters", "Give `case` pairs of a condition and a value, and one value for all else."),
        ("Exceeded max expression length", "Move the text into a script of its own, or split it."),
        ("Exceeded max expression depth", "Split the expression; a step's output can hold a part of it."),
        ("The expression is not closed", "Close it with `}}`; a `}}` within single quotes does not count."),
        ("An expression was expected", "Write an expression between `${{` and `}}`, or remove both."),
        ("The directive 'insert'", "Write `${{ insert }}` alone, as the key of a mapping."),
        ("Exactly 0 parameter(s)", "Write `${{ insert }}` alone, as the key of a mapping."),
    ]

    private static func context(_ name: String) -> String {
        let folded = name.lowercased()
        if folded == "secrets" {
            return "Secrets cannot be read here. For a condition, hand the secret on through `env`, and ask whether "
                + "`env.NAME != ''`."
        }
        if contexts.contains(folded) { return "There is no '\(folded)' at this key; others may have it." }
        if let meant = NearestName.find(name, among: contexts) { return "Did you mean '\(meant)'?" }
        return "Text stands in single quotes. The contexts are " + contexts.joined(separator: ", ")
            + ", though not each at every key."
    }

    private static func function(_ name: String) -> String {
        if let known = functions.first(where: { $0.lowercased() == name.lowercased() }) {
            return "'\(known)' cannot be called at this key."
        }
        if let meant = NearestName.find(name, among: functions) { return "Did you mean '\(meant)'?" }
        return "The functions are " + functions.joined(separator: ", ") + "."
    }

    private static func quoted(_ message: String, after beginning: String) -> String? {
        guard message.hasPrefix(beginning) else { return nil }
        return message.dropFirst(beginning.count).split(separator: "'", maxSplits: 1, omittingEmptySubsequences: false)
            .first.map(String.init)
    }
}
