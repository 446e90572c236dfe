// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The real binary, as a user would call it.
enum Program {
    static var path: String {
        if let path = ProcessInfo.processInfo.environment["MARTLET_BINARY"] { return path }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(".build/debug/martlet").path
    }
}
