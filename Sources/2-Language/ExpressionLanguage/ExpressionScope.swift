// SPDX-License-Identifier: Apache-2.0

/// A function's name and how many arguments it takes.
package struct ExpressionFunctionSignature: Hashable, Sendable {
    /// As it is written in manuals; calls may write it in any case.
    package var name: String
    package var minimumArguments: Int
    package var maximumArguments: Int

    package init(_ name: String, _ minimumArguments: Int, _ maximumArguments: Int) {
        self.name = name
        self.minimumArguments = minimumArguments
        self.maximumArguments = maximumArguments
    }

    private static let any = ExpressionLimits.maximumArguments

    /// The functions that every expression may call.
    package static let general: [ExpressionFunctionSignature] = [
        .init("case", 3, any), .init("contains", 2, 2), .init("endsWith", 2, 2), .init("format", 1, any),
        .init("fromJSON", 1, 1), .init("join", 1, 2), .init("startsWith", 2, 2), .init("toJSON", 1, 1),
    ]
    /// What an `if` of a job adds: `success` and `failure` take ids of jobs.
    package static let jobStatus: [ExpressionFunctionSignature] = [
        .init("always", 0, 0), .init("cancelled", 0, 0), .init("failure", 0, any), .init("success", 0, any),
    ]
    /// What an `if` of a step adds.
    package static let stepStatus: [ExpressionFunctionSignature] = [
        .init("always", 0, 0), .init("cancelled", 0, 0), .init("failure", 0, 0), .init("success", 0, 0),
    ]
    /// What keys that are evaluated where the job runs add.
    package static let hashFiles = ExpressionFunctionSignature("hashFiles", 1, any)

    /// In lower case.
    package static let statusFunctionNames: Set<String> = ["always", "cancelled", "failure", "success"]
}

/// The contexts and functions that an expression may name, next to the general functions.
package struct ExpressionScope: Sendable {
    /// Names in lower case; `nil` allows every name.
    private var contexts: Set<String>?
    /// By name in lower case; the general ones among them.
    private var functions: [String: ExpressionFunctionSignature]

    package init(contexts: some Sequence<String>, functions: some Sequence<ExpressionFunctionSignature> = []) {
        self.contexts = Set(contexts.lazy.map { $0.lowercased() })
        self.functions = Self.general
        for function in functions {
            let name = function.name.lowercased()
            if self.functions[name] == nil { self.functions[name] = function }
        }
    }

    private init() {
        functions = Self.general
    }

    /// Allows every context and every function, and general functions their arguments: for reading the shape only.
    package static let anything = ExpressionScope()
    private static let general = Dictionary(
        uniqueKeysWithValues: ExpressionFunctionSignature.general.map { ($0.name.lowercased(), $0) })

    var allowsUnknownFunctions: Bool { contexts == nil }
    func allows(context name: String) -> Bool { contexts?.contains(name) ?? true }
    func function(_ name: String) -> ExpressionFunctionSignature? { functions[name] }
}
