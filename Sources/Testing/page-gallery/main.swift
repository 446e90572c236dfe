// SPDX-License-Identifier: Apache-2.0

import Foundation
import PageSamples
import WebPages

// page-gallery FOLDER: writes every page with sample values, and what they load, into a folder that a browser can open.

func write(_ bytes: [UInt8], _ path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
}

let arguments = CommandLine.arguments
guard arguments.count == 2 else {
    FileHandle.standardError.write(Data("usage: page-gallery FOLDER\n".utf8))
    exit(2)
}
let folder = arguments[1]
for asset in WebAssets.all { try write(asset.bytes, folder + asset.path) }
for entry in Gallery.entries {
    let page = String(decoding: entry.page.render(Gallery.context(entry)), as: UTF8.self)
    // Pages lie beside the folder of assets, so that they open from a disk as well.
    let relative = page.replacingOccurrences(of: "=\"/assets/", with: "=\"assets/")
    try write(Array(relative.utf8), "\(folder)/\(entry.name).html")
}
for file in Gallery.files { try write(file.bytes, "\(folder)/\(file.name)") }
try write(Array(Gallery.entries.map(\.name).joined(separator: "\n").utf8), "\(folder)/pages.txt")
try write(Array(PageHeaders.contentSecurityPolicy.utf8), "\(folder)/policy.txt")
