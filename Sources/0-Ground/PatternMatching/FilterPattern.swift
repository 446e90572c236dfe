// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// Something that is wrong with a pattern, and where in it.
public struct PatternFinding: Hashable, Sendable {
    public var code: DiagnosticCode
    /// One sentence or more, without a trailing newline.
    public var message: String
    /// 0-based, in Unicode scalars from the pattern's start (a leading `!` counted).
    public var offset: Int

    public init(_ code: DiagnosticCode, _ message: String, offset: Int) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    /// The finding as a diagnostic; `start` is where the pattern's first character stands in the file, if known.
    public func diagnostic(severity: Diagnostic.Severity = .error, start: SourcePosition? = nil) -> Diagnostic {
        var position = start
        position?.column += offset
        return Diagnostic(code, message, severity: severity, position: position)
    }
}

/// A pattern that cannot be compiled.
public struct PatternError: CodedError, Hashable {
    public var pattern: String
    public var finding: PatternFinding

    public var diagnostic: Diagnostic {
        Diagnostic(
            finding.code, "The pattern '\(pattern)' is broken at character \(finding.offset + 1): \(finding.message)")
    }
}

/// One pattern of a `branches`, `tags` or `paths` filter, compiled.
///
/// The language is the one of GitHub's filter pattern cheat sheet: `*` (no slash), `**`, `?` and `+` (quantifiers of
/// the character before), `[…]`, `\` and a leading `!`. Matching simulates the automaton: the cost is at most
/// pattern length × text length, whatever the pattern.
public struct FilterPattern: Hashable, Sendable {
    /// The longest pattern that is taken, in Unicode scalars.
    public static let maximumLength = 4096

    /// As written, with the `!`.
    public let source: String
    /// Whether it began with `!`: what it matches is taken out again.
    public let isNegated: Bool
    private let program: PatternProgram

    /// - Throws: ``PatternError`` where the text cannot be given a meaning. What merely looks wrong is a finding of
    ///   ``lint(_:as:)``.
    public init(_ source: String) throws(PatternError) {
        self.source = source
        let scalars = Array(source.unicodeScalars)
        guard scalars.count <= Self.maximumLength else {
            let message = "it has \(scalars.count) characters; \(Self.maximumLength) are allowed."
            throw PatternError(
                pattern: String(source.prefix(40)) + "…",
                finding: PatternFinding(.patternTooLong, message, offset: Self.maximumLength))
        }
        isNegated = scalars.first == "!"
        var compiler = FilterCompiler(scalars: scalars, index: isNegated ? 1 : 0)
        do {
            program = try compiler.compile()
        } catch {
            throw PatternError(pattern: source, finding: error)
        }
    }

    /// Whether the whole of `text` matches; a leading `!` of the pattern plays no part.
    public func matches(_ text: String) -> Bool { program.matches(text) }
}

extension PatternFinding: Error {}

/// Turns the text of a filter pattern into a program.
private struct FilterCompiler {
    let scalars: [Unicode.Scalar]
    var index: Int
    var steps: [PatternProgram.Step] = []
    /// Where the step of the character before starts, if a quantifier may follow it.
    var atom: Int?

    mutating func compile() throws(PatternFinding) -> PatternProgram {
        while index < scalars.count {
            let scalar = scalars[index]
            switch scalar {
            case "*": takeStars()
            case "+", "?": takeQuantifier(scalar)
            case "[": add(try takeClass())
            case "\\":
                guard index + 1 < scalars.count else {
                    throw PatternFinding(.brokenEscape, "a character must follow the '\\'.", offset: index)
                }
                add(.one(scalars[index + 1]))
                index += 2
            default:
                add(.one(scalar))
                index += 1
            }
        }
        return PatternProgram(steps: steps)
    }

    private mutating func add(_ set: PatternProgram.ScalarSet) {
        atom = steps.count
        steps.append(.take(set, repeats: false))
    }

    /// `**/` also stands for nothing at all, so that `docs/**/*.md` finds `docs/README.md`.
    private mutating func takeStars() {
        atom = nil
        guard index + 1 < scalars.count, scalars[index + 1] == "*" else {
            steps.append(.fork(skipping: 1))
            steps.append(.take(.notSlash, repeats: true))
            index += 1
            return
        }
        if index + 2 < scalars.count, scalars[index + 2] == "/" {
            steps.append(.fork(skipping: 2))
            steps.append(.take(.any, repeats: true))
            steps.append(.take(.one("/"), repeats: false))
            index += 3
        } else {
            steps.append(.fork(skipping: 1))
            steps.append(.take(.any, repeats: true))
            index += 2
        }
    }

    /// At the very start a quantifier is a plain character; after a wildcard or another one it changes nothing.
    private mutating func takeQuantifier(_ scalar: Unicode.Scalar) {
        defer { index += 1 }
        guard let start = atom else {
            if steps.isEmpty { add(.one(scalar)) }
            return
        }
        atom = nil
        guard case .take(let set, _) = steps[start] else { return }
        if scalar == "+" {
            steps[start] = .take(set, repeats: true)
        } else {
            steps.insert(.fork(skipping: 1), at: start)
        }
    }

    private mutating func takeClass() throws(PatternFinding) -> PatternProgram.ScalarSet {
        let open = index
        index += 1
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while true {
            guard index < scalars.count else {
                throw PatternFinding(.brokenCharacterClass, "the ']' that closes this '[' is missing.", offset: open)
            }
            let first = scalars[index]
            if first == "]" { break }
            guard index + 1 < scalars.count, scalars[index + 1] == "-" else {
                ranges.append(first...first)
                index += 1
                continue
            }
            guard index + 2 < scalars.count, scalars[index + 2] != "]" else {
                throw PatternFinding(.brokenCharacterClass, "the end of this range is missing.", offset: index)
            }
            let last = scalars[index + 2]
            guard first <= last else {
                let message = "the range '\(first)-\(last)' runs backwards."
                throw PatternFinding(.brokenCharacterClass, message, offset: index)
            }
            ranges.append(first...last)
            index += 3
        }
        index += 1
        guard !ranges.isEmpty else {
            throw PatternFinding(.brokenCharacterClass, "'[]' has no character in it.", offset: open)
        }
        return .ranges(ranges)
    }
}
