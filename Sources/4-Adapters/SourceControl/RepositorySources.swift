// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import Synchronization

/// A place that other repositories are taken from.
package enum RepositorySource: Hashable, Sendable, CustomStringConvertible {
    /// An absolute folder that holds `owner/repo@ref/`, or `owner/repo/` for every ref.
    case folder(String)
    /// A git repository's address, in which `{owner}` and `{repo}` stand for the names: a path or a URL.
    case git(String)

    package var description: String {
        switch self {
        case .folder(let path): path
        case .git(let address): address
        }
    }
}

/// Other repositories, looked for in one source after another. Of a URL, the ref that is asked for is fetched once a
/// command into a folder of the store; without a network, what was fetched before is used.
package final class RepositorySources: Sendable {
    package let sources: [RepositorySource]
    /// Where fetched repositories are kept; made when it is needed.
    private let cache: String
    /// Commits by address and ref, for the time of one command.
    private let commits = Mutex<[String: String]>([:])

    private static let fileLimitBytes = 4 << 20

    package init(_ sources: [RepositorySource], cache: String) {
        self.sources = sources
        self.cache = cache
    }

    /// One file of another repository.
    ///
    /// - Returns: `nil` where no source has it.
    /// - Throws: where a source has the file and it cannot be read.
    package func file(_ reference: RepositoryReference) throws(DiagnosticError) -> [UInt8]? {
        for source in sources {
            switch source {
            case .folder(let folder):
                for name in ["\(reference.repository)@\(reference.ref)", reference.repository] {
                    let path = "\(folder)/\(reference.owner)/\(name)/\(reference.path)"
                    if let bytes = try Files.readIfPresent(path, limit: Self.fileLimitBytes) { return bytes }
                }
            case .git(let template):
                if let bytes = try file(reference, fromGit: template) { return bytes }
            }
        }
        return nil
    }

    private func file(
        _ reference: RepositoryReference, fromGit template: String
    ) throws(DiagnosticError) -> [UInt8]? {
        let address = Self.filled(template, reference)
        let isURL = Self.isURL(address)
        let folder = isURL ? "\(cache)/\(Self.folderName(address))" : address
        if isURL { try prepare(folder) } else { guard Files.isDirectory(folder) else { return nil } }
        guard let commit = try commit(reference.ref, of: address, in: folder, isURL: isURL) else { return nil }
        let shown = try GitRepository.git(["cat-file", "blob", "\(commit):\(reference.path)"], in: folder)
        return shown.succeeded ? shown.output : nil
    }

    private func prepare(_ folder: String) throws(DiagnosticError) {
        guard !Files.isDirectory(folder + "/objects") else { return }
        try Trees.make(folder, mode: 0o700)
        _ = try GitRepository(root: folder).output(["init", "-q", "--bare", "."])
    }

    private func commit(
        _ ref: String, of address: String, in folder: String, isURL: Bool
    ) throws(DiagnosticError) -> String? {
        let key = "\(address)\0\(ref)"
        if let known = commits.withLock({ $0[key] }) { return known }
        let isCommit = ref.utf8.count == 40 && ref.allSatisfy(\.isHexDigit)
        let kept = "refs/martlet/" + ref.utf8.map { String($0, radix: 16) }.joined()
        if isURL, !(isCommit && Self.has(ref, in: folder)) {
            let fetched = try GitRepository.git(
                ["fetch", "-q", "--depth", "1", "--no-tags", "--", address, ref], in: folder)
            if fetched.succeeded {
                _ = try GitRepository(root: folder).output(["update-ref", kept, "FETCH_HEAD"])
            }
        }
        for name in isURL && !isCommit ? [kept] : [ref, "refs/remotes/origin/\(ref)"] {
            let found = try GitRepository.git(["rev-parse", "-q", "--verify", "\(name)^{commit}"], in: folder)
            guard found.succeeded else { continue }
            let commit = found.text.trimmingLineBreak
            commits.withLock { $0[key] = commit }
            return commit
        }
        return nil
    }

    private static func has(_ commit: String, in folder: String) -> Bool {
        (try? GitRepository.git(["cat-file", "-e", "\(commit)^{commit}"], in: folder))?.succeeded == true
    }

    private static func isURL(_ address: String) -> Bool {
        guard let colon = address.firstIndex(of: ":") else { return false }
        return !address[..<colon].contains("/")
    }

    private static func filled(_ template: String, _ reference: RepositoryReference) -> String {
        var text = template
        for (name, value) in [("{owner}", reference.owner), ("{repo}", reference.repository)] {
            text = text.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
        }
        return text
    }

    /// Readable, and different for different addresses.
    private static func folderName(_ address: String) -> String {
        var name = ""
        for byte in address.utf8 {
            let isPlain = byte == 45 || byte == 46 || (48...57).contains(byte) || (97...122).contains(byte)
            name += isPlain ? String(UnicodeScalar(byte)) : "_" + String(byte, radix: 16)
        }
        return name + ".git"
    }
}
