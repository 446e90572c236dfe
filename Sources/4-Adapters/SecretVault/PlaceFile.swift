// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import StructuredData
internal import Timekeeping

/// The secrets of one place, as they stand in its file.
///
/// The file: `MVLT`, a byte for the format, the data key's id (16 characters), then one box. In the box: the length of
/// a list in JSON (four bytes), the list, and behind it a box a value. The list is sealed so that names are no more to
/// be had than values; the values apart from it so that a list of names brings no value into memory.
struct PlaceFile {
    struct Entry {
        /// In capitals.
        var name: String
        /// The place's ``PlaceFile/changes`` when the value was put.
        var version: Int
        var updated: Timestamp
        /// Bound to the place, the name and the version.
        var box: [UInt8]
    }

    let place: SecretPlace
    /// How often something was changed here. A version is never given twice, so no old box fits a new entry.
    var changes = 0
    /// By name.
    var entries: [Entry] = []

    private static let magic = Array("MVLT".utf8) + [1]
    private static let keyIDBytes = 16

    init(place: SecretPlace) { self.place = place }

    func position(of name: String) -> Int? { entries.firstIndex { $0.name == name } }

    // MARK: values

    func sealedValue(_ value: [UInt8], name: String, version: Int, ring: KeyRing) throws(DiagnosticError) -> [UInt8] {
        try SealedBytes.seal(value, with: ring.current.key, bound: bound(name, version, ring))
    }

    /// - Parameter keyID: of the file that the entry stands in.
    func value(of entry: Entry, keyID: String, ring: KeyRing, path: String) throws(DiagnosticError) -> [UInt8] {
        guard let key = ring.key(keyID),
            let value = SealedBytes.open(entry.box, with: key, bound: bound(entry.name, entry.version, ring))
        else { throw KeyRing.damaged(path) }
        return value
    }

    private func bound(_ name: String, _ version: Int, _ ring: KeyRing) -> [UInt8] {
        BoundText.bytes(["martlet secret", ring.vaultID, name, String(version)] + place.parts)
    }

    // MARK: the file

    /// The data key that a file says it is sealed with; `nil` where the file is none.
    static func keyID(of bytes: [UInt8]) -> String? {
        guard bytes.starts(with: magic), bytes.count > magic.count + keyIDBytes else { return nil }
        return String(decoding: bytes[magic.count..<(magic.count + keyIDBytes)], as: UTF8.self)
    }

    func sealed(ring: KeyRing) throws(DiagnosticError) -> [UInt8] {
        var offset = 0
        var list: [DataValue] = []
        for entry in entries {
            list.append([
                "name": .string(entry.name), "version": .number(Double(entry.version)),
                "updated": .number(Double(entry.updated.milliseconds)), "size": .number(Double(entry.box.count)),
            ])
            offset += entry.box.count
        }
        let head: DataValue = [
            "place": .array(place.parts.map { .string($0) }), "changes": .number(Double(changes)),
            "secrets": .array(list),
        ]
        let text = Array(head.jsonText().utf8)
        var content = LittleEndian.bytes(UInt32(text.count)) + text
        content.reserveCapacity(content.count + offset)
        for entry in entries { content += entry.box }
        let box = try SealedBytes.seal(content, with: ring.current.key, bound: Self.bound(place.fileName, ring))
        return Self.magic + Array(ring.current.id.utf8) + box
    }

    /// - Parameters:
    ///   - fileName: what the box is bound to.
    ///   - path: for messages.
    /// - Throws: ``DiagnosticCode/vaultDamaged``, ``DiagnosticCode/vaultFormatUnknown``.
    init(file bytes: [UInt8], fileName: String, ring: KeyRing, path: String) throws(DiagnosticError) {
        let start = Self.magic.count
        if bytes.starts(with: Self.magic.dropLast()), bytes.count > start, bytes[start - 1] > Self.magic[start - 1] {
            throw KeyRing.unknownFormat(path)
        }
        guard let id = Self.keyID(of: bytes), let key = ring.key(id),
            let content = SealedBytes.open(
                bytes[(start + Self.keyIDBytes)...], with: key, bound: Self.bound(fileName, ring)),
            let read = PlaceFile(content), read.place.fileName == fileName
        else { throw KeyRing.damaged(path) }
        self = read
    }

    private init?(_ content: [UInt8]) {
        guard let length = LittleEndian.number(content[...]), content.count - 4 >= Int(length),
            let head = try? DataValue(json: content[4..<(4 + Int(length))]),
            let place = SecretPlace(parts: head.strings("place")), let changes = head["changes"]?.int
        else { return nil }
        self.place = place
        self.changes = changes
        var rest = content[(4 + Int(length))...]
        for entry in head["secrets"]?.array ?? [] {
            guard let name = entry["name"]?.string, let version = entry["version"]?.int,
                let updated = entry["updated"]?.int, let size = entry["size"]?.int, (0...rest.count).contains(size)
            else { return nil }
            entries.append(
                Entry(
                    name: name, version: version, updated: Timestamp(milliseconds: Int64(updated)),
                    box: Array(rest.prefix(size))))
            rest = rest.dropFirst(size)
        }
    }

    private static func bound(_ fileName: String, _ ring: KeyRing) -> [UInt8] {
        BoundText.bytes(["martlet secrets of a place", ring.vaultID, fileName])
    }
}
