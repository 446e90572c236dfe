// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// One process of this boot: its number alone may be given to another one later.
package struct ProcessIdentity: Hashable, Sendable {
    package var processID: Int32
    /// Clock ticks since boot.
    package var startTicks: UInt64

    package init(processID: Int32, startTicks: UInt64) {
        self.processID = processID
        self.startTicks = startTicks
    }

    /// `nil` when there is no such process, or only its remains.
    package init?(of processID: Int32) {
        let ticks = pc_start_ticks(processID)
        guard ticks != 0 else { return nil }
        self.init(processID: processID, startTicks: ticks)
    }

    package static var current: ProcessIdentity {
        ProcessIdentity(processID: pc_own_pid(), startTicks: pc_start_ticks(pc_own_pid()))
    }

    package var isAlive: Bool { pc_start_ticks(processID) == startTicks }
}

/// This boot of this machine.
package enum HostBoot {
    /// Differs after every boot; `unknown` where the system does not tell.
    package static func identifier() -> String {
        let text = smallFile("/proc/sys/kernel/random/boot_id")
        return text.isEmpty ? "unknown" : String(text.prefix { $0 != "\n" && $0 != " " })
    }
}

/// How many files this process may have open.
package enum OpenFileLimit {
    /// Raises the soft limit to the hard one; steps still start with the old one. Returns the limit now.
    package static func raise() -> UInt64 { pc_open_files_raise() }
}

/// The first 16 KiB of a file of the system's, empty where it cannot be read.
func smallFile(_ path: String) -> String {
    let file = pc_open_for_reading(path)
    guard file >= 0 else { return "" }
    defer { pc_close(file) }
    var bytes = [UInt8](repeating: 0, count: 16384)
    var size = 0
    while size < bytes.count {
        let count = bytes.withUnsafeMutableBytes { pc_read(file, $0.baseAddress.map { $0 + size }, $0.count - size) }
        if count <= 0 { break }
        size += Int(count)
    }
    return String(decoding: bytes[..<size], as: UTF8.self)
}
