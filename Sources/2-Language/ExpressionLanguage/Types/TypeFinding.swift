// SPDX-License-Identifier: Apache-2.0

/// Something that is wrong, or hardly meant, in an expression.
package struct TypeFinding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case unknownContext
        case unknownFunction
        /// The context exists, but not at this key.
        case unavailableContext
        /// The function exists, but not at this key.
        case unavailableFunction
        case argumentCount
        case argumentType
        case unknownProperty
        /// A property or `.*` of what has none.
        case notAnObject
        /// `[…]` with what is no name or position.
        case indexType
        case comparison
        case formatPlaceholder
        case brokenJSON
        case variableName

        /// Whether GitHub refuses a workflow for it; the others make an expression mean what nobody wants.
        package var isRefusedByGitHub: Bool {
            switch self {
            case .unknownContext, .unknownFunction, .unavailableContext, .unavailableFunction, .argumentCount: true
            default: false
            }
        }
    }

    package var kind: Kind
    /// A sentence, without a full stop.
    package var message: String
    /// UTF-8 bytes from the start of the expression's text.
    package var offset: Int
    /// What was probably meant.
    package var suggestion: String?
}

/// Names that look alike.
enum NearestName {
    /// The candidate that the fewest edits lead to, where those are few enough to be a slip.
    static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let name = Array(name.lowercased().utf8)
        let limit = max(1, (name.count + 1) / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates {
            let other = Array(candidate.lowercased().utf8)
            guard abs(other.count - name.count) <= limit, other.count < 200, name.count < 200 else { continue }
            let distance = distance(name, other)
            if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// How many bytes must be put in, taken out or changed.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let substituted = diagonal + (byte == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
