// SPDX-License-Identifier: Apache-2.0

/// A run's number in its store: 1, 2, … It never changes and is never given again.
public struct RunID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let number: Int

    public init(_ number: Int) { self.number = number }

    public init?(_ text: some StringProtocol) {
        guard let number = Int(text), number > 0 else { return nil }
        self.number = number
    }

    public var description: String { String(number) }
    public static func < (left: RunID, right: RunID) -> Bool { left.number < right.number }
}

/// A job of a plan: its id in the workflow; inside a called workflow `caller/inner`.
public struct JobKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }
    /// The calling job's key; `nil` at the top.
    public var caller: JobKey? {
        text.lastIndex(of: "/").map { JobKey(String(text[..<$0])) }
    }
    /// The id as the job's own file has it.
    public var localID: Substring {
        text.lastIndex(of: "/").map { text[text.index(after: $0)...] } ?? text[...]
    }

    public static func < (left: JobKey, right: JobKey) -> Bool { left.text < right.text }
}

/// A job of a run: the planned job's key where every part that a matrix expanded carries its leg, counted from 1:
/// `build`, `test#2`, `deploy#1/migrate`.
public struct JobID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }
    public static func < (left: JobID, right: JobID) -> Bool { left.text < right.text }

    /// The planned job this one came from.
    public var key: JobKey {
        JobKey(text.split(separator: "/").map { $0.prefix { $0 != "#" } }.joined(separator: "/"))
    }
}

/// A step of a job by its place: `3`, or `3.1` for the first step inside the composite action that is step 3. From 1.
public struct StepPath: Hashable, Sendable, CustomStringConvertible {
    public let indexes: [Int]

    public init(_ indexes: [Int]) { self.indexes = indexes }
    public init(_ index: Int) { indexes = [index] }

    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard !parts.isEmpty, parts.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
        indexes = parts.compactMap { $0 }
    }

    public func child(_ index: Int) -> StepPath { StepPath(indexes + [index]) }
    public var parent: StepPath? { indexes.count > 1 ? StepPath(indexes.dropLast()) : nil }
    public var description: String { indexes.map(String.init).joined(separator: ".") }
}
