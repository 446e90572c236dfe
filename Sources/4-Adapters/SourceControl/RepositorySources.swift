// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
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

/// Another repository, as it was found.
package struct FoundRepository: Hashable, Sendable {
    /// Its files.
    package var folder: String
    /// `nil` where it lies in a folder that no git repository stands behind.
    package var commit: String?
}

/// Other repositories, looked for in one source after another. Of a URL, the ref that is asked for is fetched once a
/// command into a folder of the store; without a network, what was fetched before is used.
package final class RepositorySources: Sendable {
    package let sources: [RepositorySource]
    private let mirrors: RepositoryMirrors
    /// Why a source could not be asked, in the order it happened.
    private let problems = Mutex<[String]>([])

    private static let fileLimitBytes = 4 << 20

    /// - Parameters:
    ///   - mirrors: where what is fetched is kept.
    package init(_ sources: [RepositorySource], mirrors: RepositoryMirrors) {
        self.sources = sources
        self.mirrors = mirrors
    }

    /// Where was looked, and what sources said that could not be asked: a sentence's end.
    package var placesLooked: String {
        let places = sources.map(\.description).joined(separator: ", ")
        var said = problems.withLock { $0 }
        if mirrors.isOffline { said.append("offline, nothing is fetched") }
        return said.isEmpty ? places : places + " (" + said.joined(separator: "; ") + ")"
    }

    /// One file of another repository.
    ///
    /// - Parameter commit: what the ref is known to stand for.
    /// - Returns: `nil` where no source has it.
    /// - Throws: where a source has the file and it cannot be read.
    package func file(_ reference: RepositoryReference, commit known: String? = nil) throws(DiagnosticError) -> [UInt8]?
    {
        for source in sources {
            switch source {
            case .folder(let folder):
                for place in Self.places(reference, in: folder) {
                    let path = "\(place)/\(reference.path)"
                    if let bytes = try Files.readIfPresent(path, limit: Self.fileLimitBytes) { return bytes }
                }
            case .git(let template):
                guard let mirror = try mirror(reference, template), let commit = try commit(reference, known, mirror)
                else { continue }
                if let bytes = try mirror.file(reference.path, at: commit) { return bytes }
            }
        }
        return nil
    }

    /// All files of another repository.
    ///
    /// - Parameter commit: what the ref is known to stand for; then it is not asked for again.
    /// - Returns: `nil` where no source has it.
    package func repository(
        _ reference: RepositoryReference, commit known: String? = nil
    ) throws(DiagnosticError) -> FoundRepository? {
        if let known, let folder = mirrors.exported(reference, at: known) {
            return FoundRepository(folder: folder, commit: known)
        }
        for source in sources {
            switch source {
            case .folder(let folder):
                if let place = Self.places(reference, in: folder).first(where: { Files.isDirectory($0) }) {
                    return FoundRepository(folder: place, commit: nil)
                }
            case .git(let template):
                guard let mirror = try mirror(reference, template), let commit = try commit(reference, known, mirror)
                else { continue }
                let folder = try mirrors.export(reference, from: mirror, at: commit)
                return FoundRepository(folder: folder, commit: commit)
            }
        }
        return nil
    }

    private static func places(_ reference: RepositoryReference, in folder: String) -> [String] {
        ["\(reference.repository)@\(reference.ref)", reference.repository].map { "\(folder)/\(reference.owner)/\($0)" }
    }

    /// `nil` where the address is a folder that is not there.
    private func mirror(
        _ reference: RepositoryReference, _ template: String
    ) throws(DiagnosticError) -> RepositoryMirror? {
        var address = template
        for (name, value) in [("{owner}", reference.owner), ("{repo}", reference.repository)] {
            address = address.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
        }
        return try mirrors.mirror(of: address)
    }

    /// - Parameter known: the commit that it must be.
    private func commit(
        _ reference: RepositoryReference, _ known: String?, _ mirror: RepositoryMirror
    ) throws(DiagnosticError) -> String? {
        do throws(DiagnosticError) {
            guard let known else { return try mirror.commit(of: reference.ref) }
            if mirror.has(known) { return known }
            // Not every server gives a commit by its id; its branch or tag may still stand for it.
            if let commit = try? mirror.commit(of: known), commit == known { return known }
            guard let commit = try mirror.commit(of: reference.ref) else { return nil }
            if commit == known { return known }
            note("\(reference.unit) is \(commit) now, and \(known) is asked for")
        } catch {
            guard error.diagnostic.code == .fetchFailed else { throw error }
            note(error.diagnostic.message)
        }
        return nil
    }

    private func note(_ problem: String) {
        problems.withLock { if !$0.contains(problem) { $0.append(problem) } }
    }
}
