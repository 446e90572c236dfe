// SPDX-License-Identifier: Apache-2.0

/// Which chunk is in which pack, as it was when the packs were listed. Never changes: a newer one takes its place.
final class PackTable: Sendable {
    struct Place: Hashable, Sendable {
        var pack: Int
        var number: Int
    }

    let packs: [PackFile]
    /// Open addressing by the digest's first bytes: the pack in the upper half, the entry's number plus one in the lower.
    private let slots: [UInt64]

    init(packs: [PackFile]) {
        self.packs = packs
        let count = packs.reduce(0) { $0 + $1.entryCount }
        var capacity = 16
        while capacity < count * 2 { capacity *= 2 }
        slots = [UInt64](unsafeUninitializedCapacity: capacity) { slots, used in
            slots.initialize(repeating: 0)
            used = capacity
            for (packNumber, pack) in packs.enumerated() {
                for number in 0..<pack.entryCount {
                    guard let entry = pack.entry(number), pack.lost.isEmpty || !pack.lost.contains(entry.digest) else {
                        continue
                    }
                    var slot = Int(truncatingIfNeeded: entry.digest.leading) & (capacity - 1)
                    while slots[slot] != 0 { slot = (slot + 1) & (capacity - 1) }
                    slots[slot] = UInt64(packNumber) << 32 | UInt64(number + 1)
                }
            }
        }
    }

    /// The first place of a chunk or list; it may be in several packs.
    func find(_ digest: ContentDigest) -> Place? {
        var slot = Int(truncatingIfNeeded: digest.leading) & (slots.count - 1)
        while slots[slot] != 0 {
            let place = Place(pack: Int(slots[slot] >> 32), number: Int(slots[slot] & 0xFFFF_FFFF) - 1)
            if entry(place)?.digest == digest { return place }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    func entry(_ place: Place) -> PackFormat.Entry? { packs[place.pack].entry(place.number) }
}
