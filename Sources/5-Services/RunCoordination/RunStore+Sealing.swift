// SPDX-License-Identifier: Apache-2.0

internal import Crypto
package import Diagnostics
package import PipelineModel
internal import SealedStorage
internal import StructuredData

/// What other parts of a server keep at rest under the store's key.
extension RunStore {
    /// - Parameter name: what it is; one thing cannot be taken for another.
    package func sealed(_ bytes: [UInt8], name: String) throws(DiagnosticError) -> [UInt8] {
        guard let box = try? AES.GCM.seal(bytes, using: key, authenticating: Array(name.utf8)).combined else {
            throw DiagnosticError(.sealedRecord, "'\(name)' could not be sealed.")
        }
        return Array(box)
    }

    /// - Throws: ``DiagnosticCode/sealedRecord`` for what was changed, or was sealed with another key or name.
    package func unsealed(_ box: [UInt8], name: String) throws(DiagnosticError) -> [UInt8] {
        guard let box = try? AES.GCM.SealedBox(combined: box),
            let text = try? AES.GCM.open(box, using: key, authenticating: Array(name.utf8))
        else {
            throw DiagnosticError(
                .sealedRecord, "'\(name)' was changed, or was sealed with another key.",
                remedy: "Restore it, or the key, from a copy.")
        }
        return Array(text)
    }

    /// Runs of a project that were made since `time` (milliseconds since the epoch), by what started them.
    ///
    /// - Parameter limit: so many of the newest runs are looked at.
    package func origins(
        of project: String, since time: Int64, limit: Int
    ) throws(DiagnosticError) -> [String: RunID] {
        var found: [String: RunID] = [:]
        for run in try runs().prefix(limit) where RunRecord.isKept(run, in: self) {
            let summary = try RunRecord.summary(of: run, in: self)
            if let createdAt = summary["createdAt"]?.int, Int64(createdAt) < time { break }
            guard summary["project"]?.string == project else { continue }
            if let origin = summary["origin"]?.string { found[origin] = run }
        }
        return found
    }
}
