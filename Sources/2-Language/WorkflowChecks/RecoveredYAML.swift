// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// A text read with its broken aliases taken out, so that one of them does not hide what else is wrong.
struct RecoveredYAML {
    /// `nil` where the text cannot be read at all.
    private(set) var document: YAMLDocument?
    private(set) var faults: [Diagnostic] = []
    /// The text as it was read: of the same length, with `~` in the place of each broken alias.
    private(set) var bytes: [UInt8]
    /// The names that they bore.
    private(set) var brokenAliases: Set<String> = []

    /// Past this many broken aliases the rest of the text is not looked at.
    private static let maximumCount = 20

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        while faults.count <= Self.maximumCount {
            do {
                document = try YAMLReader.read(self.bytes)
                return
            } catch {
                faults.append(error.diagnostic)
                guard remove(error.diagnostic) else { return }
            }
        }
    }

    /// Overwrites the alias that a fault names; `false` where the fault is another.
    private mutating func remove(_ fault: Diagnostic) -> Bool {
        guard fault.code == .yamlRecursiveAlias || fault.code == .yamlUnknownAlias, let position = fault.position else {
            return false
        }
        let start = SourceText(bytes).offset(of: position)
        guard start < bytes.count, bytes[start] == UInt8(ascii: "*") else { return false }
        var end = start + 1
        while end < bytes.count, !EmbeddedExpressions.isSpace(bytes[end]), !Self.endsAlias.contains(bytes[end]) {
            end += 1
        }
        brokenAliases.insert(String(decoding: bytes[(start + 1)..<end], as: UTF8.self))
        bytes[start] = UInt8(ascii: "~")
        for index in (start + 1)..<end { bytes[index] = 0x20 }
        return true
    }

    private static let endsAlias = Array(",]}".utf8)
}
