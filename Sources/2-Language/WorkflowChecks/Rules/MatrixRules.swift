// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

extension Rule {
    /// Matrix rows that repeat a value, and excludes that leave nothing out.
    static let matrixValues = Rule("matrix values") { workflow, findings in
        for job in workflow.outline.jobs {
            guard let matrix = job.matrix, let entries = matrix.entries else { continue }
            let rows = entries.filter { $0.key.text != "include" && $0.key.text != "exclude" }
            for row in rows { checkRepeats(row, &findings) }
            checkSize(job, rows, hasExcludes: matrix["exclude"] != nil, &findings)
            checkExcludes(matrix, rows, &findings)
        }
    }

    /// Jobs that one matrix may make, as on GitHub.
    private static let maximumJobs = 256

    /// What `exclude` leaves is counted by the run: it may be few.
    private static func checkSize(
        _ job: JobOutline, _ rows: [YAMLEntry], hasExcludes: Bool, _ findings: inout Findings
    ) {
        guard !hasExcludes, let matrix = job.node["strategy"]?.entry("matrix") else { return }
        var size = 1
        for row in rows {
            guard let items = row.value.items, !items.isEmpty else { return }
            size = min(size * items.count, 1_000_000)
        }
        guard size > maximumJobs else { return }
        findings.refuse(
            .matrixTooLarge,
            "The matrix of the job '\(job.id)' makes \(size) jobs; GitHub takes at most \(maximumJobs).",
            at: matrix.key.position, remedy: "Leave values out, or make several jobs of it.")
    }

    private static func checkRepeats(_ row: YAMLEntry, _ findings: inout Findings) {
        var seen: [MatrixValue: SourcePosition] = [:]
        for item in row.value.items ?? [] {
            let value = MatrixValue(item)
            guard value.isLiteral else { continue }
            guard let before = seen[value] else {
                seen[value] = item.position
                continue
            }
            findings.warn(
                .repeatedMatrixValue,
                "The matrix row '\(row.key.text ?? "")' has \(value.excerpt) twice; it stands on line \(before.line) "
                    + "already.",
                at: item.position, remedy: "Remove one: both would make the same job.")
        }
    }

    /// A matrix makes at most 256 jobs; one that asks for more comparisons than this is refused anyway.
    private static let maximumComparisons = 1_000_000

    private static func checkExcludes(_ matrix: YAMLNode, _ rows: [YAMLEntry], _ findings: inout Findings) {
        guard let excludes = matrix["exclude"]?.items else { return }
        var values: [String: [MatrixValue]] = [:]
        var open: Set<String> = []
        for row in rows {
            guard let name = row.key.text?.lowercased() else { continue }
            guard let items = row.value.items else {
                open.insert(name)
                continue
            }
            values[name, default: []] += items.map(MatrixValue.init)
        }
        let include = matrix["include"]
        // An include that is worked out at run time may bring any key.
        if let include, include.items?.contains(where: { $0.entries == nil }) ?? true { return }
        for combination in include?.items ?? [] {
            for entry in combination.entries ?? [] {
                guard let name = entry.key.text?.lowercased() else { continue }
                values[name, default: []].append(MatrixValue(entry.value))
            }
        }
        let largest = values.values.map(\.count).max() ?? 0
        guard excludes.count * largest <= maximumComparisons else { return }
        for exclude in excludes {
            for entry in exclude.entries ?? [] {
                guard let key = entry.key.text, !open.contains(key.lowercased()) else { continue }
                checkExclude(entry, key, values[key.lowercased()], Array(values.keys), &findings)
            }
        }
    }

    private static func checkExclude(
        _ entry: YAMLEntry, _ key: String, _ row: [MatrixValue]?, _ known: [String], _ findings: inout Findings
    ) {
        guard let row else {
            let meant = Wording.nearest(to: key, among: known)
            findings.warn(
                .excludeWithoutMatch, "'exclude' names '\(Wording.excerpt(key))', but the matrix has no such row.",
                at: entry.key.position,
                remedy: meant.map { "Did you mean '\($0)'?" } ?? "Its rows are \(Wording.all(known.sorted())).")
            return
        }
        let wanted = MatrixValue(entry.value)
        guard !row.contains(where: wanted.matches) else { return }
        findings.warn(
            .excludeWithoutMatch,
            "'exclude' names \(wanted.excerpt) for '\(key)', but the matrix never has that value there.",
            at: entry.value.position, remedy: "Its values are \(row.map(\.excerpt).joined(separator: ", ")).")
    }
}

/// A value of a matrix, as far as the file spells it out.
indirect enum MatrixValue: Hashable {
    case scalar(String)
    case list([MatrixValue])
    case mapping([String: MatrixValue])
    /// Worked out at run time.
    case expression

    init(_ node: YAMLNode) {
        switch node.content {
        case .scalar(let text, _):
            self = EmbeddedExpressions.hasExpression(text) ? .expression : .scalar(node.isNull ? "" : text)
        case .sequence(let items):
            self = .list(items.map(MatrixValue.init))
        case .mapping(let entries):
            self = .mapping(
                Dictionary(
                    entries.map { ($0.key.text ?? "", MatrixValue($0.value)) }, uniquingKeysWith: { $1 }))
        }
    }

    var isLiteral: Bool {
        switch self {
        case .scalar: true
        case .expression: false
        case .list(let items): items.allSatisfy(\.isLiteral)
        case .mapping(let fields): fields.values.allSatisfy(\.isLiteral)
        }
    }

    /// Whether an exclude of this value leaves out `value`: a mapping need name some of the keys only.
    func matches(_ value: MatrixValue) -> Bool {
        switch (self, value) {
        case (.expression, _), (_, .expression): true
        case (.scalar(let left), .scalar(let right)): left == right
        case (.list(let left), .list(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.matches($1) }
        case (.mapping(let left), .mapping(let right)):
            left.allSatisfy { key, wanted in right[key].map(wanted.matches) ?? false }
        default: false
        }
    }

    var excerpt: String {
        switch self {
        case .scalar(let text): "'\(Wording.excerpt(text, limit: 30))'"
        case .expression: "an expression"
        case .list(let items): "[" + items.prefix(4).map(\.excerpt).joined(separator: ", ") + "]"
        case .mapping(let fields):
            "{"
                + fields.sorted { $0.key < $1.key }.prefix(4).map { "\($0.key): \($0.value.excerpt)" }
                .joined(separator: ", ") + "}"
        }
    }
}
