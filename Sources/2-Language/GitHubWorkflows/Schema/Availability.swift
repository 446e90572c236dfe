// SPDX-License-Identifier: Apache-2.0

/// The named values that an expression may use at a key.
package struct ContextSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let github = ContextSet(rawValue: 1 << 0)
    package static let inputs = ContextSet(rawValue: 1 << 1)
    package static let vars = ContextSet(rawValue: 1 << 2)
    package static let secrets = ContextSet(rawValue: 1 << 3)
    package static let needs = ContextSet(rawValue: 1 << 4)
    package static let strategy = ContextSet(rawValue: 1 << 5)
    package static let matrix = ContextSet(rawValue: 1 << 6)
    package static let steps = ContextSet(rawValue: 1 << 7)
    package static let job = ContextSet(rawValue: 1 << 8)
    package static let runner = ContextSet(rawValue: 1 << 9)
    package static let env = ContextSet(rawValue: 1 << 10)
    package static let jobs = ContextSet(rawValue: 1 << 11)

    /// In the order of the bits.
    private static let allNames = [
        "github", "inputs", "vars", "secrets", "needs", "strategy", "matrix", "steps", "job", "runner", "env", "jobs",
    ]

    /// The names as written in expressions.
    package var names: [String] {
        Self.allNames.indices.filter { rawValue & (1 << UInt16($0)) != 0 }.map { Self.allNames[$0] }
    }
}

/// The functions beyond the always available ones that an expression may call at a key.
package struct FunctionSet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `always()`, `cancelled()`, `success()`, `failure()` about the steps so far.
    package static let stepStatus = FunctionSet(rawValue: 1 << 0)
    /// `always()`, `cancelled()`, `success(job, …)`, `failure(job, …)` about the needed jobs.
    package static let jobStatus = FunctionSet(rawValue: 1 << 1)
    package static let hashFiles = FunctionSet(rawValue: 1 << 2)

    /// What may be called, with the least and the greatest number of arguments.
    package var signatures: [FunctionSignature] {
        var result: [FunctionSignature] = []
        if contains(.stepStatus) || contains(.jobStatus) {
            let most = contains(.jobStatus) ? Int(Int32.max) : 0
            result.append(FunctionSignature(name: "always", arguments: 0...0))
            result.append(FunctionSignature(name: "cancelled", arguments: 0...0))
            result.append(FunctionSignature(name: "failure", arguments: 0...most))
            result.append(FunctionSignature(name: "success", arguments: 0...most))
        }
        if contains(.hashFiles) { result.append(FunctionSignature(name: "hashFiles", arguments: 1...255)) }
        return result
    }
}

package struct FunctionSignature: Hashable, Sendable {
    package var name: String
    package var arguments: ClosedRange<Int>
}

/// What expressions may use at a node; expressions are allowed where this is not empty.
package struct Availability: Hashable, Sendable {
    package var contexts: ContextSet
    package var functions: FunctionSet

    package init(_ contexts: ContextSet = [], _ functions: FunctionSet = []) {
        self.contexts = contexts
        self.functions = functions
    }

    package static let none = Availability()

    package var allowsExpressions: Bool { !contexts.isEmpty || !functions.isEmpty }

    package func union(_ other: Availability) -> Availability {
        Availability(contexts.union(other.contexts), functions.union(other.functions))
    }
}

/// The sets that the workflow schema names again and again.
extension Availability {
    static let run = Availability([.github, .inputs, .vars])
    static let runWithSecrets = Availability([.github, .inputs, .vars, .secrets])
    static let callOutputs = Availability([.github, .inputs, .vars, .jobs])
    static let needs = Availability([.github, .inputs, .vars, .needs])
    static let jobCondition = Availability([.github, .inputs, .vars, .needs], .jobStatus)
    static let strategy = Availability([.github, .inputs, .vars, .needs, .strategy, .matrix])
    static let strategyWithSecrets = strategy.union(Availability(.secrets))
    static let jobDefaults = strategy.union(Availability(.env))
    static let credentials = Availability([.github, .inputs, .vars, .secrets, .env])
    static let runnerWithoutSecrets = strategy.union(Availability([.steps, .job, .runner, .env]))
    static let runner = runnerWithoutSecrets.union(Availability(.secrets))
    static let step = runner.union(Availability([], .hashFiles))
    static let stepCondition = runnerWithoutSecrets.union(Availability([], [.stepStatus, .hashFiles]))
    static let actionInputDefault = Availability([.github, .strategy, .matrix, .job, .runner], .hashFiles)
    static let actionOutput = Availability([.github, .strategy, .matrix, .steps, .inputs, .job, .runner, .env])
    static let actionStep = actionOutput.union(Availability([], .hashFiles))
    static let actionStepCondition = actionOutput.union(Availability([], [.stepStatus, .hashFiles]))
    static let actionHookCondition = Availability(
        [.runner, .github, .job, .strategy, .matrix, .env, .inputs], [.stepStatus, .hashFiles])
    static let actionArguments = Availability(.inputs)
}
