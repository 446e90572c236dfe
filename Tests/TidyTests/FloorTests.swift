// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A target imports only lower floors; the few edges on one floor are written in ARCHITECTURE.md.
@Suite struct FloorTests {
    private let tree = SourceTree.shared

    /// Target name to floor, for every target of the package.
    private var floors: [String: Int] {
        Dictionary(
            tree.sources.compactMap { file in file.floor.map { (file.target, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    @Test func theTreeIsFound() {
        #expect(tree.sources.count > 50)
        #expect(floors["Diagnostics"] == 0)
    }

    @Test func importsPointDownwards() {
        let floors = floors
        let allowed = sameFloorEdges()
        for file in tree.sources {
            guard let floor = file.floor else { continue }
            for module in imports(of: file) {
                guard let other = floors[module], module != file.target else { continue }
                let isAllowed = other < floor || (other == floor && allowed.contains("\(file.target) → \(module)"))
                #expect(isAllowed, "\(file.path) on floor \(floor) imports \(module) of floor \(other)")
            }
        }
    }

    @Test func floorsZeroToThreeDoNoInputOrOutput() {
        let exempt: Set = [
            "ProcessControl", "FileAccess", "PostgresAccess", "TerminalRendering", "ThreadExecution", "YAMLReading",
        ]
        for file in tree.sources where (file.floor ?? 9) <= 3 && !exempt.contains(file.target) {
            for module in imports(of: file) {
                #expect(
                    !["Foundation", "Glibc", "Darwin", "Dispatch"].contains(module) || isMathOnly(file),
                    "\(file.path) imports \(module)")
            }
        }
    }

    /// A few pure files need C's number formatting or mathematics; they say so in the import line.
    private func isMathOnly(_ file: SourceTree.File) -> Bool {
        file.lines.contains { $0.contains("import Glibc") && $0.contains("//") }
    }

    private func imports(of file: SourceTree.File) -> [String] {
        file.lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index <= 2, words.count > index + 1,
                !line.hasPrefix("//")
            else { return nil }
            return String(words[index + 1].split(separator: ".")[0])
        }
    }

    /// Lines of the form ``| `A` → `B` | why |`` in ARCHITECTURE.md.
    private func sameFloorEdges() -> Set<String> {
        let lines = tree.text("ARCHITECTURE.md").components(separatedBy: "\n").filter { $0.contains("→") }
        return Set(
            lines.compactMap { line in
                let cell = line.split(separator: "|").first.map(String.init) ?? ""
                let names = cell.replacingOccurrences(of: "`", with: "").components(separatedBy: "→")
                guard names.count == 2 else { return nil }
                return names.map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " → ")
            })
    }
}
