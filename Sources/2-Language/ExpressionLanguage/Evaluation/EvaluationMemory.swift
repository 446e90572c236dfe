// SPDX-License-Identifier: Apache-2.0

/// What the live values of one evaluation take, counted as GitHub's runner counts them: 24 bytes an object, 26 and
/// two a UTF-16 unit for a string; once a node has a primitive result, what lies below it is free again.
struct EvaluationMemory {
    private let maximumBytes: Int
    private var total = 0
    /// By level of the tree.
    private var levels: [Int] = []

    init(maximumBytes: Int) {
        self.maximumBytes = maximumBytes
    }

    /// What is left, and so what a function may build.
    var remainingBytes: Int { max(0, maximumBytes - total) }

    /// Whether the bytes still fit.
    mutating func add(_ bytes: Int, level: Int, freesDeeperLevels: Bool) -> Bool {
        if freesDeeperLevels {
            while levels.count > level + 1 { total -= levels.removeLast() }
        }
        while levels.count <= level { levels.append(0) }
        levels[level] += bytes
        total += bytes
        return total <= maximumBytes
    }

    static func bytes(of string: String) -> Int { 26 + 2 * string.utf16.count }
    static let objectBytes = 24
    static let pointerBytes = 8
}
