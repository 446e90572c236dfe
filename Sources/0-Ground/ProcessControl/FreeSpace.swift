// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// Room on disks.
package enum FreeSpace {
    /// Bytes that this process may still write on the disk of a folder; `nil` where there is no such folder.
    package static func bytes(at folder: String) -> UInt64? {
        var facts = pc_directory_facts()
        guard pc_directory_facts(folder, &facts) == 0 else { return nil }
        return facts.free_bytes
    }
}
