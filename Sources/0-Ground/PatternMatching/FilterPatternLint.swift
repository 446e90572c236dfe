// SPDX-License-Identifier: Apache-2.0

import Diagnostics

extension FilterPattern {
    /// What a pattern is held against.
    public enum Subject: Hashable, Sendable {
        /// A branch or tag name, as `git check-ref-format` allows them.
        case ref
        /// A path relative to the repository's root.
        case path
    }

    /// Everything in a pattern that is broken or can never match, in order of place. An empty answer means fine.
    public static func lint(_ source: String, as subject: Subject) -> [PatternFinding] {
        let scalars = Array(source.unicodeScalars)
        guard !scalars.isEmpty else { return [PatternFinding(.emptyPattern, "The pattern is empty.", offset: 0)] }
        guard scalars.count <= maximumLength else {
            let message = "The pattern has \(scalars.count) characters; \(maximumLength) are allowed."
            return [PatternFinding(.patternTooLong, message, offset: maximumLength)]
        }
        if subject == .path, let finding = pathFinding(scalars) { return [finding] }
        var lint = FilterLint(scalars: scalars, subject: subject)
        return lint.run()
    }

    private static func pathFinding(_ scalars: [Unicode.Scalar]) -> PatternFinding? {
        func isSpace(_ scalar: Unicode.Scalar?) -> Bool { scalar?.properties.isWhitespace ?? false }
        if isSpace(scalars.first) || isSpace(scalars.last) {
            let message = "A path pattern must not begin or end with a space: no path would match."
            return PatternFinding(
                .impossiblePathPattern, message, offset: isSpace(scalars.first) ? 0 : scalars.count - 1)
        }
        let start = scalars.first == "!" ? 1 : 0
        let first = scalars[start...].prefix { $0 != "/" }
        guard first.elementsEqual(["."]) || first.elementsEqual([".", "."]) else { return nil }
        let message = "Paths begin at the repository's root, without './' or '../': this pattern never matches."
        return PatternFinding(.impossiblePathPattern, message, offset: start)
    }
}

/// Walks a pattern once and gathers what is wrong.
private struct FilterLint {
    let scalars: [Unicode.Scalar]
    let subject: FilterPattern.Subject
    var index = 0
    var findings: [PatternFinding] = []
    /// Whether the character before may be repeated.
    var isRepeatable = false

    init(scalars: [Unicode.Scalar], subject: FilterPattern.Subject) {
        self.scalars = scalars
        self.subject = subject
    }

    mutating func run() -> [PatternFinding] {
        if scalars[0] == "!" {
            index = 1
            if scalars.count == 1 {
                report(.emptyPattern, "At least one character must follow the '!'.", at: 0)
            }
        }
        if subject == .ref, index < scalars.count, scalars[index] == "/" {
            report(.impossibleRefCharacter, "A branch or tag name does not begin with '/'.", at: index)
        }
        while index < scalars.count { step() }
        if subject == .ref, let last = scalars.last, scalars.count > 1 || scalars[0] != "!", last == "/" || last == "."
        {
            report(.impossibleRefCharacter, "A branch or tag name does not end with '\(last)'.", at: scalars.count - 1)
        }
        return findings
    }

    private mutating func report(_ code: DiagnosticCode, _ message: String, at offset: Int) {
        findings.append(PatternFinding(code, message, offset: offset))
    }

    private mutating func step() {
        let scalar = scalars[index]
        let couldRepeat = isRepeatable
        isRepeatable = true
        switch scalar {
        case "\\": escape()
        case "+", "?":
            isRepeatable = false
            if !couldRepeat {
                let meaning = scalar == "+" ? "one or more" : "zero or one"
                let message =
                    "'\(scalar)' means \(meaning) of the character before it: "
                    + "a plain character or '[…]' must stand there. Write '\\\(scalar)' for the character itself."
                report(.danglingQuantifier, message, at: index)
            }
            index += 1
        case "*":
            isRepeatable = false
            index += 1
        case "[": characterClass()
        case "\r", "\n":
            report(.brokenEscape, "A pattern cannot have a line break in it.", at: index)
            index += 1
        case " ", "\t", "~", "^", ":":
            if subject == .ref { reportRef(scalar, at: index) }
            index += 1
        default:
            index += 1
        }
    }

    private mutating func reportRef(_ scalar: Unicode.Scalar, at offset: Int) {
        let shown = scalar == "\t" ? "a tab" : "'\(scalar)'"
        let message =
            "No branch or tag name can have \(shown) in it: see `man git-check-ref-format`. "
            + "This is a pattern, not a regular expression."
        report(.impossibleRefCharacter, message, at: offset)
    }

    private mutating func escape() {
        guard index + 1 < scalars.count else {
            report(.brokenEscape, "A character must follow the '\\'.", at: index)
            index += 1
            return
        }
        let escaped = scalars[index + 1]
        if subject == .ref {
            switch escaped {
            case "[", "?", "*": reportRef(escaped, at: index + 1)
            case "+", "!": break
            default: reportRef("\\", at: index)
            }
        }
        index += 2
    }

    private mutating func characterClass() {
        let open = index
        index += 1
        var members = 0
        while true {
            guard index < scalars.count else {
                report(.brokenCharacterClass, "The ']' that closes this '[' is missing.", at: open)
                return
            }
            let first = scalars[index]
            if first == "]" { break }
            guard index + 1 < scalars.count, scalars[index + 1] == "-" else {
                members += 1
                index += 1
                continue
            }
            members += 2
            guard index + 2 < scalars.count, scalars[index + 2] != "]" else {
                report(.brokenCharacterClass, "The end of this range is missing.", at: index)
                index += 2
                continue
            }
            if first > scalars[index + 2] {
                report(.brokenCharacterClass, "The range '\(first)-\(scalars[index + 2])' runs backwards.", at: index)
            }
            index += 3
        }
        index += 1
        if members == 0 {
            report(.brokenCharacterClass, "'[]' has no character in it.", at: open)
        } else if members == 1 {
            let only = scalars[open + 1]
            report(.brokenCharacterClass, "'[\(only)]' stands for one character only: write '\(only)'.", at: open)
        }
    }
}
