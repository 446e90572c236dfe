// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The file with a day's figures.
enum ScaleFile {
    static func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
}
