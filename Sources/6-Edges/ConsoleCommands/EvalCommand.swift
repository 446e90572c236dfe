// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Diagnostics
internal import ExpressionLanguage
internal import StructuredData
internal import TerminalRendering

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Evaluate an expression of the workflow language.",
        discussion: """
            EXAMPLES
              martlet eval "format('{0}-{1}', 'a', 1)"
              martlet eval "github.ref == 'refs/heads/main'" --contexts '{"github":{"ref":"refs/heads/main"}}'
            """)

    @Argument(help: "The expression, with or without ${{ }}.")
    var expression: String?

    @Option(help: "The contexts it may name, as a JSON object.")
    var contexts = "{}"

    @Flag(help: "Read requests {\"expr\",\"contexts\"} from standard input, a line each, and answer each with a line.")
    var ndjson = false

    func validate() throws {
        guard ndjson != (expression != nil) else {
            throw ValidationError("Give an expression, or --ndjson and requests on standard input.")
        }
    }

    func run() throws {
        let console = Console()
        defer { console.flush() }
        if ndjson { return answerLines(console) }
        guard let expression else { return }
        var request = DataObject()
        request["expr"] = .string(Self.withoutMarks(expression))
        try console.guarded(.usage) {
            do {
                request["contexts"] = try DataValue(json: Array(contexts.utf8))
            } catch {
                throw DiagnosticError(.argumentInvalid, "--contexts is not JSON: \(error).")
            }
        }
        let answer = try DataValue(json: EvaluationRequest.answer(Array(request.jsonText().utf8)))
        if let message = answer["error"]?["message"]?.string {
            console.err.writeLine(message)
            throw ExitStatus.error.exit
        }
        let value = answer["result"]?["value"] ?? .null
        console.out.writeLine(value.isPrimitive ? value.coercedToString : value.prettyJSONText())
    }

    private func answerLines(_ console: Console) {
        StandardInput.forEachLine { line in
            console.out.write(EvaluationRequest.answer(line))
            console.out.writeLine()
        }
    }

    private static func withoutMarks(_ text: String) -> String {
        var trimmed = text[...]
        while trimmed.first == " " { trimmed.removeFirst() }
        while trimmed.last == " " { trimmed.removeLast() }
        guard trimmed.hasPrefix("${{"), trimmed.hasSuffix("}}"), trimmed.count >= 5 else { return text }
        return String(trimmed.dropFirst(3).dropLast(2))
    }
}
