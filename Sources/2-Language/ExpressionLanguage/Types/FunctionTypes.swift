// SPDX-License-Identifier: Apache-2.0

/// One form of a function: the types of its arguments and of its value.
struct FunctionType {
    var name: String
    var parameters: [ExpressionType]
    /// How many of the parameters a call may leave out at the end.
    var optionalCount = 0
    /// Whether the last parameter may be given again and again.
    var isVariadic = false
    var result: ExpressionType

    func parameter(_ index: Int) -> ExpressionType? {
        if index < parameters.count { return parameters[index] }
        return isVariadic ? parameters.last : nil
    }

    func takes(_ count: Int) -> Bool {
        count >= parameters.count - optionalCount && (isVariadic || count <= parameters.count)
    }

    var description: String {
        let parameters = parameters.map(\.description).joined(separator: ", ") + (isVariadic ? "..." : "")
        return "\(name)(\(parameters)) -> \(result)"
    }
}

extension FunctionType {
    /// By name in lower case; where there are several forms, a call has to fit one.
    static let all: [String: [FunctionType]] = {
        let array = ExpressionType.array(.any)
        let forms: [FunctionType] = [
            .init(name: "always", parameters: [], result: .bool),
            .init(name: "cancelled", parameters: [], result: .bool),
            .init(name: "case", parameters: [.bool, .any, .any], isVariadic: true, result: .any),
            .init(name: "contains", parameters: [.string, .string], result: .bool),
            .init(name: "contains", parameters: [array, .any], result: .bool),
            .init(name: "endsWith", parameters: [.string, .string], result: .bool),
            .init(name: "failure", parameters: [.string], optionalCount: 1, isVariadic: true, result: .bool),
            .init(name: "format", parameters: [.string, .any], optionalCount: 1, isVariadic: true, result: .string),
            .init(name: "fromJSON", parameters: [.string], result: .any),
            .init(name: "hashFiles", parameters: [.string], isVariadic: true, result: .string),
            .init(name: "join", parameters: [.array(.string), .string], optionalCount: 1, result: .string),
            .init(name: "startsWith", parameters: [.string, .string], result: .bool),
            .init(name: "success", parameters: [.string], optionalCount: 1, isVariadic: true, result: .bool),
            .init(name: "toJSON", parameters: [.any], result: .string),
        ]
        return Dictionary(grouping: forms) { $0.name.lowercased() }
    }()

    /// Functions that only some keys may call, by name in lower case.
    static let special: Set<String> = ExpressionFunctionSignature.statusFunctionNames.union(["hashfiles"])
}
