// SPDX-License-Identifier: Apache-2.0

internal import Crypto
internal import Diagnostics
internal import StructuredData

/// The keys that a vault's files are sealed with. The ring itself is sealed to one master key or, while these change,
/// to several: each of them then opens everything.
struct KeyRing {
    struct DataKey {
        var id: String
        var key: SymmetricKey
    }

    /// What tells this vault's boxes from those of every other.
    var vaultID: String
    /// Those that something may be sealed with.
    var keys: [DataKey]
    /// What is sealed with from now on; one of ``keys``.
    var current: DataKey
    /// The master key that a rotation under way leads to.
    var target: String?
    /// The master keys that the ring was sealed to when it was read.
    var masters: [String] = []

    private static let format = 1

    init() {
        vaultID = Self.chance(16)
        current = Self.makeKey()
        keys = [current]
    }

    static func makeKey() -> DataKey { DataKey(id: chance(8), key: SymmetricKey(size: .bits256)) }

    func key(_ id: String) -> SymmetricKey? { keys.first { $0.id == id }?.key }

    // MARK: at rest

    func sealed(to masters: [MasterKey]) throws(DiagnosticError) -> [UInt8] {
        var boxes: [DataValue] = []
        for master in masters {
            let box = try SealedBytes.seal(Array(data.jsonText().utf8), with: master.key, bound: Self.bound(master.id))
            boxes.append(["master": .string(master.id), "box": .string(Hexadecimal.text(box))])
        }
        let file: DataValue = ["format": .number(Double(Self.format)), "boxes": .array(boxes)]
        return Array((file.jsonText() + "\n").utf8)
    }

    /// - Throws: ``DiagnosticCode/masterKeyOther``, ``DiagnosticCode/vaultDamaged``,
    ///   ``DiagnosticCode/vaultFormatUnknown``.
    init(file bytes: [UInt8], path: String, masters: [MasterKey]) throws(DiagnosticError) {
        guard let file = try? DataValue(json: bytes), let format = file["format"]?.int, let boxes = file["boxes"]?.array
        else { throw Self.damaged(path) }
        guard format == Self.format else { throw Self.unknownFormat(path) }
        let ids = boxes.compactMap { $0["master"]?.string }
        for master in masters {
            guard let box = boxes.first(where: { $0["master"]?.string == master.id })?["box"]?.string else { continue }
            let text = SealedBytes.open(
                Hexadecimal.bytes(box.utf8), with: master.key, bound: Self.bound(master.id))
            guard let text, let ring = KeyRing(text) else { throw Self.damaged(path) }
            self = ring
            self.masters = ids
            return
        }
        let wanted = ids.isEmpty ? "none" : ids.joined(separator: " or ")
        let given = masters.map(\.id).joined(separator: ", ")
        throw DiagnosticError(
            .masterKeyOther, "The secrets in \(path) need the master key \(wanted); the one given is \(given).",
            remedy: "Start with that master key. To change it, give the old one as the previous key beside the new one."
        )
    }

    private var data: DataValue {
        var object: DataObject = [
            "vault": .string(vaultID), "current": .string(current.id),
            "keys": .array(
                keys.map { key in
                    let digits = key.key.withUnsafeBytes { Hexadecimal.text($0) }
                    return ["id": .string(key.id), "key": .string(digits)]
                }),
        ]
        object.set("target", target.map { .string($0) })
        return .object(object)
    }

    private init?(_ text: [UInt8]) {
        guard let data = try? DataValue(json: text), let vault = data["vault"]?.string,
            let currentID = data["current"]?.string
        else { return nil }
        vaultID = vault
        keys = (data["keys"]?.array ?? []).compactMap { entry in
            guard let id = entry["id"]?.string, let digits = entry["key"]?.string else { return nil }
            let bytes = Hexadecimal.bytes(digits.utf8)
            return bytes.count == 32 ? DataKey(id: id, key: SymmetricKey(data: bytes)) : nil
        }
        guard let current = keys.first(where: { $0.id == currentID }) else { return nil }
        self.current = current
        target = data["target"]?.string
    }

    private static func bound(_ master: String) -> [UInt8] { BoundText.bytes(["martlet key ring", master]) }

    static func chance(_ count: Int) -> String {
        SymmetricKey(size: SymmetricKeySize(bitCount: count * 8)).withUnsafeBytes { Hexadecimal.text($0) }
    }

    static func damaged(_ path: String) -> DiagnosticError {
        DiagnosticError(
            .vaultDamaged, "\(path) was changed, or is not whole: the secrets that it stands for cannot be read.",
            remedy: "Put the folder of secrets back from a backup, all of its files together.")
    }

    static func unknownFormat(_ path: String) -> DiagnosticError {
        DiagnosticError(
            .vaultFormatUnknown, "\(path) was written by a newer Martlet.",
            remedy: "Start that Martlet, or a newer one.")
    }
}
