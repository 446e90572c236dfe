// SPDX-License-Identifier: Apache-2.0

import ExpressionLanguage
import StructuredData

/// The value of an expression under the given contexts.
func value(
    _ text: String, _ contexts: DataObject = [:], functions: [String: ExpressionFunction] = [:],
    maximumMemoryBytes: Int = ExpressionLimits.maximumMemoryBytes
) throws(ExpressionError) -> DataValue {
    let scope = ExpressionScope(
        contexts: contexts.keys, functions: functions.keys.map { ExpressionFunctionSignature($0, 0, 255) })
    let evaluator = ExpressionEvaluator(
        contexts: ExpressionContexts(contexts), functions: functions, maximumMemoryBytes: maximumMemoryBytes)
    return try evaluator.evaluate(try ExpressionParser.parse(text, allowing: scope))
}

/// The error of an expression; `nil` where it has a value.
func failure(_ text: String, _ contexts: DataObject = [:]) -> ExpressionError? {
    do throws(ExpressionError) {
        _ = try value(text, contexts)
        return nil
    } catch {
        return error
    }
}
