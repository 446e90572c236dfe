// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// Where the rules put what they found: bounded, and without doubles.
struct Findings {
    /// Past this many a file is not helped by more.
    static let maximumCount = 400

    private(set) var diagnostics: [Diagnostic] = []
    private var seen: Set<Identity> = []

    /// An aliased node is visited once for each alias: the same words at the same place count once.
    private struct Identity: Hashable {
        var code: DiagnosticCode
        var file: String?
        var position: SourcePosition
        var message: String
    }

    mutating func warn(_ code: DiagnosticCode, _ message: String, at position: SourcePosition, remedy: String? = nil) {
        add(Diagnostic(code, message, severity: .warning, position: position, remedy: remedy))
    }

    /// Only for what GitHub refuses, or what is certain to fail the run.
    mutating func refuse(_ code: DiagnosticCode, _ message: String, at position: SourcePosition, remedy: String? = nil)
    {
        add(Diagnostic(code, message, severity: .error, position: position, remedy: remedy))
    }

    mutating func add(_ diagnostic: Diagnostic) {
        let identity = Identity(
            code: diagnostic.code, file: diagnostic.file, position: diagnostic.position ?? .start,
            message: diagnostic.message)
        guard !isFull, seen.insert(identity).inserted else { return }
        diagnostics.append(diagnostic)
        guard isFull else { return }
        diagnostics.append(
            Diagnostic(
                .tooManyFindings, "There are more than \(Self.maximumCount) findings; the others are not shown.",
                severity: .warning, position: diagnostic.position, remedy: "Correct these first."))
    }

    /// Places what was found from `start` on at an alias.
    mutating func move(from start: Int, to alias: SourcePosition) {
        for index in diagnostics.indices.dropFirst(start) { diagnostics[index].position = alias }
    }

    /// Nothing more is taken: rules need not look further.
    var isFull: Bool { diagnostics.count >= Self.maximumCount }
}

/// Words for messages.
enum Wording {
    /// `'a', 'b' or 'c'`.
    static func choice(_ names: some Sequence<String>) -> String { list(names, joinedBy: "or") }

    /// `'a', 'b' and 'c'`.
    static func all(_ names: some Sequence<String>) -> String { list(names, joinedBy: "and") }

    private static func list(_ names: some Sequence<String>, joinedBy conjunction: String) -> String {
        let quoted = names.map { "'\($0)'" }
        guard quoted.count > 1, let last = quoted.last else { return quoted.first ?? "nothing" }
        return quoted.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }

    /// A value from the file, short enough for one line of a message.
    static func excerpt(_ text: String, limit: Int = 60) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: "⏎")
        return line.count <= limit ? line : String(line.prefix(limit)) + "…"
    }

    static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        NearestName.find(name, among: candidates)
    }
}
