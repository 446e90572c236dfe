// SPDX-License-Identifier: Apache-2.0

internal import CProcessControl

/// An `errno` value.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// As the system numbers it; differs between platforms.
    package let number: Int32

    package init(number: Int32) {
        self.number = number
    }

    /// The symbol, such as `ENOENT`.
    package var name: String { String(cString: pc_error_name(number)) }

    /// The system's words, such as "No such file or directory".
    package var text: String { String(cString: pc_error_text(number)) }

    /// Another process holds the lock in question (EWOULDBLOCK).
    package var isLockHeld: Bool { number == pc_lock_held_error() }

    package var description: String { "\(text) (\(name))" }
}
