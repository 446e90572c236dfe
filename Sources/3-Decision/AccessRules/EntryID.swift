// SPDX-License-Identifier: Apache-2.0

/// The name of one entry of the directory that never changes and is never given again: `acc_12`.
package struct EntryID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case account = "acc"
        case token = "tok"
        case project = "prj"
        case runner = "rnr"
        case registration = "reg"
        case hook = "hok"
        case channel = "chn"
    }

    package let kind: Kind
    /// From 1.
    package let number: Int

    package init(_ kind: Kind, _ number: Int) {
        self.kind = kind
        self.number = number
    }

    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let number = Int(parts[1]), number > 0,
            String(number) == parts[1]
        else { return nil }
        self.init(kind, number)
    }

    package var description: String { "\(kind.rawValue)_\(number)" }

    package static func < (left: EntryID, right: EntryID) -> Bool {
        (left.kind.rawValue, left.number) < (right.kind.rawValue, right.number)
    }
}
