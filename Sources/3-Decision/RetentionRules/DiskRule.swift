// SPDX-License-Identifier: Apache-2.0

/// How much of a disk must be free, and what is done where it is not.
package struct DiskRule: Hashable, Sendable {
    /// 0: nobody looks.
    package var minimumBytes: UInt64

    package init(minimumBytes: UInt64) { self.minimumBytes = minimumBytes }

    package static let standard = DiskRule(minimumBytes: 1 << 30)

    package func isShort(freeBytes: UInt64) -> Bool { freeBytes < minimumBytes }

    /// Room is made until so much is free: a quarter beyond the limit, so that it is not reached again at once.
    package var wantedBytes: UInt64 { minimumBytes + minimumBytes / 4 }

    /// Why no job is taken; `nil` where there is room.
    package func refusal(freeBytes: UInt64, of owner: String) -> String? {
        guard isShort(freeBytes: freeBytes) else { return nil }
        return "No new job is taken: the disk of \(owner) has \(Self.text(freeBytes)) free, "
            + "and \(Self.text(minimumBytes)) must be."
    }

    // MARK: as text

    private static let units: [(name: String, shift: UInt64)] = [("TB", 40), ("GB", 30), ("MB", 20), ("KB", 10)]

    /// `1.5 GB`
    package static func text(_ bytes: UInt64) -> String {
        guard let unit = units.first(where: { bytes >> $0.shift > 0 }) else { return "\(bytes) B" }
        let tenths = ((bytes >> (unit.shift - 10)) * 10) >> 10
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit.name)" : "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }

    /// `500M`, `2G`, `1073741824`.
    package static func bytes(_ text: String) -> UInt64? {
        let unit = units.first { $0.name.first == text.uppercased().last }
        guard let number = UInt64(unit == nil ? text : String(text.dropLast())) else { return nil }
        guard let unit else { return number }
        return number < 1 << 20 ? number << unit.shift : nil
    }
}
