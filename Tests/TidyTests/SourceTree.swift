// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The repository as the tidy tests see it: its Swift files, with their floor and target.
struct SourceTree {
    struct File {
        /// Relative to the repository's root.
        var path: String
        var lines: [String]
        /// `0-Ground` … `7-Program`, or `Testing`.
        var folder: String
        var target: String

        /// The floor's number; testing libraries stand beside the floors and may import all below the edges.
        var floor: Int? { folder.first.flatMap { Int(String($0)) } }
    }

    let root: URL
    let sources: [File]

    static let shared = SourceTree()

    private init() {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        self.root = root
        sources = Self.swiftFiles(below: "Sources", root: root).map { path in
            let parts = path.split(separator: "/").map(String.init)
            return File(
                path: path, lines: Self.lines(of: path, root: root), folder: parts[1],
                target: parts.count > 3 ? parts[2] : "")
        }
    }

    var tests: [File] {
        Self.swiftFiles(below: "Tests", root: root).map { path in
            let target = path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
            return File(path: path, lines: Self.lines(of: path, root: root), folder: "Tests", target: target)
        }
    }

    func text(_ path: String) -> String {
        (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
    }

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    private static func lines(of path: String, root: URL) -> [String] {
        let text = (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)) ?? ""
        return text.components(separatedBy: "\n")
    }

    private static func swiftFiles(below folder: String, root: URL) -> [String] {
        let base = root.appendingPathComponent(folder).path
        let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }.sorted()
    }
}
