// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import YAMLReading

/// From a file's bytes to its tokens.
struct FileReading {
    private let options: WorkflowOptions
    var log: ReadingLog

    init(options: WorkflowOptions, log: ReadingLog) {
        self.options = options
        self.log = log
    }

    /// `nil` where the text cannot be read at all; other faults leave a token and an entry in the log.
    mutating func read(_ text: [UInt8], path: String, as definition: String) -> TemplateToken? {
        do throws(DiagnosticError) {
            let file = try log.fileIndex(path)
            try checkLength(text)
            guard let root = try YAMLReader.read(text, limits: yamlLimits).root else {
                throw DiagnosticError(
                    Diagnostic(
                        .fileEmpty, "This file is empty.", position: .start,
                        remedy: "Write at least 'on' and 'jobs', or remove the file."))
            }
            var reader = TemplateReader(file: file, allowsAnchors: options.allowsAnchors, log: log)
            let token = reader.read(root, as: definition)
            log = reader.log
            return token
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.file = path
            log.add(diagnostic)
            return nil
        }
    }

    private var yamlLimits: YAMLLimits {
        var limits = YAMLLimits()
        limits.bytes = 4 * options.limits.fileLength
        limits.depth = max(limits.depth, 2 * options.limits.depth)
        limits.nodes = options.limits.nodes
        return limits
    }

    private func checkLength(_ text: [UInt8]) throws(DiagnosticError) {
        let limit = options.limits.fileLength
        // A UTF-16 unit takes one to three bytes of UTF-8, so a short text need not be counted.
        guard text.count > limit else { return }
        guard text.count > 3 * limit || String(decoding: text, as: UTF8.self).utf16.count > limit else { return }
        throw DiagnosticError(
            Diagnostic(
                .fileTooLong, "The maximum file size of \(limit) characters has been exceeded", position: .start,
                remedy: "Split the file; reusable workflows and scripts in files of their own make it shorter."))
    }
}
