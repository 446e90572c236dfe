// SPDX-License-Identifier: Apache-2.0

/// A stable, documented code: `MRT0101`. Every code has a page in `docs/errors/`.
public struct DiagnosticCode: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// 1 … 9999.
    public let number: Int

    public init(_ number: Int) {
        precondition((1...9999).contains(number), "a diagnostic code has four digits")
        self.number = number
    }

    /// `MRT` and four digits.
    public var description: String {
        let digits = String(number)
        return "MRT" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    public static func < (left: DiagnosticCode, right: DiagnosticCode) -> Bool { left.number < right.number }
}

/// One finding about a text or a request: what happened, where, and what to do.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable, Codable {
        case error
        case warning
    }

    public var code: DiagnosticCode
    public var severity: Severity
    /// One or more sentences, without a trailing newline.
    public var message: String
    /// As the user gave it, or relative to the repository's root.
    public var file: String?
    public var position: SourcePosition?
    /// What to do next, in the imperative; `nil` where the message already says it.
    public var remedy: String?

    public init(
        _ code: DiagnosticCode,
        _ message: String,
        severity: Severity = .error,
        file: String? = nil,
        position: SourcePosition? = nil,
        remedy: String? = nil
    ) {
        self.code = code
        self.severity = severity
        self.message = message
        self.file = file
        self.position = position
        self.remedy = remedy
    }
}

/// An error that can be shown to a person as it is: every thrown error of Martlet conforms.
public protocol CodedError: Error, Sendable {
    var diagnostic: Diagnostic { get }
}

/// A diagnostic that is thrown: the plain case of ``CodedError``.
public struct DiagnosticError: CodedError, CustomStringConvertible {
    public var diagnostic: Diagnostic

    public init(_ diagnostic: Diagnostic) {
        self.diagnostic = diagnostic
    }

    public init(_ code: DiagnosticCode, _ message: String, remedy: String? = nil) {
        diagnostic = Diagnostic(code, message, remedy: remedy)
    }

    public var description: String { "\(diagnostic.code): \(diagnostic.message)" }
}
