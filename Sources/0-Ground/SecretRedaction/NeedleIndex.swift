// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc  // memcmp
#elseif canImport(Darwin)
    import Darwin  // memcmp
#endif

/// All byte strings that are looked for, laid out for scanning.
///
/// Every needle has at least four bytes. Text is probed at each `step`-th byte only: the four bytes there are hashed
/// into a table that knows the four-byte groups at the first `step` offsets of every needle, so that wherever a needle
/// stands, one probe falls on one of its known groups. Only on a hit are the needles of that group compared.
struct NeedleIndex: Sendable {
    /// One place in a needle that a probe can hit.
    private struct Group {
        var bytes: UInt32
        var needle: Int32
        var offset: Int32
        /// Next group in the same slot, −1 at the end.
        var next: Int32
    }

    struct Needle {
        var start: Int
        var length: Int
        /// Index of the secret.
        var owner: Int32
    }

    /// An occurrence: a range of the scanned bytes.
    struct Match {
        var start: Int
        var end: Int
        var owner: Int32
    }

    private static let widestStep = 8
    private static let smallestTableBits = 12
    private static let largestTableBits = 20
    /// Table entries a group, so that chance hits stay rare.
    private static let sparseness = 64

    private(set) var needles: [Needle] = []
    private(set) var maximumLength = 0
    private var minimumLength = Int.max
    private var bytes: [UInt8] = []
    private var step = 0
    private var tableBits = 0
    /// 1 where some group has this hash.
    private var table: [UInt8] = []
    private var slots: [Int32] = []
    private var groups: [Group] = []
    /// The needles by first byte.
    private var byFirst: [[Int32]] = []
    /// Whether a byte stands in some needle before its last place.
    private var leadingBytes: [Bool] = []

    var isEmpty: Bool { needles.isEmpty }

    /// Adds needles of four bytes or more.
    mutating func insert(_ added: some Collection<[UInt8]>, owner: Int32) {
        if needles.isEmpty {
            byFirst = [[Int32]](repeating: [], count: 256)
            leadingBytes = [Bool](repeating: false, count: 256)
        }
        let firstNew = needles.count
        for needle in added {
            byFirst[Int(needle[0])].append(Int32(needles.count))
            needles.append(Needle(start: bytes.count, length: needle.count, owner: owner))
            bytes += needle
            maximumLength = max(maximumLength, needle.count)
            minimumLength = min(minimumLength, needle.count)
            for byte in needle.dropLast() { leadingBytes[Int(byte)] = true }
        }
        let (fittingStep, fittingBits) = fittingShape()
        if fittingStep < step || fittingBits > tableBits || table.isEmpty {
            // Room to grow, so that secrets that come one by one do not rebuild it each time.
            step = fittingStep
            tableBits = table.isEmpty ? fittingBits : min(fittingBits + 1, Self.largestTableBits)
            rebuild()
        } else {
            for number in firstNew..<needles.count { addGroups(of: Int32(number)) }
        }
    }

    /// The widest step that the shortest needle allows and the smallest table that stays sparse with it; many needles
    /// are probed for more closely rather than in a table too large for the cache.
    private func fittingShape() -> (step: Int, bits: Int) {
        var step = min(Self.widestStep, minimumLength - 3)
        while step > 1, needles.count * step * Self.sparseness > 1 << 17 { step -= 1 }
        var bits = Self.smallestTableBits
        while bits < Self.largestTableBits, needles.count * step * Self.sparseness > 1 << bits { bits += 1 }
        return (step, bits)
    }

    private mutating func rebuild() {
        table = [UInt8](repeating: 0, count: 1 << tableBits)
        slots = [Int32](repeating: -1, count: 1 << tableBits)
        groups.removeAll(keepingCapacity: true)
        for number in needles.indices { addGroups(of: Int32(number)) }
    }

