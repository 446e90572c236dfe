// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics

/// What one reading knows besides the tokens: its files, what was found, and what it has cost so far.
struct ReadingLog {
    let limits: WorkflowLimits
    /// The first is the file that was asked for; called workflows follow.
    private(set) var files: [String] = []
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0
    /// Jobs of all files so far.
    var jobCount = 0
    private var sizeBytes = 0
    private var depth = 0

    init(limits: WorkflowLimits) {
        self.limits = limits
    }

    /// The index of `path` in the file table, where it is put unless it is there.
    mutating func fileIndex(_ path: String) throws(DiagnosticError) -> Int {
        let folded = path.lowercased()
        if let known = files.firstIndex(where: { $0.lowercased() == folded }) { return known }
        files.append(path)
        try addText(path)
        return files.count - 1
    }

    /// - Parameter remedy: `nil`: that of the code.
    mutating func error(_ code: DiagnosticCode, _ message: String, at place: TokenPlace?, remedy: String? = nil) {
        add(Diagnostic(code, message, remedy: remedy), at: place)
    }

    mutating func warning(_ code: DiagnosticCode, _ message: String, at place: TokenPlace) {
        add(Diagnostic(code, message, severity: .warning), at: place)
    }

    /// What came through an alias is placed there, and says where it is written.
    private mutating func add(_ diagnostic: Diagnostic, at place: TokenPlace?) {
        var placed = diagnostic
        placed.file = place.flatMap { files.indices.contains($0.file) ? files[$0.file] : nil }
        placed.position = place?.alias?.position ?? place?.position
        if let alias = place?.alias {
            let remedy = (diagnostic.remedy ?? WorkflowRemedies.remedy(for: diagnostic)).map { $0 + " " } ?? ""
            placed.remedy = remedy + "The alias stands for the value that begins on line \(alias.anchorLine)."
        }
        add(placed)
    }

    mutating func add(_ diagnostic: Diagnostic) {
        guard diagnostics.count < limits.diagnostics else { return }
        if diagnostic.severity == .error { errorCount += 1 }
        var diagnostic = diagnostic
        diagnostic.remedy = diagnostic.remedy ?? WorkflowRemedies.remedy(for: diagnostic)
        diagnostics.append(diagnostic)
    }

    /// Replaces the errors from `start` on.
    mutating func rewrite(from start: Int, _ change: (Diagnostic) -> Diagnostic) {
        for index in diagnostics.indices.dropFirst(start) { diagnostics[index] = change(diagnostics[index]) }
    }
}

/// What a reading costs, counted as GitHub's parser counts it: a token takes 24 bytes, a text 26 and two a unit.
extension ReadingLog {
    private static let tokenBytes = 24
    private static let textBytes = 26

    mutating func addToken() throws(DiagnosticError) {
        try add(bytes: Self.tokenBytes)
    }

    mutating func addToken(text: String) throws(DiagnosticError) {
        try add(bytes: Self.tokenBytes + Self.textBytes + 2 * text.utf16.count)
    }

    private mutating func addText(_ text: String) throws(DiagnosticError) {
        try add(bytes: Self.textBytes + 2 * text.utf16.count)
    }

    private mutating func add(bytes: Int) throws(DiagnosticError) {
        sizeBytes += bytes
        if sizeBytes > limits.resultBytes {
            throw DiagnosticError(Diagnostic(.workflowTooLarge, "Maximum object size exceeded"))
        }
    }

    mutating func enterCollection(at position: SourcePosition) throws(DiagnosticError) {
        guard depth < limits.depth else {
            throw DiagnosticError(Diagnostic(.fileTooDeep, "Maximum object depth exceeded", position: position))
        }
        depth += 1
    }

    mutating func leaveCollection() { depth -= 1 }

    /// Back to the top, after a reading that was broken off.
    mutating func resetDepth() { depth = 0 }
}
