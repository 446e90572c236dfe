// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import ExpressionLanguage
package import StructuredData

/// Expands a matrix to its legs: the cross product of its vectors, less `exclude`, with `include` merged in or appended.
///
/// Source: the documented rules of `jobs.<id>.strategy.matrix`; leaves are compared as `==` does in an expression.
package enum MatrixExpansion {
    /// Legs that one matrix may make, as on GitHub.
    package static let legLimit = 256

    /// One object of matrix values a leg, in GitHub's order.
    ///
    /// - Parameter matrix: the evaluated mapping under `matrix:`.
    package static func legs(of matrix: DataObject) throws(DiagnosticError) -> [DataObject] {
        var vectors: [(name: String, values: [DataValue])] = []
        for (name, value) in matrix where name != "include" && name != "exclude" {
            guard let values = value.array else {
                throw failure("The matrix key '\(name)' must be a list; it is \(describe(value)).")
            }
            guard !values.isEmpty else { throw failure("Matrix vector '\(name)' does not contain any values") }
            vectors.append((name, values))
        }
        let includes = try objects(matrix["include"], named: "include")
        let excludes = try objects(matrix["exclude"], named: "exclude")
        guard !vectors.isEmpty || !includes.isEmpty else { throw failure("Matrix must define at least one vector") }
        let size = try productSize(vectors.map(\.values.count))
        return try expand(vectors, size: size, includes: includes, excludes: excludes)
    }

    /// The same of any value; one that is no mapping is refused.
    package static func legs(of matrix: DataValue) throws(DiagnosticError) -> [DataObject] {
        guard let object = matrix.object else {
            throw failure("The matrix must be a mapping; it is \(describe(matrix)).")
        }
        return try legs(of: object)
    }

    /// The legs that a user chose by names and values. A name that no leg of this matrix has says nothing of it.
    package static func selected(_ legs: [DataObject], by wanted: [String: String]) -> [DataObject] {
        let known = wanted.filter { name, _ in legs.contains { $0.valueIgnoringCase(name) != nil } }
        return legs.filter { leg in
            known.allSatisfy { name, value in leg.valueIgnoringCase(name)?.looselyEquals(.string(value)) ?? false }
        }
    }

    /// `name (a, b)`: the job's name with the leg's own values, cut at 100 characters.
    package static func displayName(_ name: String, leg: DataObject) -> String {
        let segments = leg.flatMap { scalars(of: $1) }.filter { !$0.isEmpty }
        let full = segments.isEmpty ? name : "\(name) (\(segments.joined(separator: ", ")))"
        return full.count > nameLimit ? full.prefix(nameLimit - 3) + "..." : full
    }

    private static let nameLimit = 100

    private static func expand(
        _ vectors: [(name: String, values: [DataValue])], size: Int, includes: [DataObject], excludes: [DataObject]
    ) throws(DiagnosticError) -> [DataObject] {
        // Names of a matrix are found in any case.
        let names = Set(vectors.map { $0.name.lowercased() })
        for exclude in excludes {
            if let unknown = exclude.keys.first(where: { !names.contains($0.lowercased()) }) {
                throw failure("Matrix exclude key '\(unknown)' does not match any key within the matrix")
            }
        }
        let extensions = includes.map { Extension($0, vectorNames: names) }
        var isMerged = Array(repeating: false, count: extensions.count)
        var legs: [DataObject] = []
        for index in 0..<size {
            var leg = combination(index, of: vectors, size: size)
            if excludes.contains(where: { matches($0, leg) }) { continue }
            let original = leg
            for (place, addition) in extensions.enumerated() where matches(addition.filter, original) {
                isMerged[place] = true
                for (key, value) in addition.extra { leg[Self.key(key, of: leg)] = value }
            }
            legs.append(leg)
        }
        for (addition, merged) in zip(extensions, isMerged) where !merged { legs.append(addition.whole) }
        guard legs.count <= legLimit else { throw tooMany(legs.count) }
        return legs
    }

    /// The key of the leg that is `name` in another case, else `name`.
    private static func key(_ name: String, of leg: DataObject) -> String {
        if leg[name] != nil { return name }
        let folded = name.lowercased()
        return leg.keys.first { $0.lowercased() == folded } ?? name
    }

    /// One item of `include`: what it must match, and what it adds.
    private struct Extension {
        let whole: DataObject
        let filter: DataObject
        let extra: DataObject

        /// - Parameter vectorNames: in lower case.
        init(_ item: DataObject, vectorNames: Set<String>) {
            whole = item
            filter = DataObject(item.filter { vectorNames.contains($0.0.lowercased()) })
            extra = DataObject(item.filter { !vectorNames.contains($0.0.lowercased()) })
        }
    }

    /// The `index`-th combination; the last vector turns fastest.
    private static func combination(
        _ index: Int, of vectors: [(name: String, values: [DataValue])], size: Int
    ) -> DataObject {
        var leg = DataObject()
        var block = size
        for vector in vectors {
            block /= vector.values.count
            leg[vector.name] = vector.values[(index / block) % vector.values.count]
        }
        return leg
    }

    private static func productSize(_ counts: [Int]) throws(DiagnosticError) -> Int {
        guard !counts.isEmpty else { return 0 }
        var size = 1
        for count in counts {
            size *= count
            // Excluded combinations count too: a product that large is a mistake, and it must not eat memory.
            guard size <= legLimit * 64 else { throw tooMany(size) }
        }
        return size
    }

    /// Whether every leaf of `filter` equals the leg's value at the same place.
    private static func matches(_ filter: DataObject, _ leg: DataObject) -> Bool {
        filter.allSatisfy { leafMatches($1, leg.valueIgnoringCase($0) ?? .null) }
    }

    private static func leafMatches(_ wanted: DataValue, _ actual: DataValue) -> Bool {
        switch wanted {
        case .object(let object):
            return object.allSatisfy { leafMatches($1, actual.object?.valueIgnoringCase($0) ?? .null) }
        case .array(let items):
            return items.enumerated().allSatisfy { index, item in
                let values = actual.array ?? []
                return leafMatches(item, values.indices.contains(index) ? values[index] : .null)
            }
        default:
            return wanted.looselyEquals(actual)
        }
    }

    private static func objects(_ value: DataValue?, named name: String) throws(DiagnosticError) -> [DataObject] {
        switch value {
        case nil, .null?: return []
        case .array(let items)?:
            var objects: [DataObject] = []
            for item in items {
                guard let object = item.object, !object.isEmpty else {
                    throw failure("Each item of the matrix's '\(name)' must be a mapping with a key at least.")
                }
                objects.append(object)
            }
            return objects
        case let other?:
            throw failure("The matrix's '\(name)' must be a list of mappings; it is \(describe(other)).")
        }
    }

    private static func scalars(of value: DataValue) -> [String] {
        switch value {
        case .bool, .number, .string: [value.coercedToString]
        case .array(let items): items.flatMap(scalars)
        case .object(let object): object.flatMap { scalars(of: $1) }
        case .null: []
        }
    }

    private static func describe(_ value: DataValue) -> String {
        switch value {
        case .null: "empty"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "a mapping"
        }
    }

    private static func tooMany(_ count: Int) -> DiagnosticError {
        failure("This matrix makes \(count) jobs; at most \(legLimit) are allowed.")
    }

    private static func failure(_ message: String) -> DiagnosticError {
        DiagnosticError(.matrixInvalid, message, remedy: "Correct 'strategy.matrix' of this job.")
    }
}
