// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import Synchronization

/// What was fetched of other repositories, for all runs of a store: a bare repository an address, and the files of each
/// commit that was asked for, in a folder of their own that never changes.
package final class RepositoryMirrors: Sendable {
    private let root: String
    /// Nothing is fetched: what was fetched before is used.
    package let isOffline: Bool
    /// By address, for the time of one command.
    private let mirrors = Mutex<[String: RepositoryMirror]>([:])

    /// - Parameter root: a folder; made when it is needed.
    package init(root: String, isOffline: Bool) {
        self.root = root
        self.isOffline = isOffline
    }

    /// `nil` where the address is a path, and nothing is there.
    func mirror(of address: String) throws(DiagnosticError) -> RepositoryMirror? {
        if let known = mirrors.withLock({ $0[address] }) { return known }
        let isPath = !Self.isURL(address)
        if isPath, !Files.isDirectory(address) { return nil }
        // One on this machine is fetched from like any other: its own settings may name programs.
        let folder = "\(root)/git/\(Self.folderName(address))"
        let isReachable = !isOffline || isPath || address.hasPrefix("file:")
        // A mirror that was never made holds nothing.
        guard isReachable || Files.isDirectory(folder) else { return nil }
        let mirror = RepositoryMirror(folder: folder, address: isReachable ? address : nil)
        try mirror.prepare()
        mirrors.withLock { $0[address] = mirror }
        return mirror
    }

    /// The files of a commit, where they are there already.
    func exported(_ reference: RepositoryReference, at commit: String) -> String? {
        let folder = exportPath(reference, commit)
        return Files.isDirectory(folder) ? folder : nil
    }

    /// The files of a commit; a crash in the middle leaves nothing under the commit's name.
    func export(
        _ reference: RepositoryReference, from mirror: RepositoryMirror, at commit: String
    ) throws(DiagnosticError) -> String {
        if let there = exported(reference, at: commit) { return there }
        let folder = exportPath(reference, commit)
        let unfinished = Files.draft(of: folder)
        try Trees.remove(unfinished)
        try Trees.make(unfinished)
        try mirror.export(commit, to: unfinished)
        do throws(DiagnosticError) {
            try Files.rename(unfinished, to: folder)
        } catch {
            // Another run was as quick: the files are the same.
            guard Files.isDirectory(folder) else { throw error }
            try Trees.remove(unfinished)
        }
        return folder
    }

    private func exportPath(_ reference: RepositoryReference, _ commit: String) -> String {
        "\(root)/actions/\(reference.owner)/\(reference.repository)/\(commit)"
    }

    private static func isURL(_ address: String) -> Bool {
        guard let colon = address.firstIndex(of: ":") else { return false }
        return !address[..<colon].contains("/")
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

/// A bare repository that holds what was fetched from one address.
final class RepositoryMirror: Sendable {
    private let folder: String
    /// `nil`: nothing is fetched.
    private let address: String?
    /// By ref, for the time of one command.
    private let commits = Mutex<[String: String]>([:])

    /// A transfer slower than 1 kB a second for so long is given up.
    private static let stallSeconds = 20

    init(folder: String, address: String?) {
        self.folder = folder
        self.address = address
    }

    /// Of several processes one fetches at a time: git's own locks are not waited for.
    private func locked<Value>(_ body: () throws(DiagnosticError) -> Value) throws(DiagnosticError) -> Value {
        let lock = try FileLock.waiting(path: folder + ".lock", until: .now() + .seconds(Self.patienceSeconds))
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    private static let patienceSeconds: Int64 = 600

    func prepare() throws(DiagnosticError) {
        guard !Files.isDirectory(folder + "/objects") else { return }
        try Trees.make(folder, mode: 0o700)
        try locked { () throws(DiagnosticError) in try initialize() }
    }

    private func initialize() throws(DiagnosticError) {
        guard !Files.isDirectory(folder + "/objects") else { return }
        _ = try GitRepository(root: folder).output(["init", "-q", "--bare", "."])
    }

    /// What a branch, a tag or a commit's id stands for.
    ///
    /// - Throws: ``DiagnosticCode/fetchFailed`` where it could not be fetched and was not before.
    func commit(of ref: String) throws(DiagnosticError) -> String? {
        if let known = commits.withLock({ $0[ref] }) { return known }
        let isCommit = ref.utf8.count == 40 && ref.allSatisfy(\.isHexDigit)
        let kept = "refs/martlet/" + ref.utf8.map { String($0, radix: 16) }.joined()
        var failure: String?
        if let address, !(isCommit && has(ref)) {
            failure = try locked { () throws(DiagnosticError) in try fetch(ref, from: address, as: kept) }
        }
        for name in [kept, ref, "refs/remotes/origin/\(ref)"] {
            let found = try GitRepository.git(["rev-parse", "-q", "--verify", "\(name)^{commit}"], in: folder)
            guard found.succeeded else { continue }
            let commit = found.text.trimmingLineBreak
            commits.withLock { $0[ref] = commit }
            return commit
        }
        if let failure {
            throw DiagnosticError(.fetchFailed, failure, remedy: "Check the address, the ref and the network.")
        }
        return nil
    }

    /// - Returns: what git said, where it did not succeed.
    private func fetch(_ ref: String, from address: String, as kept: String) throws(DiagnosticError) -> String? {
        let fetched = try GitRepository.git(
            [
                "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=\(Self.stallSeconds)", "fetch", "-q",
                "--depth",
                "1", "--no-tags", "--no-write-fetch-head", "--", address, "+\(ref):\(kept)",
            ],
            // Nobody is there to answer a question.
            in: folder, with: ["GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=true", "GIT_SSH_COMMAND=ssh -o BatchMode=yes"])
        guard fetched.succeeded else {
            let words = fetched.errorText.split(separator: "\n").first.map(String.init) ?? "git fetch failed"
            return "\(address): \(words)"
        }
        return nil
    }

    func has(_ commit: String) -> Bool {
        (try? GitRepository.git(["cat-file", "-e", "\(commit)^{commit}"], in: folder))?.succeeded == true
    }

    func file(_ path: String, at commit: String) throws(DiagnosticError) -> [UInt8]? {
        let shown = try GitRepository.git(["cat-file", "blob", "\(commit):\(path)"], in: folder)
        return shown.succeeded ? shown.output : nil
    }

    /// Writes the files of a commit into a folder, through an index of their own.
    func export(_ commit: String, to destination: String) throws(DiagnosticError) {
        let index = destination + ".index"
        // A bare repository has no work tree of its own.
        let variables = ["GIT_INDEX_FILE=\(index)", "GIT_DIR=\(folder)", "GIT_WORK_TREE=\(destination)"]
        for arguments in [["read-tree", commit], ["checkout-index", "-a", "-f", "-q"]] {
            let done = try GitRepository.git(arguments, in: destination, with: variables)
            guard done.succeeded else {
                try? Trees.remove(index)
                throw DiagnosticError(
                    .gitFailed, "git \(arguments.joined(separator: " ")): \(done.errorText.trimmingLineBreak)",
                    remedy: "Run the same command in \(folder) to see it fail by itself.")
            }
        }
        try Trees.remove(index)
    }
}
