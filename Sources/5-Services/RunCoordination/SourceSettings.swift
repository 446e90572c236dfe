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
///     forge: https://github.com
///     native-actions: first
struct SourceSettings {
    /// Looked at in this order, before the actions that are built in.
    var sources: [RepositorySource] = []
    /// Looked at last; `nil`: nowhere.
    var forge: RepositorySource?
    /// Actions that are built in come before all sources.
    var prefersNative = false

    static let path = ".martlet/sources.yml"
    private static let sizeLimitBytes = 1 << 20
    private static let sourcesLimit = 64

    /// - Parameters:
    ///   - first: a folder that is looked at before all others (`MARTLET_ACTIONS_DIR`).
    ///   - forge: where repositories are that no source has, unless the file says otherwise.
    static func read(root: String, first: String?, forge: String) throws(DiagnosticError) -> SourceSettings {
        var settings = SourceSettings()
        settings.forge = address(ofForge: forge)
        if let first, !first.isEmpty { settings.sources.append(.folder(absolute(first, root))) }
        guard let bytes = try Files.readIfPresent("\(root)/\(path)", limit: sizeLimitBytes) else { return settings }
        let document = try YAMLReader.read(bytes)
        guard let node = document.root else { return settings }
        guard case .mapping(let entries) = node.content else { throw fault("It must be a mapping.", node) }
        for entry in entries { try settings.take(entry.key, entry.value, root) }
        return settings
    }

    private mutating func take(_ key: YAMLNode, _ value: YAMLNode, _ root: String) throws(DiagnosticError) {
        switch (key.content, value.content) {
        case (.scalar("sources", _), .sequence(let items)):
            guard items.count <= Self.sourcesLimit else {
                throw Self.fault("There are more than \(Self.sourcesLimit) sources.", value)
            }
            for item in items { sources.append(try Self.source(item, root)) }
        case (.scalar("sources", _), _): throw Self.fault("'sources' must be a list.", value)
        case (.scalar("forge", _), .scalar("none", _)): forge = nil
        case (.scalar("forge", _), .scalar(let text, _)) where text.hasPrefix("https://") || text.hasPrefix("http://"):
            forge = Self.address(ofForge: text)
        case (.scalar("forge", _), _): throw Self.fault("'forge' is the address of a forge, or 'none'.", value)
        case (.scalar("native-actions", _), .scalar("first", _)): prefersNative = true
        case (.scalar("native-actions", _), .scalar("after-sources", _)): prefersNative = false
        case (.scalar("native-actions", _), _):
            throw Self.fault("'native-actions' is 'first' or 'after-sources'.", value)
        default: throw Self.fault("The keys are 'sources', 'forge' and 'native-actions'.", key)
        }
    }

    /// Keeps what code that is not the user's may have named.
    ///
    /// - Parameter given: a folder that the user names.
    mutating func leaveOutPrivate(root: String, given: String?) {
        sources.removeAll { source in
            switch source {
            case .folder(let path):
                if let given, !given.isEmpty, path == Self.absolute(given, root) { return false }
                // Links of the repository may lead out of it.
                let real = Files.realPath(path) ?? path
                return !real.hasPrefix((Files.realPath(root) ?? root) + "/")
            case .git(let address): return !address.hasPrefix("https://")
            }
        }
    }

    private static func address(ofForge text: String) -> RepositorySource {
        .git(String(text.reversed().drop { $0 == "/" }.reversed()) + "/{owner}/{repo}")
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
