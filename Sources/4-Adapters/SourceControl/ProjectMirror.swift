// SPDX-License-Identifier: Apache-2.0

package import Diagnostics
internal import FileAccess
internal import ProcessControl
internal import Synchronization

/// A bare mirror of one project's repository: what jobs check out and plans are made of.
///
/// Branches lie as in a clone, `refs/remotes/origin/…`, tags as `refs/tags/…`, and what was fetched on demand below
/// `refs/martlet/`. Calls block. Of several processes one fetches at a time.
package final class ProjectMirror: Sendable {
    package let folder: String
    private let remote: GitRemote
    private let environment: [String]
    private let followsRedirects: Bool
    /// Whether the folder was looked at by this process.
    private let isPrepared = Mutex(false)
    private let silenceSeconds: Int

    /// A transfer slower than 1 kB a second for so long is given up.
    package static let stallSeconds = 20
    /// A remote that says nothing at all for so long is given up.
    package static let silenceSeconds = 60
    /// One fetch, the first included.
    package static let fetchSeconds: Int64 = 3_600
    /// A command that only reads.
    static let readingSeconds: Int64 = 120
    /// Output of one command.
    static let outputLimitBytes = 256 << 20
    /// Refs of one fetch.
    package static let refsAFetch = 100

    /// - Parameters:
    ///   - folder: made by the first fetch; its parent, too.
    ///   - address: as git takes it; a password in it is taken out and treated like a credential.
    ///   - variables: `NAME=value` of the commands; `PATH` and `HOME` at least.
    ///   - silenceSeconds: a remote that says nothing at all for so long is given up.
    ///   - followsRedirects: whether a server may send git on to another address, as forges do for a repository that was renamed.
    package init(
        folder: String, address: String, credential: GitCredential? = nil, variables: [String]? = nil,
        silenceSeconds: Int = silenceSeconds, followsRedirects: Bool = true
    ) {
        self.folder = folder
        self.silenceSeconds = silenceSeconds
        self.followsRedirects = followsRedirects
        remote = GitRemote(address, credential)
        environment = variables ?? Self.ownEnvironment
    }

    /// The address without what opens it: to be shown.
    package var address: String { remote.address }

    private static var ownEnvironment: [String] {
        ["PATH", "HOME", "TMPDIR", "SSL_CERT_FILE", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"]
            .compactMap { name in ProcessVariables.value(of: name).map { "\(name)=\($0)" } }
    }

    // MARK: commands

    private static let settings = [
        "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c",
        "maintenance.auto=false",
    ]
    private static let remoteSettings = [
        "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=\(stallSeconds)",
        // Those of the machine's user are not the project's.
        "-c", "credential.helper=", "-c", "http.proactiveAuth=basic", "-c", "fetch.recurseSubmodules=false",
    ]

    /// Runs git on the mirror, without the network.
    func read(
        _ arguments: [String], input: [UInt8]? = nil, limit: Int = outputLimitBytes, seconds: Int64 = readingSeconds,
        variables: [String] = []
    ) throws(DiagnosticError) -> HelperCommand.Outcome {
        var command = command(arguments, variables: variables)
        command.patience = .seconds(seconds)
        command.outputLimit = limit
        command.input = input
        return try command.run()
    }

    func command(_ arguments: [String], variables: [String]) -> HelperCommand {
        var command = HelperCommand("git", Self.settings + arguments)
        // Its words are read.
        command.environment = environment + ["LC_ALL=C", "GIT_DIR=\(folder)", "GIT_OPTIONAL_LOCKS=0"] + variables
        command.workingDirectory = folder
        command.outputLimit = Self.outputLimitBytes
        return command
    }

    private func ask(_ arguments: [String], _ seconds: Int64) throws(DiagnosticError) -> HelperCommand.Outcome {
        let variables = RemoteEnvironment(folder: folder, remote: remote).variables
        let redirects = followsRedirects ? [] : ["-c", "http.followRedirects=false"]
        var command = command(Self.remoteSettings + redirects + arguments, variables: variables)
        command.patience = .seconds(seconds)
        command.silencePatience = .seconds(silenceSeconds)
        return try command.run()
    }

    /// git's own words, without what nobody should see.
    private func words(_ outcome: HelperCommand.Outcome) -> String {
        var text = outcome.errorText.trimmingLineBreak
        if let secret = remote.credential?.secret {
            text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
        }
        // What tells of progress is written over itself.
        let lines = text.split { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }.filter { line in
            !Self.progressWords.contains { line.hasPrefix($0) || line.hasPrefix("remote: " + $0) }
        }
        let telling = lines.filter { $0.hasPrefix("fatal:") || $0.hasPrefix("error:") || $0.hasPrefix("remote:") }
        let shown = (telling.isEmpty ? lines : telling).prefix(4).joined(separator: " ")
        return String(shown.prefix(600))
    }

    private static let progressWords = [
        "Enumerating objects", "Counting objects", "Compressing objects", "Receiving objects", "Resolving deltas",
        "Unpacking objects", "Total ", "From ",
    ]

    private func failure(_ what: String, _ outcome: HelperCommand.Outcome) -> DiagnosticError {
        DiagnosticError(
            .mirrorUnreachable, "\(what) \(address): \(words(outcome))",
            remedy: "Check the project's address, its credential and the network.")
    }

    // MARK: making

    /// Makes the mirror where it is not there yet; nothing is fetched.
    package func prepare() throws(DiagnosticError) {
        // Somebody may have taken it away to have it made anew.
        if isPrepared.withLock({ $0 }), Files.isDirectory(folder + "/objects") { return }
        try Trees.make(folder, mode: 0o700)
        try locked { () throws(DiagnosticError) in
            if !Files.isFile(folder + "/HEAD") || !Files.isDirectory(folder + "/objects") {
                let made = try read(["init", "-q", "--bare", folder])
                guard made.succeeded else {
                    throw DiagnosticError(.gitFailed, "The mirror \(folder) could not be made: \(words(made))")
                }
            }
            try RemoteEnvironment(folder: folder, remote: remote).prepare()
        }
        isPrepared.withLock { $0 = true }
    }

    func locked<Value>(_ body: () throws(DiagnosticError) -> Value) throws(DiagnosticError) -> Value {
        let lock = try FileLock.waiting(path: folder + "/martlet.lock", until: .now() + .seconds(Self.fetchSeconds))
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    // MARK: fetching

    /// All branches and tags; those that are gone go.
    package func fetchAll() throws(DiagnosticError) {
        try prepare()
        let refs = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
        try locked { () throws(DiagnosticError) in
            let outcome = try fetch(refs, ["--prune"])
            guard outcome.succeeded else { throw failure("Could not fetch from", outcome) }
        }
    }

    /// Some refs, by full names (`refs/heads/main`, `refs/pull/7/merge`).
    ///
    /// - Returns: `false` where the remote does not have one of them.
    /// - Throws: ``DiagnosticCode/mirrorUnreachable``, ``DiagnosticCode/refUnusable``.
    package func fetch(_ refs: [String]) throws(DiagnosticError) -> Bool {
        var wanted: [String] = []
        for ref in refs { wanted.append("+\(ref):\(try Self.place(of: ref))") }
        guard wanted.count <= Self.refsAFetch else {
            throw DiagnosticError(.refUnusable, "\(refs.count) refs are too many for one fetch (\(Self.refsAFetch)).")
        }
        try prepare()
        return try locked { () throws(DiagnosticError) in
            let outcome = try fetch(wanted, [])
            if outcome.succeeded { return true }
            let isMissing = ["couldn't find remote ref", "not our ref", "unadvertised object"].contains {
                outcome.errorText.contains($0)
            }
            guard isMissing else { throw failure("Could not fetch from", outcome) }
            return false
        }
    }

    private func fetch(_ refs: [String], _ options: [String]) throws(DiagnosticError) -> HelperCommand.Outcome {
        try ask(
            ["fetch", "--progress", "--no-tags", "--no-write-fetch-head", "--no-show-forced-updates", "--force"]
                + options
                + ["--", remote.address] + refs, Self.fetchSeconds)
    }

    /// Where a ref of the remote lies here.
    ///
    /// - Throws: ``DiagnosticCode/refUnusable`` for what is neither a ref nor a commit's id.
    package static func place(of ref: String) throws(DiagnosticError) -> String {
        if GitObjectName.isID(ref) { return "refs/martlet/commits/\(ref)" }
        guard GitObjectName.isRef(ref) else {
            throw DiagnosticError(.refUnusable, "'\(ref.prefix(200))' is no ref of a repository.")
        }
        if ref.hasPrefix("refs/heads/") { return "refs/remotes/origin/" + ref.dropFirst("refs/heads/".count) }
        return ref.hasPrefix("refs/tags/") ? ref : "refs/martlet/" + ref.dropFirst("refs/".count)
    }

    /// Brings a commit, in as few steps as there can be: nothing where it is there, else its ref, else the commit by its id.
    ///
    /// - Parameters:
    ///   - commit: its id.
    ///   - refs: where it should be found.
    /// - Throws: ``DiagnosticCode/commitMissing`` where the remote does not have it any more.
    package func obtain(_ commit: String, from refs: [String]) throws(DiagnosticError) {
        try prepare()
        if isLoose(commit) { return }
        if !refs.isEmpty, try fetch(refs), try has(commit) { return }
        if try has(commit) { return }
        if try fetch([commit]), try has(commit) { return }
        throw DiagnosticError(
            .commitMissing, "\(address) has no commit \(commit.prefix(12)).",
            remedy: "It was taken away, or the remote has not got it yet: redeliver it once it is there.")
    }

    /// What a small fetch brings lies in a file of its own: no command is needed to see it.
    private func isLoose(_ commit: String) -> Bool {
        GitObjectName.isID(commit) && Files.isFile("\(folder)/objects/\(commit.prefix(2))/\(commit.dropFirst(2))")
    }

    /// Whether the mirror has a commit.
    package func has(_ commit: String) throws(DiagnosticError) -> Bool {
        if isLoose(commit) { return true }
        guard GitObjectName.isID(commit), Files.isDirectory(folder + "/objects") else { return false }
        return try read(["cat-file", "-e", "\(commit)^{commit}"]).succeeded
    }

    /// What `git ls-remote --symref` says of `HEAD`, branches, tags and, where they are asked for, requests' heads.
    package func listing(withRequests: Bool = false) throws(DiagnosticError) -> String {
        try prepare()
        let requests = withRequests ? ["refs/pull/*/head", "refs/merge-requests/*/head"] : []
        let outcome = try ask(
            ["ls-remote", "-q", "--symref", "--", remote.address, "HEAD", "refs/heads/*", "refs/tags/*"] + requests,
            Self.readingSeconds)
        guard outcome.succeeded else { throw failure("Could not list the refs of", outcome) }
        return outcome.text
    }
}
