// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl
package import Diagnostics

/// A private directory for files that are written often and needed briefly, in memory where that can be had.
package struct ScratchDirectory: Hashable, Sendable {
    /// Absolute; ours alone (mode 0700).
    package var path: String
    /// On tmpfs: creating a file costs microseconds there, and nothing survives a reboot.
    package var isInMemory: Bool

    /// The first place that is ours, safe and has room.
    ///
    /// In this order: `$XDG_RUNTIME_DIR`, `/dev/shm`, `$TMPDIR`, `/tmp`; below each a directory `name-<user>`.
    /// - Throws: ``DiagnosticCode/scratchUnavailable``, with what was wrong with each.
    package static func choose(
        name: String, freeBytes: UInt64 = 64 << 20, environment: (String) -> String? = Self.variable
    ) throws(DiagnosticError) -> ScratchDirectory {
        let places = [environment("XDG_RUNTIME_DIR"), "/dev/shm", environment("TMPDIR"), "/tmp"]
        var reasons: [String] = []
        var slow: ScratchDirectory?
        for case let place? in places where place.utf8.first == UInt8(ascii: "/") {
            let path = "\(place)/\(name)-\(pc_own_user())"
            switch prepare(path, freeBytes: freeBytes) {
            case .success(let found) where found.isInMemory: return found
            case .success(let found): slow = slow ?? found
            case .failure(let reason): reasons.append("\(path): \(reason.text)")
            }
        }
        if let slow { return slow }
        throw DiagnosticError(
            .scratchUnavailable, "There is no place for scratch files. \(reasons.joined(separator: "; ")).",
            remedy: "Set TMPDIR to a directory of your own with some free space.")
    }

    package static func variable(_ name: String) -> String? { pc_variable(name).map { String(cString: $0) } }

    private struct Reason: Error {
        var text: String
    }

    /// Nobody else may own the directory or write into it: whoever did could swap a step's script.
    private static func prepare(_ path: String, freeBytes: UInt64) -> Result<ScratchDirectory, Reason> {
        let made = pc_make_directory(path, 0o700)
        if made != 0, SystemError(number: made).name != "EEXIST" {
            return .failure(Reason(text: "\(SystemError(number: made))"))
        }
        var facts = pc_directory_facts()
        let error = pc_directory_facts(path, &facts)
        if error != 0 { return .failure(Reason(text: "\(SystemError(number: error))")) }
        if facts.owner != pc_own_user() { return .failure(Reason(text: "it belongs to another user")) }
        if facts.mode & 0o077 != 0 { return .failure(Reason(text: "others may use it too")) }
        if facts.free_bytes < freeBytes { return .failure(Reason(text: "only \(facts.free_bytes) bytes are free")) }
        return .success(ScratchDirectory(path: path, isInMemory: facts.in_memory != 0))
    }
}
