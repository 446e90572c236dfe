// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// Findings as GitHub words them on its pages.
package enum DiagnosticText {
    private static let maximumLength = 500

    /// `path (Line: L, Col: C): message`; past 500 UTF-16 units the text is cut.
    ///
    /// Where a limit of the whole file is passed, and where the message names its place itself, GitHub gives no line.
    package static func gitHub(_ diagnostic: Diagnostic) -> String {
        var text = ""
        if let file = diagnostic.file {
            if diagnostic.code == .calledWorkflowFaulty { text += "In " }
            text += file
            if let position = diagnostic.position, !isOfWholeFile(diagnostic.code) {
                text += " (Line: \(position.line), Col: \(position.column))"
            }
            text += ": "
        }
        text += diagnostic.message
        guard text.utf16.count > maximumLength else { return text }
        return String(decoding: text.utf16.prefix(maximumLength), as: UTF16.self) + "[...]"
    }

    private static func isOfWholeFile(_ code: DiagnosticCode) -> Bool {
        switch code {
        case .tagInvalid, .fileTooLong, .fileTooDeep, .workflowTooLarge, .anchorsNotAllowed: true
        default: false
        }
    }
}
