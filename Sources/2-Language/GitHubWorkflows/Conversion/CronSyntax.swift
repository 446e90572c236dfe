// SPDX-License-Identifier: Apache-2.0

/// The five-field cron form that `schedule` takes.
enum CronSyntax {
    private struct Field {
        var range: ClosedRange<Int>
        /// Short names, the first standing for the range's first value.
        var names: [String] = []
    }

    private static let fields = [
        Field(range: 0...59),
        Field(range: 0...23),
        Field(range: 1...31),
        Field(
            range: 1...12,
            names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        // 7 is Sunday again, as 0 is.
        Field(range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

    static func isValid(_ text: String) -> Bool {
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" })
        guard parts.count == fields.count else { return false }
        return zip(parts, fields).allSatisfy { isValid($0, $1) }
    }

    /// A list of `*`, values and ranges, each with an optional step.
    private static func isValid(_ part: Substring, _ field: Field) -> Bool {
        part.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
            let halves = item.split(separator: "/", omittingEmptySubsequences: false)
            guard halves.count <= 2, let base = halves.first, isRange(base, field) else { return false }
            guard halves.count == 2 else { return true }
            return digits(halves[1]).map { $0 > 0 && $0 <= field.range.upperBound + 1 } ?? false
        }
    }

    private static func isRange(_ text: Substring, _ field: Field) -> Bool {
        if text == "*" { return true }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let first = ends.first.flatMap({ value($0, field) }) else { return false }
        guard ends.count == 2 else { return true }
        return value(ends[1], field).map { $0 >= first } ?? false
    }

    private static func value(_ text: Substring, _ field: Field) -> Int? {
        if let index = field.names.firstIndex(of: text.lowercased()) { return field.range.lowerBound + index }
        return digits(text).flatMap { field.range.contains($0) ? $0 : nil }
    }

    private static func digits(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count < 4, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
