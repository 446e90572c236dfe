// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
internal import FileAccess
internal import PipelineModel
internal import ProcessControl
internal import SourceControl
internal import StepExecution
internal import StructuredData
internal import WorkflowPlanning

/// `actions/checkout`, built in: it puts the working tree, uncommitted changes included, into the workspace.
enum CheckoutAction {
    static func action(_ record: RunRecord, _ offer: RepositoryOffer, _ code: FarCode?) -> NativeAction {
        { call in
            do throws(DiagnosticError) {
                if let checkout = try plan(call, record) {
                    try start(checkout, call, record, offer, code)
                } else {
                    call.line("Running in place: \(record.repository.root)")
                    call.complete(.success(outputs: outputs(record.repository, record.repository.sha)))
                }
            } catch {
                call.complete(.failure(error.diagnostic))
            }
            // A copy ends soon by itself, and half of one is of no use.
            return {}
        }
    }

    private static func plan(_ call: NativeActionCall, _ record: RunRecord) throws(DiagnosticError)
        -> WorkspaceCheckout?
    {
        // `.` and `./` are the workspace itself.
        let parts = (call.input("path") ?? "").split(separator: "/").filter { $0 != "." }
        let destination = ([call.workspace] + parts.map(String.init)).joined(separator: "/")
        // In place there is nothing to bring.
        if record.isBound, parts.isEmpty { return nil }
        try check(destination, parts, call, record)
        // Of a repository that is not here the files of a commit are brought, when they are asked for.
        let source = try source(call, record) ?? RepositoryState(root: "")
        var checkout = WorkspaceCheckout(from: source, to: destination)
        let isOwn = checkout.source.root == record.repository.root
        if let ref = given("ref", call), !(isOwn && isCurrent(ref, record)) { checkout.ref = ref }
        if let depth = given("fetch-depth", call) {
            guard let number = Int(depth), number >= 0 else {
                throw DiagnosticError(
                    .checkoutInputInvalid, "'fetch-depth' is '\(depth)'; it is a number of commits, 0 for all.")
            }
            checkout.depth = number
        }
        // In place, what is there is the user's.
        checkout.cleans = !record.isBound && given("clean", call)?.lowercased() != "false"
        if record.sandbox != nil, !checkout.cleans {
            // What is there was made by code that is not the user's: nothing is written through its links.
            call.line("'clean: false' has no effect in the sandbox: the folder is emptied first.")
            checkout.cleans = true
        }
        switch given("submodules", call)?.lowercased() {
        case "recursive": checkout.submodules = .recursive
        case "true": checkout.submodules = .direct
        default: break
        }
        if isOwn {
            checkout.excluded = record.privateFiles
            checkout.isPinned = record.isPinned
        }
        checkout.allowsPush = record.allowsPush
        if call.isContained, given("set-safe-directory", call)?.lowercased() != "false" {
            // Another user's folder in there, which git would refuse.
            let inside = (call.github["workspace"]?.string ?? "") + destination.dropFirst(call.workspace.count)
            checkout.trusted = WorkspaceCheckout.Trust(folder: inside, home: call.home)
        }
        checkout.ownsObjects = call.isContained || record.sandbox != nil
        return checkout
    }

    /// A checkout empties its destination: it must lie in the workspace, whatever links lead there; and in the user's own
    /// tree it must be nobody's.
    private static func check(
        _ destination: String, _ parts: [Substring], _ call: NativeActionCall, _ record: RunRecord
    ) throws(DiagnosticError) {
        let path = parts.joined(separator: "/")
        let outside = DiagnosticError(.checkoutPathInvalid, "The path '\(path)' leads out of the workspace.")
        guard !parts.contains("..") else { throw outside }
        var existing = destination
        while Files.facts(existing, followingLinks: false) == nil { existing = Files.directory(of: existing) }
        guard let place = Files.realPath(existing), let workspace = Files.realPath(call.workspace),
            place == workspace || place.hasPrefix(workspace + "/")
        else { throw outside }
        guard !record.isBound || existing != destination || Trees.isEmpty(destination) else {
            throw DiagnosticError(
                .checkoutPathInvalid,
                "'\(path)' is there already, and the run works in place (--bind): it is left alone.",
                remedy: "Run without --bind, or move the folder away.")
        }
    }

