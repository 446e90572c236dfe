// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
package import StructuredData

/// A problem matcher's file: `{"problemMatcher": [{"owner", "pattern": [{"regexp", "message", …}]}]}`.
///
/// As tolerant as the runner's reader: keys in any case, unknown ones passed over, numbers in quotes.
package enum MatcherFile {
    package static let maximumBytes = 1 << 20
    /// Of one file.
    package static let maximumMatchers = 64

    /// The matchers, checked. Empty where the file has none, which the runner takes silently.
    ///
    /// - Throws: `MRT0820` to `MRT0823`.
    package static func read(_ bytes: [UInt8]) throws(DiagnosticError) -> [ProblemMatcher] {
        let matchers = try definitions(bytes)
        var owners: Set<String> = []
        for matcher in matchers {
            try matcher.validate()
            guard owners.insert(matcher.owner.lowercased()).inserted else {
                throw ProblemMatcher.invalid("Duplicate owner name '\(matcher.owner)'")
            }
        }
        return matchers
    }

    /// Whom `::remove-matcher::file` means. The runner does not check the rest of that file.
    ///
    /// - Throws: `MRT0820` or `MRT0823`.
    package static func owners(_ bytes: [UInt8]) throws(DiagnosticError) -> [String] {
        try definitions(bytes).map(\.owner)
    }

    /// The file's form of matchers: for keeping a job's.
    package static func data(_ matchers: [ProblemMatcher]) -> DataValue {
        ["problemMatcher": .array(matchers.map(\.data))]
    }

    private static func definitions(_ bytes: [UInt8]) throws(DiagnosticError) -> [ProblemMatcher] {
        guard bytes.count <= maximumBytes else {
            throw DiagnosticError(
                .matcherLimit, "The problem matcher's file is longer than \(maximumBytes) bytes.",
                remedy: "Give a problem matcher's file.")
        }
        let hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let root: DataValue
        do throws(JSONError) {
            root = try DataValue(json: bytes.dropFirst(hasByteOrderMark ? 3 : 0), limits: JSONLimits(maximumDepth: 32))
        } catch {
            var diagnostic = Diagnostic(
                .matcherUnreadable, "The problem matcher's file is not JSON: \(error.message).",
                remedy: "Correct the file; see docs/errors for its form.")
            diagnostic.position = SourcePosition(line: error.line, column: error.column)
            throw DiagnosticError(diagnostic)
        }
        if root == .null { return [] }
        guard let object = root.object else { throw misshapen("the file", "an object with \"problemMatcher\"") }
        switch object.valueIgnoringCase("problemMatcher") ?? .null {
        case .null: return []
        case .array(let items):
            guard items.count <= maximumMatchers else {
                throw DiagnosticError(
                    .matcherLimit, "The file has more than \(maximumMatchers) problem matchers.",
                    remedy: "Split it into several files.")
            }
            var matchers: [ProblemMatcher] = []
            for (index, item) in items.enumerated() {
                matchers.append(try matcher(MatcherFields(item, "problemMatcher[\(index)]")))
            }
            return matchers
        default: throw misshapen("problemMatcher", "an array")
        }
    }

    private static func matcher(_ fields: MatcherFields) throws(DiagnosticError) -> ProblemMatcher {
        var patterns: [ProblemPattern] = []
        for pattern in try fields.list("pattern") {
            var groups: [ProblemPart: Int] = [:]
            for part in ProblemPart.allCases { groups[part] = try pattern.number(part.rawValue) }
            patterns.append(
                ProblemPattern(try pattern.text("regexp"), groups, loops: try pattern.flag("loop")))
        }
        return ProblemMatcher(
            owner: try fields.text("owner"), severity: try fields.text("severity"),
            fromPath: try fields.text("fromPath"), patterns: patterns)
    }

    fileprivate static func misshapen(_ place: String, _ wanted: String) -> DiagnosticError {
        DiagnosticError(
            .matcherUnreadable, "In the problem matcher's file, \(place) must be \(wanted).",
            remedy: "Correct the file; `pattern` is always an array.")
    }
}

/// An object of the file, with where it stands.
private struct MatcherFields {
    private let object: DataObject
    private let place: String

    init(_ value: DataValue, _ place: String) throws(DiagnosticError) {
        guard let object = value.object else { throw MatcherFile.misshapen(place, "an object") }
        self.object = object
        self.place = place
    }

    func text(_ key: String) throws(DiagnosticError) -> String {
        switch object.valueIgnoringCase(key) ?? .null {
        case .null: return ""
        case .string(let text): return text
        case .number(let number): return DataValue.numberText(number)
        case .bool(let flag): return flag ? "true" : "false"
        default: throw MatcherFile.misshapen("\(place).\(key)", "a text")
        }
    }

    func number(_ key: String) throws(DiagnosticError) -> Int? {
        let value = object.valueIgnoringCase(key) ?? .null
        if value == .null || value == .string("") { return nil }
        guard let number = value.int ?? value.string.flatMap({ Int($0) }), Int32(exactly: number) != nil else {
            throw MatcherFile.misshapen("\(place).\(key)", "the number of a group")
        }
        return number
    }

    func flag(_ key: String) throws(DiagnosticError) -> Bool {
        switch object.valueIgnoringCase(key) ?? .null {
        case .null: return false
        case .bool(let flag): return flag
        case .string(let text) where ["true", "false"].contains(text.lowercased()): return text.lowercased() == "true"
        default: throw MatcherFile.misshapen("\(place).\(key)", "true or false")
        }
    }

    func list(_ key: String) throws(DiagnosticError) -> [MatcherFields] {
        switch object.valueIgnoringCase(key) ?? .null {
        case .null: return []
        case .array(let items):
            var fields: [MatcherFields] = []
            for (index, item) in items.enumerated() {
                fields.append(try MatcherFields(item, "\(place).\(key)[\(index)]"))
            }
            return fields
        default: throw MatcherFile.misshapen("\(place).\(key)", "an array")
        }
    }
}

extension ProblemMatcher {
    fileprivate var data: DataValue {
        var object = DataObject([("owner", .string(owner))])
        if !severity.isEmpty { object["severity"] = .string(severity) }
        if !fromPath.isEmpty { object["fromPath"] = .string(fromPath) }
        object["pattern"] = .array(patterns.map(\.data))
        return .object(object)
    }
}

extension ProblemPattern {
    fileprivate var data: DataValue {
        var object = DataObject([("regexp", .string(regexp))])
        for part in ProblemPart.allCases {
            if let group = groups[part] { object[part.rawValue] = .number(Double(group)) }
        }
        if loops { object["loop"] = true }
        return .object(object)
    }
}
