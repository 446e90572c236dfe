// SPDX-License-Identifier: Apache-2.0

package import Credentials
package import Crypto
package import Diagnostics
internal import FileAccess
internal import SealedStorage
internal import StructuredData
internal import Synchronization
package import Timekeeping

/// The keys that sign sessions, forms and links: sealed in the server's folder, and changed as often as the longest session
/// lasts. What the key before signed still holds until the next change.
package final class TicketKeyring: Sendable {
    private struct Entry: Sendable {
        var id: String
        var secret: [UInt8]
        var madeAt: Timestamp
    }

    private let path: String
    private let key: SymmetricKey
    /// The newest first; at most two.
    private let entries: Mutex<[Entry]>

    /// The newest signs for so long.
    package static let life = SessionLimits.longest
    private static let limitBytes = 4_096
    private static let boundName = "ticket-keys"

    /// - Throws: ``DiagnosticCode/sealedRecord``, and what reading and writing throw.
    package init(path: String, key: SymmetricKey, now: Timestamp) throws(DiagnosticError) {
        self.path = path
        self.key = key
        entries = Mutex([])
        try follow()
        _ = try keys(now: now)
    }

    /// Takes keys that another server has made in the file.
    func follow() throws(DiagnosticError) {
        guard let bytes = try SealedFile.read(path, key: key, name: Self.boundName, limit: Self.limitBytes) else {
            return
        }
        let found = Self.read(bytes)
        entries.withLock { entries in
            guard let newest = found.first, entries.first.map({ $0.madeAt < newest.madeAt }) ?? true else { return }
            entries = found
        }
    }

    package func keys(now: Timestamp) throws(DiagnosticError) -> TicketKeys {
        try entries.withLock { entries throws(DiagnosticError) in
            if entries.first.map({ now - $0.madeAt >= Self.life }) ?? true {
                let made = Entry(
                    id: Hexadecimal.text(Secrecy.randomBytes(6)),
                    secret: Secrecy.randomBytes(TicketKeys.Key.secretBytes), madeAt: now)
                let changed = [made] + entries.prefix(1)
                try write(changed)
                entries = changed
            }
            let current = try TicketKeys.Key(id: entries[0].id, secret: entries[0].secret)
            guard entries.count > 1 else { return TicketKeys(current: current) }
            return TicketKeys(
                current: current, previous: try TicketKeys.Key(id: entries[1].id, secret: entries[1].secret))
        }
    }

    // MARK: the file

    private func write(_ entries: [Entry]) throws(DiagnosticError) {
        let data: DataValue = [
            "keys": .array(
                entries.map { entry in
                    [
                        "id": .string(entry.id), "secret": .string(Hexadecimal.text(entry.secret)),
                        "at": .number(Double(entry.madeAt.milliseconds)),
                    ]
                })
        ]
        let draft = path + ".new"
        try SealedFile.write(Array(data.jsonText().utf8), to: draft, key: key, name: Self.boundName)
        try Files.rename(draft, to: path)
    }

    private static func read(_ bytes: [UInt8]) -> [Entry] {
        let list = (try? DataValue(json: bytes))?["keys"]?.array ?? []
        return list.compactMap { entry in
            guard let id = entry["id"]?.string, let digits = entry["secret"]?.string, let at = entry["at"]?.int else {
                return nil
            }
            let secret = Hexadecimal.bytes(digits.utf8)
            guard secret.count >= TicketKeys.Key.secretBytes else { return nil }
            return Entry(id: id, secret: secret, madeAt: Timestamp(milliseconds: Int64(at)))
        }
    }
}
