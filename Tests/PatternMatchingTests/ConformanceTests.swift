// SPDX-License-Identifier: Apache-2.0

import Foundation
import PatternMatching
import Testing

/// The cases of a public project; see the README of the conformance folder.
private struct FilterCase: Decodable {
    var patterns: [String]
    var inputs: [String]
    /// As the data has it: whether `paths` keeps the run from starting.
    var ignored: Bool
    /// As the data has it: whether `paths-ignore` keeps the run from starting.
    var matched: Bool
}

@Suite("Filter globs, conformance")
struct FilterGlobConformanceTests {
    @Test("Every public case has its verdict")
    func cases() throws {
        guard let folder = conformanceFolder() else { return }
        let data = try Data(contentsOf: folder.appending(path: "github-filter-globs/cases.json"))
        let cases = try JSONDecoder().decode([FilterCase].self, from: data)
        #expect(!cases.isEmpty)
        for item in cases {
            let list = try FilterPatternList(sources: item.patterns)
            #expect(list.filtersOut(item.inputs) == item.ignored, "\(item)")
            #expect(list.ignoresAll(item.inputs) == item.matched, "\(item)")
        }
    }
}

/// `$MARTLET_CONFORMANCE`, or `../shared/conformance` beside the repository.
func conformanceFolder() -> URL? {
    var root = URL(filePath: #filePath).resolvingSymlinksInPath()
    for _ in 0..<3 { root.deleteLastPathComponent() }
    let environment = ProcessInfo.processInfo.environment["MARTLET_CONFORMANCE"]
    let candidates = [environment.map { URL(filePath: $0) }, root.appending(path: "../shared/conformance")].compactMap(
        \.self)
    if let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) { return found }
    FileHandle.standardError.write(Data("The conformance cases are absent: \(candidates.map(\.path))\n".utf8))
    return nil
}
