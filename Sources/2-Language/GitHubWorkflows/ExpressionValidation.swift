// SPDX-License-Identifier: Apache-2.0

internal import ExpressionLanguage
internal import Synchronization

/// Whether an expression can be read where it stands.
enum ExpressionValidation {
    enum StatusFunction {
        case called
        case notCalled
        /// GitHub's message.
        case fault(String)
    }

    /// Why `source` cannot be read with what is available; `nil` where it can.
    static func fault(in source: String, _ availability: Availability) -> String? {
        do throws(ExpressionError) {
            _ = try ExpressionParser.parse(source, allowing: scope(availability))
            return nil
        } catch {
            return error.message
        }
    }

    static func statusFunction(in source: String, _ availability: Availability) -> StatusFunction {
        do throws(ExpressionError) {
            let expression = try ExpressionParser.parse(source, allowing: scope(availability))
            return expression.callsStatusFunction ? .called : .notCalled
        } catch {
            return .fault(error.message)
        }
    }

    /// A file has few distinct scopes and many expressions.
    private static let scopes = Mutex<[Availability: ExpressionScope]>([:])

    private static func scope(_ availability: Availability) -> ExpressionScope {
        scopes.withLock { known in
            if let scope = known[availability] { return scope }
            let scope = availability.scope
            known[availability] = scope
            return scope
        }
    }
}
