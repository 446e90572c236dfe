// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ExpressionLanguage
internal import YAMLReading

extension WorkflowLint {
    /// What the reader and the lint found, as one list in the order of the text: each fault once, in the reader's words,
    /// at the most exact place that either of the two knows.
    package static func report(
        _ bytes: [UInt8], path: String?, options: WorkflowLintOptions = WorkflowLintOptions()
    ) -> [Diagnostic] {
        let inspection = inspect(bytes, options)
        var merge = ReportMerge(
            reader: options.readerDiagnostics, lint: finish(inspection.diagnostics, path, options), path: path)
        merge.locateExpressions(inspection.expressions)
        merge.dropRestatements()
        return (merge.reader + merge.lint).sorted {
            ($0.position ?? .start, $0.code) < ($1.position ?? .start, $1.code)
        }
    }
}

private struct ReportMerge {
    var reader: [Diagnostic]
    var lint: [Diagnostic]
    /// The file that was checked: the reader may also speak of those that it calls.
    let path: String?

    private static let expressionCodes: ClosedRange<Int> = 200...203
    private static let lintExpressionCodes: ClosedRange<Int> = 350...354
    private static let yamlCodes: ClosedRange<Int> = 10...17
    /// Found in the whole file or not at all: the lint's code, and the reader's for the same.
    private static let pairs = [(322, 116), (324, 117)]
    private static let tooDeep = 108
    private static let keyMissing = 101

    private var ownReader: [Diagnostic] { reader.filter { $0.file == nil || $0.file == path } }

    /// The reader names the scalar, and the place in the expression only in its message.
    mutating func locateExpressions(_ expressions: [PlacedExpression]) {
        for index in reader.indices where Self.expressionCodes.contains(reader[index].code.number) {
            guard reader[index].file == nil || reader[index].file == path,
                let found = Self.place(of: reader[index], among: expressions)
            else { continue }
            reader[index].position = found.place
            // Of several findings in one expression the nearest is the same fault.
            let same = lint.indices.filter {
                Self.lintExpressionCodes.contains(lint[$0].code.number) && lint[$0].file == path
                    && found.range.contains(lint[$0].position ?? .start)
            }
            let nearest = same.last { (lint[$0].position ?? .start) <= found.place } ?? same.first
            if let nearest { lint.remove(at: nearest) }
        }
    }

    private static func place(
        of diagnostic: Diagnostic, among expressions: [PlacedExpression]
    ) -> (place: SourcePosition, range: ClosedRange<SourcePosition>)? {
        let words = diagnostic.message.split(separator: "Located at position ", maxSplits: 1)
        guard let parts = words.last?.split(separator: " within expression: ", maxSplits: 1), words.count == 2,
            parts.count == 2, let number = Int(parts[0]), number > 0
        else { return nil }
        let text = parts[1]
        for expression in expressions where expression.site.node.position == diagnostic.position {
            let before = expression.text.utf8.prefix { EmbeddedExpressions.isSpace($0) }.count
            guard expression.text.dropFirst(before).hasPrefix(text) else { continue }
            let place = expression.position(of: before + number - 1)
            let ends = (expression.position(of: 0), expression.position(of: expression.text.utf8.count))
            guard ends.0 <= place, place <= ends.1 else { continue }
            return (place, ends.0...ends.1)
        }
        return nil
    }

    mutating func dropRestatements() {
        let codes = Set(ownReader.map(\.code.number))
        for (lintCode, readerCode) in Self.pairs where codes.contains(readerCode) {
            lint.removeAll { $0.code.number == lintCode }
        }
        if codes.contains(where: { Self.yamlCodes.contains($0) || $0 == Self.tooDeep }) {
            lint.removeAll { Self.yamlCodes.contains($0.code.number) && $0.file == path }
        }
        for missing in ownReader where missing.code.number == Self.keyMissing {
            guard let key = missing.message.split(separator: ": ").last, let position = missing.position else {
                continue
            }
            let same = lint.lastIndex {
                $0.code == .missingKey && $0.message.contains("'\(key)'") && $0.position?.line == position.line
            }
            if let same { lint.remove(at: same) }
        }
    }
}
