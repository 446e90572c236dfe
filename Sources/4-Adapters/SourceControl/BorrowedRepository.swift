// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl

/// The `.git` of a workspace: its own refs, index and configuration, over the original's objects.
struct BorrowedRepository {
    let checkout: WorkspaceCheckout
    let target: CheckoutTarget
    let git: GitRepository

    private var folder: String { checkout.destination + "/.git" }
    private static let indexLimitBytes = 1 << 30
    private static let shallowLimitBytes = 64 << 20

    func make() throws(DiagnosticError) {
        let facts = try git.output([
            "rev-parse", "--path-format=absolute", "--show-object-format", "--git-common-dir", "--git-path", "index",
        ]).split(separator: "\n").map(String.init)
        guard facts.count == 3 else {
            throw DiagnosticError(.gitFailed, "git rev-parse did not say where the repository in \(git.root) is.")
        }
        let (format, common, index) = (facts[0], facts[1], facts[2])
        for name in ["objects/info", "refs/heads", "refs/tags"] { try Trees.make("\(folder)/\(name)") }
        try write("\(common)/objects\n", to: "objects/info/alternates")
        try write(configuration(format), to: "config")
        try write(target.branch.map { "ref: refs/heads/\($0)\n" } ?? "\(target.commit)\n", to: "HEAD")
        // What an earlier checkout left would cut the history off elsewhere, or hold the branch where a step moved it.
        try Files.remove(folder + "/shallow")
        if let branch = target.branch {
            for name in ["refs/heads/\(branch)", "refs/remotes/origin/\(branch)"] {
                try Trees.remove("\(folder)/\(name)")
            }
        }
        guard !target.commit.isEmpty else { return }
        let ends = try historyEnds(common)
        if !ends.isEmpty { try write(ends, to: "shallow") }
        try write(references(), to: "packed-refs")
        if checkout.copiesTree { try copyIndex(index) }
    }

    private func write(_ text: String, to name: String) throws(DiagnosticError) {
        try Files.write(Array(text.utf8), to: "\(folder)/\(name)")
    }

    /// The index, and the file that a split one shares.
    private func copyIndex(_ index: String) throws(DiagnosticError) {
        guard let bytes = try Files.readIfPresent(index, limit: Self.indexLimitBytes) else { return }
        try Files.write(bytes, to: folder + "/index")
        let home = Files.directory(of: index)
        for entry in try Trees.list(home) where entry.name.hasPrefix("sharedindex.") {
            try Files.write(
                try Files.read("\(home)/\(entry.name)", limit: Self.indexLimitBytes), to: "\(folder)/\(entry.name)")
        }
    }

    /// `checkStat` and `trustctime`: the files are copies, with sizes and times as in the original's index, but with
    /// inodes of their own. Without them a clean tree would count as changed until it is looked at.
    private func configuration(_ format: String) -> String {
        let isPlain = format == "sha1"
        let url = "\(checkout.source.serverURL)/\(checkout.source.fullName)"
        // A local run must not publish by accident: with the user's own credentials a push would succeed.
        let push = checkout.allowsPush ? "" : "\tpushurl = pushing-from-a-local-run-needs--allow-push\n"
        return """
            [core]
            \trepositoryformatversion = \(isPlain ? 0 : 1)
            \tfilemode = true
            \tbare = false
            \tlogallrefupdates = true
            \tcheckStat = minimal
            \ttrustctime = false
            \(isPlain ? "" : "[extensions]\n\tobjectFormat = \(format)\n")[gc]
            \tauto = 0
            [remote "origin"]
            \turl = \(url)
            \(push)\tfetch = +refs/heads/*:refs/remotes/origin/*

            """
    }

    /// Commits whose parents are left out: what makes a history of so many commits, and where the original's own ends.
    private func historyEnds(_ common: String) throws(DiagnosticError) -> String {
        let own = try Files.readIfPresent(common + "/shallow", limit: Self.shallowLimitBytes) ?? []
        var lines = String(decoding: own, as: UTF8.self).split(separator: "\n").map(String.init)
        if checkout.depth == 1 {
            lines = [target.commit]
        } else if checkout.depth > 1 {
            let (kept, ends) = try generations()
            // Of the original's ends those that are in this history.
            lines = lines.filter { kept.contains($0) } + ends
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// As many generations as asked for, whatever their dates: the commits, and those of the last one that have parents.
    private func generations() throws(DiagnosticError) -> (kept: Set<String>, ends: [String]) {
        var kept: Set<String> = [target.commit]
        var generation = [target.commit]
        var ends: [String] = []
        for number in 1...checkout.depth where !generation.isEmpty {
            let listed = try git.output(["rev-list", "--no-walk=unsorted", "--parents"] + generation)
            let parents = listed.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            if number == checkout.depth {
                ends = parents.filter { $0.count > 1 && !$0.dropFirst().allSatisfy(kept.contains) }.map { $0[0] }
                break
            }
            generation = []
            for parent in parents.flatMap({ $0.dropFirst() }) where kept.insert(parent).inserted {
                generation.append(parent)
            }
        }
        return (kept, ends)
    }

    /// With all of the history all refs come along; else the one that is checked out.
    private func references() throws(DiagnosticError) -> String {
        var lines: [String] = []
        if checkout.depth == 0 {
            let all = try git.output(["for-each-ref", "--format=%(objectname) %(refname)"])
            // What a mirror fetched on demand is of other runs.
            lines = all.split(separator: "\n").filter { !$0.contains(" refs/martlet/") }.map(String.init)
        }
        var wanted: [(object: String, name: String)] = []
        if let branch = target.branch {
            wanted = [
                (target.commit, "refs/heads/\(branch)"), (target.commit, "refs/remotes/origin/\(branch)"),
            ]
        } else if let ref = target.ref {
            // Of an annotated tag the tag itself, not what it points at.
            // One that moved since stands for the commit that was asked for.
            let tag = try GitRepository.git(["rev-parse", "-q", "--verify", ref], in: git.root).text.trimmingLineBreak
            let leads = try GitRepository.git(["rev-parse", "-q", "--verify", "\(ref)^{commit}"], in: git.root)
            wanted = [(leads.text.trimmingLineBreak == target.commit ? tag : target.commit, ref)]
        }
        for (object, name) in wanted where !lines.contains(where: { $0.hasSuffix(" " + name) }) {
            lines.append("\(object) \(name)")
        }
        // git wants packed refs in order, and says so in the first line.
        let sorted = lines.sorted { left, right in
            left.utf8.drop { $0 != 32 }.lexicographicallyPrecedes(right.utf8.drop { $0 != 32 })
        }
        return (["# pack-refs with: sorted "] + sorted).joined(separator: "\n") + "\n"
    }
}
