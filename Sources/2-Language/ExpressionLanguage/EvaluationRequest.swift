// SPDX-License-Identifier: Apache-2.0

internal import StructuredData

/// One line of `martlet eval --ndjson` and its answer.
package enum EvaluationRequest {
    /// A request line may not be longer.
    package static let maximumBytes = 32 << 20

    /// Answers `{"expr": "…", "contexts": {…}}`, without a line break at the end of the answer.
    ///
    /// The contexts that the expression may name are exactly the keys of `contexts`, the functions the general
    /// ones. The answer is `{"result":{"kind":…,"value":…}}` or `{"error":{"kind":…,"message":…}}`, where a line
    /// that is no request is an error of kind `request`. Numbers that JSON lacks (NaN and the infinities) have the
    /// kind `Number` and the value `null`, in arrays and objects too.
    package static func answer(_ line: some Sequence<UInt8>) -> [UInt8] {
        var answer: [UInt8] = []
        switch evaluate(line) {
        case .success(let value):
            DataObject([("result", .object(["kind": .string(value.expressionKind), "value": value]))])
                .appendJSON(to: &answer)
        case .failure(let failure):
            DataObject([
                ("error", .object(["kind": .string(failure.kind), "message": .string(failure.message)]))
            ]).appendJSON(to: &answer)
        }
        return answer
    }

    private struct Failure: Error {
        var kind: String
        var message: String
    }

    private static func evaluate(_ line: some Sequence<UInt8>) -> Result<DataValue, Failure> {
        Result { () throws(Failure) in
            let (text, contexts) = try read(line)
            do throws(ExpressionError) {
                let scope = ExpressionScope(contexts: contexts.keys)
                let expression = try ExpressionParser.parse(text, allowing: scope)
                return try ExpressionEvaluator(contexts: ExpressionContexts(contexts)).evaluate(expression)
            } catch {
                throw Failure(kind: error.kind.rawValue, message: error.message)
            }
        }
    }

    private static func read(_ line: some Sequence<UInt8>) throws(Failure) -> (String, DataObject) {
        let request: DataValue
        do {
            request = try DataValue(json: line, limits: JSONLimits(maximumBytes: maximumBytes))
        } catch {
            throw Failure(kind: "request", message: error.description)
        }
        guard case .string(let text) = request["expr"] else {
            throw Failure(kind: "request", message: "The request has no string 'expr'")
        }
        switch request["contexts"] {
        case nil, .null: return (text, DataObject())
        case .object(let contexts):
            guard case .object(let distinct) = DataValue.object(contexts).withoutCaseVariants else {
                preconditionFailure("an object stays one")
            }
            return (text, distinct)
        default: throw Failure(kind: "request", message: "'contexts' is not an object")
        }
    }
}
