// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Timekeeping

/// Wall time for what people see.
package enum RunClock {
    /// Milliseconds since the epoch.
    package static func now() -> Int64 { Timestamp.now().milliseconds }

    /// Lets time pass between two looks at something that another process writes.
    package static func pause(milliseconds: UInt32) {
        usleep(milliseconds * 1_000)
    }
}

package enum ProcessorCount {
    /// Processors that this process may use.
    package static var available: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
