// SPDX-License-Identifier: Apache-2.0

import Foundation
import GitHubWorkflows
import YAMLReading

/// One case of the reader suite: options, a workflow, called workflows, and the outcome as JSON.
struct ReaderCase: Sendable {
    var file: String
    var workflow: String
    var called: [String: String] = [:]
    var expected: String
    var options: YAMLNode?

    var path: String { ".github/workflows/\(file)" }

    init(contentsOf url: URL) throws {
        file = url.lastPathComponent
        let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
        let parts = Self.split(text)
        options = try YAMLReader.read(Array(parts[0].utf8)).root
        workflow = parts[1]
        expected = parts[parts.count - 1]
        for index in stride(from: 2, to: parts.count - 1, by: 2) { called[parts[index]] = parts[index + 1] }
    }

    /// The documents between lines that are `---`.
    private static func split(_ text: String) -> [String] {
        var parts: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let bare = line.hasSuffix("\r") ? line.dropLast() : line
            if bare == "---" { parts.append([]) } else { parts[parts.count - 1].append(line) }
        }
        return parts.map { $0.joined(separator: "\n") }
    }

    private func option(_ key: String) -> String? {
        guard case .mapping(let entries)? = options?.content else { return nil }
        return entries.first { $0.key.scalarText == key }?.value.scalarText
    }

    private func number(_ key: String) -> Int? { option(key).flatMap { Int($0) } }

    var keepsPlaces: Bool { option("include-source") == "true" }

    /// The suite is as old as its parsers: none of them knew anchors.
    var workflowOptions: WorkflowOptions {
        var result = WorkflowOptions()
        result.allowsAnchors = false
        result.limits.fileLength = number("max-file-size") ?? result.limits.fileLength
        result.limits.depth = number("max-depth") ?? result.limits.depth
        result.limits.resultBytes = number("max-result-size") ?? result.limits.resultBytes
        result.limits.jobs = number("max-job-limit") ?? result.limits.jobs
        result.limits.callDepth = number("max-nested-reusable-workflows-depth") ?? result.limits.callDepth
        result.permissionsPolicy =
            option("permissions-policy").flatMap(PermissionsPolicy.init(rawValue:)) ?? result.permissionsPolicy
        let called = called
        if option("skip-reusable-workflows") != "true" {
            result.resolver = { reference, _ in
                called[reference].map { CalledWorkflow(text: Array($0.utf8), path: reference, isTrusted: true) }
            }
        }
        return result
    }

    /// Where the cases are; `nil` and a word about it where there are none.
    static var folders: [URL] {
        let environment = ProcessInfo.processInfo.environment
        let root = URL(filePath: #filePath).appending(path: "../../..").standardized
        let shared =
            environment["MARTLET_CONFORMANCE"].map { URL(filePath: $0) }
            ?? root.appending(path: "../shared/conformance").standardized
        var result = [shared.appending(path: "github-workflow-reader")]
        if let source = environment["MARTLET_READER_SUITE"] { result.append(URL(filePath: source)) }
        return result.filter { folder in
            let isThere = FileManager.default.fileExists(atPath: folder.path)
            if !isThere { FileHandle.standardError.write(Data("No workflow reader cases at \(folder.path).\n".utf8)) }
            return isThere
        }
    }

    static let files: [URL] = folders.flatMap { folder in
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().filter { $0.hasSuffix(".yml") }.map { folder.appending(path: $0) }
    }
}
