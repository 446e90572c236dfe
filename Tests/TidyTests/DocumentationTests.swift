// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What the documentation promises to hold.
@Suite struct DocumentationTests {
    private let tree = SourceTree.shared

    /// `static let name = DiagnosticCode(101)` anywhere in the sources.
    private var codes: [(number: Int, place: String)] {
        tree.sources.flatMap { file in
            file.lines.enumerated().compactMap { index, line in
                guard let range = line.range(of: #"= DiagnosticCode\(\d+\)"#, options: .regularExpression) else {
                    return nil
                }
                let digits = line[range].filter(\.isNumber)
                return Int(digits).map { ($0, "\(file.path):\(index + 1)") }
            }
        }
    }

    @Test func everyCodeHasItsPage() {
        #expect(codes.count > 20)
        for code in codes {
            let name = "MRT" + String(repeating: "0", count: 4 - String(code.number).count) + String(code.number)
            let page = tree.text("docs/errors/\(name).md")
            #expect(
                page.hasPrefix("# \(name): "), "\(code.place): docs/errors/\(name).md is missing or has another title")
            #expect(page.contains("## What happened") && page.contains("## What to do"), "docs/errors/\(name).md")
        }
    }

    @Test func aCodeIsGivenOnce() {
        let twice = Dictionary(grouping: codes, by: \.number).filter { $0.value.count > 1 }
        #expect(twice.isEmpty, "\(twice)")
    }

    @Test func everyPageHasItsCode() throws {
        let known = Set(codes.map(\.number))
        let folder = tree.root.appendingPathComponent("docs/errors").path
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix("MRT") {
            let number = Int(name.filter(\.isNumber))
            #expect(number.map(known.contains) == true, "docs/errors/\(name) explains a code that nothing gives")
        }
    }

    @Test(arguments: [
        "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md", "SECURITY.md", "LICENSE", ".swift-format",
        ".editorconfig", ".gitignore", "Makefile", ".ci/run",
    ])
    func theHouseHasItsFiles(path: String) {
        #expect(tree.exists(path), "\(path)")
    }

    @Test func linksBetweenPagesLead() throws {
        let pages = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "STYLE.md", "SECURITY.md"] + pagesBelow("docs")
        for page in pages {
            let folder = (page as NSString).deletingLastPathComponent
            for link in links(in: tree.text(page)) {
                let target = (folder as NSString).appendingPathComponent(link)
                #expect(tree.exists(target), "\(page) links to \(link)")
            }
        }
    }

    private func pagesBelow(_ folder: String) -> [String] {
        let base = tree.root.appendingPathComponent(folder).path
        let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".md") }.map { "\(folder)/\($0)" }
    }

    /// Relative targets of `[text](target)`, without their anchors.
    private func links(in text: String) -> [String] {
        text.components(separatedBy: "](").dropFirst().compactMap { rest in
            let target = rest.prefix { $0 != ")" && $0 != "#" && $0 != " " }
            return target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") ? nil : String(target)
        }
    }
}
