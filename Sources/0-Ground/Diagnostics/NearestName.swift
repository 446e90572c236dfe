// SPDX-License-Identifier: Apache-2.0

/// Guesses which name was meant by one that is unknown.
package enum NearestName {
    /// Names that are longer are compared with nothing.
    private static let maximumBytes = 100

    /// The candidate that `name` was most likely meant to be: equal but for case, or at most two edits away.
    package static func find(_ name: String, among candidates: some Sequence<String>) -> String? {
        guard name.utf8.count <= maximumBytes else { return nil }
        let wanted = Array(name.lowercased().utf8)
        let allowed = wanted.count < 5 ? 1 : 2
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let bytes = Array(candidate.lowercased().utf8)
            guard abs(bytes.count - wanted.count) <= allowed else { continue }
            let distance = editDistance(wanted, bytes)
            if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.candidate
    }

    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let substitution = diagonal + (right[column] == byte ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substitution, min(diagonal, row[column]) + 1)
            }
        }
        return row[right.count]
    }
}
