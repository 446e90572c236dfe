// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import SourceControl
internal import YAMLReading

/// `.martlet/sources.yml`: where other repositories are taken from, in the order of the file.
///
///     sources:
///       - folder: ../shared-workflows
///       - git: /srv/git/{owner}/{repo}.git
enum SourceSettings {
    static let path = ".martlet/sources.yml"
    private static let sizeLimitBytes = 1 << 20
    private static let sourcesLimit = 64

    /// - Parameter first: a folder that is looked at before all others (`MARTLET_ACTIONS_DIR`).
    static func read(root: String, first: String?) throws(DiagnosticError) -> [RepositorySource] {
        let before = first.flatMap { $0.isEmpty ? nil : [RepositorySource.folder(absolute($0, root))] } ?? []
        guard let bytes = try Files.readIfPresent("\(root)/\(path)", limit: sizeLimitBytes) else { return before }
        let document = try YAMLReader.read(bytes)
        guard let node = document.root else { return before }
        guard case .mapping(let entries) = node.content else { throw fault("It must be a mapping.", node) }
        var sources = before
        for entry in entries {
            guard case .scalar("sources", _) = entry.key.content else {
                throw fault("Only the key 'sources' is known here.", entry.key)
            }
            guard case .sequence(let items) = entry.value.content else {
                throw fault("'sources' must be a list.", entry.value)
            }
            guard items.count <= sourcesLimit else {
                throw fault("There are more than \(sourcesLimit) sources.", entry.value)
            }
            for item in items { sources.append(try source(item, root)) }
        }
        return sources
    }

    private static func source(_ node: YAMLNode, _ root: String) throws(DiagnosticError) -> RepositorySource {
        guard case .mapping(let entries) = node.content, entries.count == 1, let entry = entries.first,
            case .scalar(let kind, _) = entry.key.content, case .scalar(let value, _) = entry.value.content,
            !value.isEmpty, !value.hasPrefix("-")
        else { throw fault("A source is 'folder: PATH' or 'git: ADDRESS'.", node) }
        switch kind {
        case "folder": return .folder(absolute(value, root))
        case "git":
            let isPath = value.hasPrefix("/") || value.hasPrefix("./") || value.hasPrefix("../")
            return .git(isPath ? absolute(value, root) : value)
        default: throw fault("'\(kind)' is no kind of source: there are 'folder' and 'git'.", entry.key)
        }
    }

    private static func absolute(_ path: String, _ root: String) -> String {
        path.hasPrefix("/") ? path : "\(root)/\(path)"
    }

    private static func fault(_ message: String, _ node: YAMLNode) -> DiagnosticError {
        DiagnosticError(
            Diagnostic(
                .sourcesInvalid, message, file: path, position: node.position,
                remedy: "Write a list of folders and git addresses, as `martlet explain MRT0710` shows."))
    }
}
