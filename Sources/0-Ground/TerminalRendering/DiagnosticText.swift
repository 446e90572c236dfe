// SPDX-License-Identifier: Apache-2.0

package import Diagnostics

/// A diagnostic as people read it: what, where with the line and a caret, and what to do.
package struct DiagnosticText {
    private let palette: Palette

    package init(palette: Palette) {
        self.palette = palette
    }

    /// `source` is the text that the diagnostic's position points into, where it is at hand.
    package func render(_ diagnostic: Diagnostic, source: [UInt8]? = nil) -> String {
        let (label, style): (String, TerminalStyle) =
            diagnostic.severity == .error ? ("error", .boldRed) : ("warning", .yellow)
        var lines = [palette.paint("\(label)[\(diagnostic.code)]", style) + ": " + diagnostic.message]
        if let place = place(of: diagnostic) { lines.append(palette.paint("  --> ", .blue) + place) }
        if let source, let position = diagnostic.position { lines += excerpt(source, at: position, style) }
        if let remedy = diagnostic.remedy { lines.append(palette.paint("  help: ", .cyan) + remedy) }
        return lines.joined(separator: "\n")
    }

    private func place(of diagnostic: Diagnostic) -> String? {
        guard let file = diagnostic.file else { return nil }
        return diagnostic.position.map { "\(file):\($0.line):\($0.column)" } ?? file
    }

    private func excerpt(_ source: [UInt8], at position: SourcePosition, _ style: TerminalStyle) -> [String] {
        guard let text = line(position.line, of: source) else { return [] }
        let number = String(position.line)
        let gutter = String(repeating: " ", count: number.count)
        // A tab is as wide in the caret's line as in the text's.
        let indent = text.unicodeScalars.prefix(position.column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
        let bar = palette.paint("|", .blue)
        return [
            " \(gutter) \(bar)",
            " \(palette.paint(number, .blue)) \(bar) \(text)",
            " \(gutter) \(bar) \(indent)\(palette.paint("^", style))",
        ]
    }

    private func line(_ number: Int, of source: [UInt8]) -> String? {
        let newline = UInt8(ascii: "\n")
        let lines = source.split(separator: newline, maxSplits: number, omittingEmptySubsequences: false)
        guard lines.indices.contains(number - 1) else { return nil }
        var bytes = lines[number - 1]
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
