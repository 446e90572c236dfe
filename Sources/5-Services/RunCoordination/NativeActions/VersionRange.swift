// SPDX-License-Identifier: Apache-2.0

/// A version of a tool, as semver has it; parts that are not there are 0.
struct ToolVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    var numbers: [Int]
    /// After a `-`; empty for a release.
    var early = ""
    /// After a `+`: the build, where that tells versions apart (Java).
    var build = ""

    init(_ numbers: [Int], early: String = "") {
        self.numbers = (numbers + [0, 0, 0]).prefix(3).map { $0 }
        self.early = early
    }

    /// `v20.1.0`, `20.1`, `1.22.0-rc.1`, `17.0.9+9`.
    init?(_ text: some StringProtocol) {
        var rest = Substring(text)
        if rest.first == "v" || rest.first == "=" { rest = rest.dropFirst() }
        if let plus = rest.firstIndex(of: "+") {
            build = String(rest[rest.index(after: plus)...])
            rest = rest[..<plus]
        }
        if let dash = rest.firstIndex(of: "-") {
            early = String(rest[rest.index(after: dash)...])
            rest = rest[..<dash]
        }
        let parts = rest.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Int($0) }
        guard !parts.isEmpty, numbers.count == parts.count, numbers.allSatisfy({ (0...Self.largest).contains($0) })
        else { return nil }
        self.numbers = (numbers + [0, 0]).prefix(max(3, numbers.count)).map { $0 }
    }

    /// No tool counts further.
    private static let largest = Int(Int32.max)

    var major: Int { numbers[0] }
    var description: String {
        numbers.map(String.init).joined(separator: ".") + (early.isEmpty ? "" : "-" + early)
    }

    static func < (left: ToolVersion, right: ToolVersion) -> Bool {
        let length = max(left.numbers.count, right.numbers.count)
        func padded(_ version: ToolVersion) -> [Int] {
            version.numbers + Array(repeating: 0, count: length - version.numbers.count)
        }
        let (one, other) = (padded(left), padded(right))
        if one != other { return one.lexicographicallyPrecedes(other) }
        if left.early != right.early {
            // What comes before a release is less than it.
            if left.early.isEmpty || right.early.isEmpty { return !left.early.isEmpty }
            return left.early < right.early
        }
        return (Int(left.build.prefix { $0.isNumber }) ?? 0) < (Int(right.build.prefix { $0.isNumber }) ?? 0)
    }
}

/// A range of versions in npm's language: `20`, `20.x`, `>=18 <21`, `^1.2.3`, `~3.11`, `1 - 2`, `a || b`.
struct VersionRange: Sendable {
    private enum Order { case less, lessOrEqual, greater, greaterOrEqual, equal }

    private struct Bound {
        var order: Order
        var version: ToolVersion
    }

    private let alternatives: [[Bound]]
    private let takesEarly: Bool

    /// - Parameter takesEarly: whether versions before a release match where the range names none.
    init?(_ text: String, takesEarly: Bool = false) {
        var alternatives: [[Bound]] = []
        for part in text.split(separator: "||", omittingEmptySubsequences: false) {
            guard let bounds = Self.bounds(part.trimmingBlanks()) else { return nil }
            alternatives.append(bounds)
        }
        self.alternatives = alternatives
        self.takesEarly = takesEarly || text.contains("-")
    }

    func contains(_ version: ToolVersion) -> Bool {
        guard takesEarly || version.early.isEmpty else { return false }
        return alternatives.contains { $0.allSatisfy { Self.holds($0, version) } }
    }

    private static func holds(_ bound: Bound, _ version: ToolVersion) -> Bool {
        var version = version
        if bound.version.build.isEmpty { version.build = "" }
        switch bound.order {
        case .less: return version < bound.version
        case .lessOrEqual: return version <= bound.version
        case .greater: return version > bound.version
        case .greaterOrEqual: return version >= bound.version
        case .equal: return !(version < bound.version) && !(bound.version < version)
        }
    }

    private static func bounds(_ text: String) -> [Bound]? {
        var words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        if words.count == 3, words[1] == "-" { words = [">=" + words[0], "<=" + words[2]] }
        // An operator may stand apart from its version.
        var joined: [String] = []
        for word in words {
            if let last = joined.last, last.allSatisfy({ "<>=~^".contains($0) }) {
                joined[joined.count - 1] = last + word
            } else {
                joined.append(word)
            }
        }
        var bounds: [Bound] = []
        for word in joined {
            guard let own = comparator(word) else { return nil }
            bounds += own
        }
        return bounds
    }

    private static func comparator(_ word: String) -> [Bound]? {
        let mark = String(word.prefix { "<>=~^".contains($0) })
        var rest = word.dropFirst(mark.count)
        if rest.first == "v" { rest = rest.dropFirst() }
        let core = rest.prefix { $0 != "-" && $0 != "+" }
        let parts = core.split(separator: ".").prefix { !["x", "X", "*"].contains($0) }.compactMap { Int($0) }
        let given = core.split(separator: ".").filter { !["x", "X", "*"].contains($0) }
        guard given.count == parts.count, parts.count <= 4 else { return nil }
        if parts.isEmpty { return ["<", ">"].contains(mark) ? nil : [] }
        guard let version = ToolVersion(parts.count >= 3 ? String(rest) : parts.map(String.init).joined(separator: "."))
        else { return nil }
        let isWhole = parts.count >= 3
        /// The first version that the part of that number does not allow any more.
        func after(_ place: Int) -> Bound {
            var numbers = Array(version.numbers.prefix(place + 1))
            numbers[place] += 1
            return Bound(order: .less, version: ToolVersion(numbers, early: "0"))
        }
        let last = parts.count - 1
        switch mark {
        case "", "=", "==":
            return isWhole
                ? [Bound(order: .equal, version: version)]
                : [.init(order: .greaterOrEqual, version: version), after(last)]
        case "~", "~>", "~=": return [Bound(order: .greaterOrEqual, version: version), after(min(1, last))]
        case "^":
            let place = version.numbers.firstIndex { $0 > 0 } ?? last
            return [Bound(order: .greaterOrEqual, version: version), after(min(place, last))]
        case ">=": return [Bound(order: .greaterOrEqual, version: version)]
        case "<": return [Bound(order: .less, version: version)]
        case ">":
            return isWhole
                ? [Bound(order: .greater, version: version)]
                : [Bound(order: .greaterOrEqual, version: after(last).version)]
        case "<=": return isWhole ? [Bound(order: .lessOrEqual, version: version)] : [after(last)]
        default: return nil
        }
    }
}
