// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc  // the zone database
#elseif canImport(Darwin)
    import Darwin  // the zone database
#endif

/// The offsets of a time zone over time, read from the machine's zone database (RFC 8536).
public struct ZoneRules: Hashable, Sendable {
    public static let utc = ZoneRules(transitions: [], firstOffset: 0, tail: nil)

    private struct Transition: Hashable, Sendable {
        /// Seconds since 1970 from which on the offset holds.
        var start: Int64
        var offset: Int
    }

    private let transitions: [Transition]
    private let firstOffset: Int
    /// What holds after the last transition.
    private let tail: ZoneTail?

    private static let maximumFileBytes = 1 << 20

    private init(transitions: [Transition], firstOffset: Int, tail: ZoneTail?) {
        self.transitions = transitions
        self.firstOffset = firstOffset
        self.tail = tail
    }

    /// The zone of an IANA name (`Europe/Berlin`).
    ///
    /// - Throws: ``ScheduleError`` where the name is none, or this machine's database does not have it.
    public init(named name: String, database: String = "/usr/share/zoneinfo") throws(ScheduleError) {
        let isName = name.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                || "+-_/".utf8.contains(byte)
        }
        guard isName, !name.isEmpty, name.first != "/", name.utf8.count < 100, name.lowercased() != "local",
            let bytes = Self.contents(of: "\(database)/\(name)"), let rules = ZoneRules(tzif: bytes)
        else {
            throw ScheduleError(
                code: .unknownTimeZone,
                message: "'\(name)' is no time zone that this machine knows: use a name such as 'Europe/Berlin'.",
                offset: 0)
        }
        self = rules
    }

    /// The zone of a file's bytes; `nil` where they are no such file.
    public init?(tzif bytes: [UInt8]) {
        var reader = ZoneFileReader(bytes: bytes)
        guard let header = reader.header(), header.version >= 2 else { return nil }
        // The first part, with 32-bit times, is for old programs.
        guard reader.skip(header.bodyBytes(timeBytes: 4)), let wide = reader.header() else { return nil }
        var starts: [Int64] = []
        for _ in 0..<wide.times {
            guard let start = reader.integer(8) else { return nil }
            starts.append(start)
        }
        var kinds: [Int] = []
        for _ in 0..<wide.times {
            guard let kind = reader.integer(1) else { return nil }
            kinds.append(Int(kind & 0xFF))
        }
        var offsets: [Int] = []
        for _ in 0..<wide.types {
            guard let offset = reader.integer(4), reader.skip(2), abs(offset) < 180_000 else { return nil }
            offsets.append(Int(offset))
        }
        guard reader.skip(wide.characters + wide.leaps * 12 + wide.standards + wide.universals),
            let first = offsets.first, kinds.allSatisfy({ $0 < offsets.count })
        else { return nil }
        transitions = zip(starts, kinds).map { Transition(start: $0, offset: offsets[$1]) }
        firstOffset = first
        tail = ZoneTail(reader.footer())
    }

    /// Seconds east of Greenwich.
    public func offsetSeconds(at moment: Timestamp) -> Int {
        let seconds = moment.milliseconds >= 0 ? moment.milliseconds / 1000 : (moment.milliseconds - 999) / 1000
        guard let last = transitions.last, seconds < last.start else {
            return tail?.offsetSeconds(at: seconds) ?? transitions.last?.offset ?? firstOffset
        }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].start <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : transitions[low - 1].offset
    }

    /// The moment at which the clocks show `time`: the first one where they show it twice, the one of the change where
    /// they leave it out.
    public func moment(of time: CivilTime) -> Timestamp {
        let before = offsetSeconds(at: time.moment() + .days(-1))
        let after = offsetSeconds(at: time.moment() + .days(1))
        let early = time.moment(offsetSeconds: max(before, after))
        let late = time.moment(offsetSeconds: min(before, after))
        for candidate in [early, late] {
            if CivilTime(candidate, offsetSeconds: offsetSeconds(at: candidate)) == time { return candidate }
        }
        var low = early.milliseconds / 1000
        var high = late.milliseconds / 1000
        while low < high {
            let middle = (low + high) / 2
            let isAfter = offsetSeconds(at: Timestamp(milliseconds: middle * 1000)) == after
            if isAfter { high = middle } else { low = middle + 1 }
        }
        return Timestamp(milliseconds: low * 1000)
    }

    private static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumFileBytes)
        var size = 0
        while size < bytes.count {
            let room = bytes.count - size
            let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + size }, room) }
            guard count > 0 else { break }
            size += count
        }
        return Array(bytes[..<size])
    }
}

/// Steps through the bytes of a zone file; numbers are big-endian.
private struct ZoneFileReader {
    struct Header {
        var version: Int
        var universals: Int
        var standards: Int
        var leaps: Int
        var times: Int
        var types: Int
        var characters: Int

        func bodyBytes(timeBytes: Int) -> Int {
            times * timeBytes + times + types * 6 + characters + leaps * (timeBytes + 4) + standards + universals
        }
    }

    let bytes: [UInt8]
    private var at = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, count <= bytes.count - at else { return false }
        at += count
        return true
    }

    /// Signed.
    mutating func integer(_ size: Int) -> Int64? {
        guard size <= bytes.count - at else { return nil }
        var value: UInt64 = 0
        for byte in bytes[at..<(at + size)] { value = value << 8 | UInt64(byte) }
        at += size
        let shift = UInt64(64 - size * 8)
        return Int64(bitPattern: value << shift) >> Int64(shift)
    }

    mutating func header() -> Header? {
        guard bytes.count - at >= 44, bytes[at..<(at + 4)].elementsEqual("TZif".utf8) else { return nil }
        let version = bytes[at + 4] == 0 ? 1 : Int(bytes[at + 4]) - 48
        at += 20
        let counts = (0..<6).compactMap { _ in integer(4).map { Int($0) } }
        guard counts.count == 6, counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
        return Header(
            version: version, universals: counts[0], standards: counts[1], leaps: counts[2], times: counts[3],
            types: counts[4], characters: counts[5])
    }

    /// The text between the last two line ends.
    func footer() -> String {
        let rest = bytes[at...].drop { $0 == 10 }
        return String(decoding: rest.prefix { $0 != 10 }, as: UTF8.self)
    }
}
