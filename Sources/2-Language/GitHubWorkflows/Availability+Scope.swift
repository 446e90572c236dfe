// SPDX-License-Identifier: Apache-2.0

package import ExpressionLanguage

extension Availability {
    /// What the expression parser allows here.
    package var scope: ExpressionScope {
        ExpressionScope(
            contexts: contexts.names,
            functions: functions.signatures.map {
                ExpressionFunctionSignature($0.name, $0.arguments.lowerBound, $0.arguments.upperBound)
            })
    }
}
