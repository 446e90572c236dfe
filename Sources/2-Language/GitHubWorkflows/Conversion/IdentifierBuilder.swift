// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Checks the ids that a file gives within one scope, and makes the ids of steps that have none.
struct IdentifierBuilder {
    private static let maximumLength = 100
    private static let maximumAttempts = 1000
    /// Folded to lower case.
    private var taken: Set<String> = []

    /// Takes `id`, or says why it cannot be had, in GitHub's words.
    mutating func take(_ id: String) -> (code: DiagnosticCode, message: String)? {
        guard Self.isValid(id) else {
            return (
                .identifierInvalid,
                "The identifier '\(id)' is invalid. IDs may only contain alphanumeric characters, '_', and '-'. IDs "
                    + "must start with a letter or '_' and and must be less than \(Self.maximumLength) characters."
            )
        }
        if id.hasPrefix("__") {
            return (.identifierReserved, "The identifier '\(id)' is invalid. IDs starting with '__' are reserved.")
        }
        if !taken.insert(id.lowercased()).inserted {
            return (.identifierTaken, "The identifier '\(id)' may not be used more than once within the same scope.")
        }
        return nil
    }

    /// A free id made of `text`; `nil` after a thousand of the same.
    mutating func generate(from text: String) -> String? {
        var base: [UInt8] = []
        for unit in text.utf16 {
            let byte = UInt8(exactly: unit) ?? 0
            base.append(Self.isWord(byte) || byte == UInt8(ascii: "-") ? byte : UInt8(ascii: "_"))
        }
        for attempt in 1..<Self.maximumAttempts {
            let suffix = attempt == 1 ? "" : "_\(attempt)"
            let kept = base.prefix(Self.maximumLength - suffix.utf8.count)
            let candidate = String(decoding: kept, as: UTF8.self) + suffix
            if taken.insert(candidate.lowercased()).inserted { return candidate }
        }
        return nil
    }

    private static func isValid(_ id: String) -> Bool {
        let bytes = id.utf8
        guard let first = bytes.first, bytes.count < maximumLength else { return false }
        let isDigit = first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")
        return isWord(first) && !isDigit && bytes.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
