// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What names and addresses of entries look like. All throw ``DiagnosticCode/directoryValue``.
enum EntryText {
    /// Letters, digits and `.`, `-`, `_`, beginning with a letter or a digit.
    static func checkName(_ name: String, _ what: String) throws(DiagnosticError) {
        try checkIsNoID(name)
        guard isName(name) else {
            throw .directoryValue(
                "The name of the \(what) has 1 to \(AccessLimits.nameBytes) letters, digits, '.', '-' and '_', "
                    + "and begins with a letter or a digit.")
        }
    }

    /// Where an id and a name are both taken, a name must not be another's id.
    private static func checkIsNoID(_ name: String) throws(DiagnosticError) {
        guard EntryID(name) != nil else { return }
        throw .directoryValue("'\(name)' looks like an id of an entry, and is no name.")
    }

    /// One or more names with `/` between.
    static func checkProjectName(_ name: String) throws(DiagnosticError) {
        try checkIsNoID(name)
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard name.utf8.count <= AccessLimits.nameBytes, parts.allSatisfy({ isName($0) && !$0.hasSuffix(".git") })
        else {
            throw .directoryValue("The name of a project is like 'web' or 'team/web'.")
        }
    }

    /// A line for people.
    static func checkTitle(_ text: String, _ what: String) throws(DiagnosticError) {
        guard !text.isBlank, text.utf8.count <= AccessLimits.nameBytes, text.unicodeScalars.allSatisfy(isShown) else {
            throw .directoryValue(
                "The name of the \(what) is a line of 1 to \(AccessLimits.nameBytes) bytes without control characters.")
        }
    }

    /// Goes to other programs' command lines: no blanks, and nothing that looks like an option.
    static func checkWord(_ text: String, _ what: String, limit: Int) throws(DiagnosticError) {
        guard (1...limit).contains(text.utf8.count), !text.hasPrefix("-"),
            text.unicodeScalars.allSatisfy({ isShown($0) && !$0.properties.isWhitespace })
        else {
            throw .directoryValue(
                "The \(what) has 1 to \(limit) bytes, no blanks, and does not begin with '-'.")
        }
    }

    /// That there is something before and behind an `@`; the rest only a mail that arrives can show.
    static func checkEmail(_ text: String) throws(DiagnosticError) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), text.utf8.count <= AccessLimits.addressBytes,
            text.unicodeScalars.allSatisfy({
                isShown($0) && !$0.properties.isWhitespace && !"<>,;\"".unicodeScalars.contains($0)
            })
        else { throw .directoryValue("This is no mail address.") }
    }

    static func checkURL(_ text: String) throws(DiagnosticError) {
        try checkWord(text, "address", limit: AccessLimits.urlBytes)
        let schemes = ["https://", "http://"]
        guard let scheme = schemes.first(where: { text.lowercased().hasPrefix($0) }) else {
            throw .directoryValue("The address begins with https:// or http://.")
        }
        let authority = text.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        guard !authority.isEmpty, !authority.contains("@") else {
            throw .directoryValue("The address names a host, and holds no user name or password.")
        }
    }

    /// An address to clone from is shown to everybody in the project, and kept for ever: it holds no credential.
    static func checkCloneURL(_ text: String) throws(DiagnosticError) {
        try checkWord(text, "address to clone from", limit: AccessLimits.urlBytes)
        _ = try CloneAddress(text)
    }

    static func checkLabels(_ labels: [String]) throws(DiagnosticError) {
        guard labels.count <= AccessLimits.labelsOfARunner else {
            throw .directoryLimit("labels of a runner", AccessLimits.labelsOfARunner)
        }
        for label in labels { try checkTitle(label, "label") }
    }

    static func checkEvents(_ events: [String]) throws(DiagnosticError) {
        guard events.count <= AccessLimits.eventNames else {
            throw .directoryLimit("names of events", AccessLimits.eventNames)
        }
        for event in events { try checkName(event, "event") }
    }

    /// GitHub's rule for secrets and variables.
    static func checkValueName(_ key: ValueKey) throws(DiagnosticError) {
        let bytes = Array(key.name.utf8)
        let isGood =
            (1...AccessLimits.nameBytes).contains(bytes.count) && !(48...57).contains(bytes[0])
            && bytes.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard isGood, !key.name.hasPrefix("GITHUB_") else {
            throw .directoryValue(
                "A \(key.kind.rawValue)'s name has letters, digits and '_', and begins neither with a digit nor with GITHUB_."
            )
        }
    }

    private static func isName(_ text: some StringProtocol) -> Bool {
        guard (1...AccessLimits.nameBytes).contains(text.utf8.count), let first = text.unicodeScalars.first else {
            return false
        }
        func isWord(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
        }
        return isWord(first) && text.unicodeScalars.allSatisfy { isWord($0) || ".-_".unicodeScalars.contains($0) }
    }

    /// No control characters, and none that change the direction of what follows.
    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension String {
    var isBlank: Bool { unicodeScalars.allSatisfy { $0.properties.isWhitespace } }
}

extension DiagnosticError {
    static func unknownEntry(_ what: String, _ name: String) -> DiagnosticError {
        DiagnosticError(.unknownEntry, "There is no \(what) '\(name.bounded(AccessLimits.nameBytes))'.")
    }

    static func nameTaken(_ what: String, _ name: String) -> DiagnosticError {
        DiagnosticError(
            .nameTaken, "The \(what) '\(name.bounded(AccessLimits.nameBytes))' is there already.",
            remedy: "Take another one, or change the one that is there.")
    }

    static func directoryLimit(_ what: String, _ limit: Int) -> DiagnosticError {
        DiagnosticError(
            .directoryLimit, "There may be \(limit) \(what), and there are.",
            remedy: "Remove what is not used any more.")
    }

    static func directoryValue(_ message: String) -> DiagnosticError { DiagnosticError(.directoryValue, message) }
    static func scopeTooWide(_ message: String) -> DiagnosticError {
        DiagnosticError(.scopeTooWide, message, remedy: "Ask for less, or for the role first.")
    }
}
