// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// The codes of this target: filter patterns and file globs.
extension DiagnosticCode {
    /// A pattern with no text.
    public static let emptyPattern = DiagnosticCode(250)
    /// A `[…]` class that is empty, unclosed or has a broken range.
    public static let brokenCharacterClass = DiagnosticCode(251)
    /// `+` or `?` with nothing before it that it could repeat.
    public static let danglingQuantifier = DiagnosticCode(252)
    /// A character that no branch or tag name can have.
    public static let impossibleRefCharacter = DiagnosticCode(253)
    /// A path pattern with `.`, `..` or spaces around it, which never matches.
    public static let impossiblePathPattern = DiagnosticCode(254)
    /// A pattern over the length limit.
    public static let patternTooLong = DiagnosticCode(255)
    /// A backslash at the end, or a line break inside.
    public static let brokenEscape = DiagnosticCode(256)
    /// A `hashFiles` pattern with `.` or `..` inside, or with a glob as its root.
    public static let brokenFileGlob = DiagnosticCode(257)
    /// A walk for `hashFiles` that met too many entries or folders in folders.
    public static let walkTooLarge = DiagnosticCode(258)
}