    private mutating func addGroups(of number: Int32) {
        let needle = needles[Int(number)]
        for offset in 0..<step {
            let word = bytes.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: needle.start + offset, as: UInt32.self)
            }
            let hash = Self.hash(word, shift: UInt32(32 - tableBits))
            table[hash] = 1
            groups.append(Group(bytes: word, needle: number, offset: Int32(offset), next: slots[hash]))
            slots[hash] = Int32(groups.count - 1)
        }
    }

    @inline(__always)
    private static func hash(_ word: UInt32, shift: UInt32) -> Int {
        Int(truncatingIfNeeded: (word &* 0x9E37_79B1) &>> shift)
    }

    /// Appends every occurrence in `text`, in no particular order.
    func scan(_ text: UnsafeBufferPointer<UInt8>, into matches: inout [Match]) {
        guard text.count >= 4, !needles.isEmpty, let base = text.baseAddress else { return }
        let raw = UnsafeRawPointer(base)
        let last = text.count - 4
        let shift = UInt32(32 - tableBits)
        let step = step
        table.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            var at = 0
            let lastOfFour = last - 3 * step
            while at <= lastOfFour {
                let first = table[Self.hash(raw.loadUnaligned(fromByteOffset: at, as: UInt32.self), shift: shift)]
                let second = table[
                    Self.hash(raw.loadUnaligned(fromByteOffset: at &+ step, as: UInt32.self), shift: shift)]
                let third = table[
                    Self.hash(raw.loadUnaligned(fromByteOffset: at &+ 2 &* step, as: UInt32.self), shift: shift)]
                let fourth = table[
                    Self.hash(raw.loadUnaligned(fromByteOffset: at &+ 3 &* step, as: UInt32.self), shift: shift)]
                if _slowPath(first | second | third | fourth != 0) {
                    if first != 0 { compare(text, at: at, into: &matches) }
                    if second != 0 { compare(text, at: at + step, into: &matches) }
                    if third != 0 { compare(text, at: at + 2 * step, into: &matches) }
                    if fourth != 0 { compare(text, at: at + 3 * step, into: &matches) }
                }
                at &+= 4 &* step
            }
            while at <= last {
                compare(text, at: at, into: &matches)
                at += step
            }
        }
    }

    /// Compares the needles that have the four bytes at `at` as a known group.
    private func compare(_ text: UnsafeBufferPointer<UInt8>, at: Int, into matches: inout [Match]) {
        let word = UnsafeRawBufferPointer(text).loadUnaligned(fromByteOffset: at, as: UInt32.self)
        var next = slots[Self.hash(word, shift: UInt32(32 - tableBits))]
        while next >= 0 {
            let group = groups[Int(next)]
            next = group.next
            guard group.bytes == word else { continue }
            let needle = needles[Int(group.needle)]
            let start = at - Int(group.offset)
            guard start >= 0, start + needle.length <= text.count else { continue }
            guard begins(needle, with: text, from: start, count: needle.length) else { continue }
            let end = start + needle.length
            if let previous = matches.last, previous.owner == needle.owner, previous.start <= start,
                start < previous.end
            {
                matches[matches.count - 1].end = max(previous.end, end)
            } else {
                matches.append(Match(start: start, end: end, owner: needle.owner))
            }
        }
    }

    /// The first place from which on all of `text` is the beginning, but not the whole, of a needle; its length where
    /// there is none.
    func pendingStart(in text: UnsafeBufferPointer<UInt8>) -> Int {
        guard !needles.isEmpty else { return text.count }
        let earliest = max(0, text.count - maximumLength + 1)
        var start = text.count
        // A line's end mostly stands in no needle: then nothing is pending, and nothing before it either.
        while start > earliest, leadingBytes[Int(text[start - 1])] { start -= 1 }
        while start < text.count {
            if isBeginning(UnsafeBufferPointer(rebasing: text[start...])) { return start }
            start += 1
        }
        return text.count
    }

    private func isBeginning(_ tail: UnsafeBufferPointer<UInt8>) -> Bool {
        guard tail.count >= 4 else {
            return byFirst[Int(tail[0])].contains { begins(needles[Int($0)], with: tail, from: 0, count: tail.count) }
        }
        let word = UnsafeRawBufferPointer(tail).loadUnaligned(as: UInt32.self)
        let hash = Self.hash(word, shift: UInt32(32 - tableBits))
        guard table[hash] != 0 else { return false }
        var next = slots[hash]
        while next >= 0 {
            let group = groups[Int(next)]
            next = group.next
            guard group.bytes == word, group.offset == 0 else { continue }
            let needle = needles[Int(group.needle)]
            if needle.length > tail.count, begins(needle, with: tail, from: 0, count: tail.count) { return true }
        }
        return false
    }

    /// Whether the first `count` bytes of the needle stand at `start`; both ranges must be there.
    private func begins(_ needle: Needle, with text: UnsafeBufferPointer<UInt8>, from start: Int, count: Int) -> Bool {
        bytes.withUnsafeBufferPointer { own in
            guard let ours = own.baseAddress, let theirs = text.baseAddress else { return false }
            return memcmp(ours + needle.start, theirs + start, count) == 0
        }
    }
}
