// SPDX-License-Identifier: Apache-2.0

extension FileGlob {
    /// The name that a segment stands for where it has no wildcard; a class of one character counts as that character.
    static func literal(_ text: Substring) -> String? {
        let scalars = Array(text.unicodeScalars)
        var name = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar == "\\", index + 1 < scalars.count {
                name.append(scalars[index + 1])
                index += 2
                continue
            }
            if scalar == "*" || scalar == "?" { return nil }
            if scalar == "[", let close = scalars[(index + 1)...].firstIndex(of: "]"), close > index + 1 {
                guard close == index + 2 else { return nil }
                name.append(scalars[index + 1])
                index = close + 1
                continue
            }
            name.append(scalar)
            index += 1
        }
        return String(name)
    }

    static func segment(_ text: Substring) -> Segment {
        if text == "**" { return .anyDepth }
        let scalars = Array(text.unicodeScalars)
        var steps: [PatternProgram.Step] = []
        var index = 0
        var hasWildcard = false
        while index < scalars.count {
            switch scalars[index] {
            case "*":
                hasWildcard = true
                steps.append(.fork(skipping: 1))
                steps.append(.take(.notSlash, repeats: true))
                index += 1
            case "?":
                hasWildcard = true
                steps.append(.take(.notSlash, repeats: false))
                index += 1
            case "[":
                guard let (set, next) = characterClass(scalars, from: index) else { fallthrough }
                hasWildcard = true
                steps.append(.take(set, repeats: false))
                index = next
            default:
                if scalars[index] == "\\", index + 1 < scalars.count { index += 1 }
                steps.append(.take(.one(scalars[index]), repeats: false))
                index += 1
            }
        }
        if hasWildcard { return .wildcard(PatternProgram(steps: steps)) }
        var name = String.UnicodeScalarView()
        for case .take(.one(let scalar), _) in steps { name.append(scalar) }
        return .literal(String(name))
    }

    /// A class and the index after it; `nil` where the `[` is a plain character (no `]`, or a range that runs
    /// backwards).
    private static func characterClass(
        _ scalars: [Unicode.Scalar], from open: Int
    ) -> (set: PatternProgram.ScalarSet, next: Int)? {
        var index = open + 1
        var isInverted = false
        if index < scalars.count, scalars[index] == "!" || scalars[index] == "^" {
            isInverted = true
            index += 1
        }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        /// One member, without the escape before it.
        func member() -> Unicode.Scalar? {
            if index + 1 < scalars.count, scalars[index] == "\\" { index += 1 }
            guard index < scalars.count else { return nil }
            defer { index += 1 }
            return scalars[index]
        }
        while index < scalars.count {
            if scalars[index] == "]", index > open + 1 {
                return (isInverted ? .outsideRanges(ranges) : .ranges(ranges), index + 1)
            }
            guard let first = member() else { return nil }
            guard index + 1 < scalars.count, scalars[index] == "-", scalars[index + 1] != "]" else {
                ranges.append(first...first)
                continue
            }
            index += 1
            guard let last = member(), first <= last else { return nil }
            ranges.append(first...last)
        }
        return nil
    }
}
