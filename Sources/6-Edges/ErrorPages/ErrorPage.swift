// SPDX-License-Identifier: Apache-2.0

internal import CErrorPages

/// The documentation of the error codes, as it stands in docs/errors.
package enum ErrorPage {
    /// Markdown; `nil` where there is no such code.
    package static func text(of number: Int) -> [UInt8]? {
        guard let number = Int32(exactly: number), let page = martlet_error_page(number) else { return nil }
        return Array(UnsafeBufferPointer(start: page.pointee.text, count: page.pointee.length))
    }
}