    private static func given(_ name: String, _ call: NativeActionCall) -> String? {
        call.input(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The run's own commit is the working tree.
    private static func isCurrent(_ ref: String, _ record: RunRecord) -> Bool {
        let repository = record.repository
        // Of a pull request the merge, which exists on the forge only.
        if ref == record.plan.trigger.ref, ref.hasPrefix("refs/pull/") { return true }
        return ref == repository.sha || ref == repository.ref || "refs/heads/\(ref)" == repository.ref
    }

    /// This repository, or a clone of another one on this machine: a path, or a sibling folder of that name; `nil`: there is
    /// none.
    private static func source(_ call: NativeActionCall, _ record: RunRecord) throws(DiagnosticError)
        -> RepositoryState?
    {
        guard let name = call.input("repository"), !name.isEmpty,
            name.lowercased() != record.repository.fullName.lowercased()
        else { return record.repository }
        guard record.sandbox == nil else {
            throw DiagnosticError(
                .checkoutRepositoryMissing,
                "'\(name)' is not brought into the sandbox: other repositories of this machine are not for code that is "
                    + "not yours.", remedy: "Run what you trust with --executor host.")
        }
        let folder = name.split(separator: "/").last.map(String.init) ?? name
        for candidate in [name, Files.directory(of: record.repository.root) + "/" + folder]
        where candidate.hasPrefix("/") {
            guard Files.isDirectory(candidate), let git = GitRepository(containing: candidate) else { continue }
            let state = git.state()
            // A folder of that name may be a clone of something else.
            let isMeant = candidate == name || state.fullName.lowercased() == name.lowercased()
            if isMeant || state.fullName.hasPrefix("local/") { return state }
        }
        return nil
    }

    /// What a repository's name stands for, in the sources of other repositories.
    private static func reference(_ call: NativeActionCall) throws(DiagnosticError) -> RepositoryReference {
        let name = call.input("repository") ?? ""
        guard let found = RepositoryReference("\(name)@\(given("ref", call) ?? "HEAD")"), found.path.isEmpty else {
            throw DiagnosticError(
                .checkoutRepositoryMissing, "'\(name)' is neither 'owner/name' nor a clone on this machine.")
        }
        return found
    }

    private static func bring(
        _ checkout: WorkspaceCheckout, _ reference: RepositoryReference?, _ offer: RepositoryOffer
    ) throws(DiagnosticError) -> WorkspaceCheckout.Summary {
        guard let reference else { return try checkout.run() }
        guard let found = try offer.repository(reference) else {
            throw DiagnosticError(
                .checkoutRepositoryMissing,
                "There is no local clone of '\(reference.owner)/\(reference.repository)', and \(offer.placesLooked).",
                remedy: "Clone it next to the repository, or name a source of it in \(SourceSettings.path).")
        }
        var checkout = checkout
        checkout.source = RepositoryState(root: found.folder)
        checkout.ref = nil
        var summary = try checkout.run()
        summary.commit = found.commit ?? ""
        return summary
    }

    private static func start(
        _ checkout: WorkspaceCheckout, _ call: NativeActionCall, _ record: RunRecord, _ offer: RepositoryOffer,
        _ code: FarCode?
    ) throws(DiagnosticError) {
        let foreign = checkout.source.root.isEmpty ? try reference(call) : nil
        let origin = foreign?.unit ?? checkout.source.root
        call.line("Martlet's own checkout: \(origin) → \(checkout.destination)")
        for name in ["sparse-checkout", "filter"] where given(name, call) != nil {
            call.line("'\(name)' is not looked at: all files are there.")
        }
        let isOwn = checkout.source.root == record.repository.root
        // Another branch or tag, or all of them, are not here before somebody asks for them.
        let wantsRefs = isOwn && (checkout.ref != nil || checkout.depth == 0)
        call.loop.offload {
            Result { () throws(DiagnosticError) in
                if wantsRefs { try code?.bring(withRefs: true) }
                return try bring(checkout, foreign, offer)
            }
        } then: { (result: Result<WorkspaceCheckout.Summary, DiagnosticError>) in
            switch result {
            case .success(let summary):
                if isOwn, let code { call.line("Fetched from the server: \(code.broughtBytes) B") }
                let what =
                    foreign != nil
                    ? "of \(summary.commit), without the history"
                    : checkout.ref.map { "at '\($0)'" }
                        ?? (checkout.isPinned ? "of \(summary.commit)" : "the working tree as it stands")
                call.line("\(summary.fileCount) files, \(what)")
                for path in summary.missingSubmodules {
                    call.line("The submodule '\(path)' is empty: it is not checked out in \(checkout.source.root).")
                }
                call.complete(.success(outputs: outputs(checkout.source, summary.commit)))
            case .failure(let error):
                call.complete(.failure(error.diagnostic))
            }
        }
    }

    private static func outputs(_ repository: RepositoryState, _ commit: String) -> [FileCommandPairs.Pair] {
        [.init("ref", repository.ref ?? ""), .init("commit", commit)]
    }
}
