// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import GitHubWorkflows
import Testing

@testable import WorkflowChecks

/// Runs the reader and the lint, as `martlet check` does, over the test data of rhysd/actionlint, in place.
@Suite("Conformance with actionlint's test data")
struct ConformanceTests {
    @Test("No file that is fine gets an error", arguments: collections)
    func fineFilesStayValid(collection: URL) throws {
        for file in try workflows(in: collection.appending(path: "ok")) {
            let found = try lint(file)
            #expect(!found.contains { $0.severity == .error }, "\(file.lastPathComponent): \(found.map(\.message))")
            #expect(found.count <= 1, "\(file.lastPathComponent) is noisy: \(found.map(\.message))")
        }
    }

    @Test("Faults are found on the lines where they are", arguments: collections)
    func faultsAreFound(collection: URL) throws {
        var (expected, found, missed) = (0, 0, [String]())
        for folder in ["err", "examples"] {
            for file in try workflows(in: collection.appending(path: folder)) {
                // These need programs that look into scripts.
                let name = file.lastPathComponent
                if name.contains("shellcheck") || name.contains("pyflakes") { continue }
                let lines = Set(try lint(file).compactMap { $0.position?.line })
                for line in try expectedLines(file) {
                    expected += 1
                    if lines.contains(line) { found += 1 } else { missed.append("\(folder)/\(name):\(line)") }
                }
            }
        }
        try #require(expected > 0)
        // The data counts lines of a block scalar under 'with' wrongly, and its local actions are not beside it.
        #expect(Double(found) / Double(expected) >= 0.98, "\(found) of \(expected); missed \(missed)")
    }

    private func workflows(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
            .sorted { $0.path < $1.path }
    }

    private func lint(_ file: URL) throws -> [Diagnostic] {
        var options = WorkflowLintOptions()
        let root = file.deletingLastPathComponent()
        options.readFile = { path in
            (try? Data(contentsOf: root.appending(path: path))).map { Array($0) }
        }
        let text = Array(try Data(contentsOf: file))
        let read = WorkflowReader.read(text, path: file.lastPathComponent).diagnostics
        options.readerDiagnostics = read
        // What `martlet check` shows: each fault once.
        return WorkflowLint.report(text, path: file.lastPathComponent, options: options)
    }

    /// From lines such as `test.yaml:3:5: …`, or the same as a pattern between slashes. Line 0 is no line.
    private func expectedLines(_ file: URL) throws -> [Int] {
        let out = file.deletingPathExtension().appendingPathExtension("out")
        return try String(contentsOf: out, encoding: .utf8).split(separator: "\n").compactMap { line in
            (try? /\/?test\\?\.yaml:(\d+):\d+: .*/.wholeMatch(in: line)).flatMap { Int($0.1) }
        }.filter { $0 > 0 }
    }
}

/// The shared cases, and a whole checkout of the test data where `MARTLET_ACTIONLINT_TESTDATA` names one.
private let collections: [URL] = {
    let environment = ProcessInfo.processInfo.environment
    let shared =
        environment["MARTLET_CONFORMANCE"].map { URL(filePath: $0) }
        ?? repository.deletingLastPathComponent().appending(path: "shared/conformance")
    var found = [shared.appending(path: "actionlint")]
    if let whole = environment["MARTLET_ACTIONLINT_TESTDATA"] { found.append(URL(filePath: whole)) }
    return found.filter { folder in
        if FileManager.default.fileExists(atPath: folder.path) { return true }
        FileHandle.standardError.write(Data("no conformance cases at \(folder.path): they are not run\n".utf8))
        return false
    }
}()
