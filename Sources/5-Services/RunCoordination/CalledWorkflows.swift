// SPDX-License-Identifier: Apache-2.0

internal import Diagnostics
package import GitHubWorkflows
internal import SourceControl

/// Finds the workflows that workflows call: of this repository, and of others through the sources that it names.
package struct CalledWorkflows: Sendable {
    private let root: String
    private let offer: RepositoryOffer
    /// Whose workflows may be given what this repository's may.
    private let owner: String

    /// - Parameter owner: of this repository; empty where that is not known.
    package init(root: String, offer: RepositoryOffer, owner: String = "") {
        self.root = root
        self.owner = owner
        self.offer = offer
    }

    /// How workflows of this repository are read.
    package var options: WorkflowOptions {
        var options = WorkflowOptions()
        options.requiresRemoteWorkflows = false
        options.resolver = { (reference, caller) throws(DiagnosticError) in
            try find(reference, calledBy: caller)
        }
        return options
    }

    private func find(_ reference: String, calledBy caller: String) throws(DiagnosticError) -> CalledWorkflow? {
        let remoteCaller = RepositoryReference(caller)
        if reference.hasPrefix("./") || reference.hasPrefix("$/") {
            let path = String(reference.dropFirst(2))
            // In another repository's workflow `./` is that repository, at the same ref.
            if let remoteCaller { return try remoteCaller.sibling(path).flatMap(fetch) }
            guard let path = RepositoryPath.inside(path),
                let text = try RepositoryText.readIfPresent(root + "/" + path, limit: RepositoryText.workflowLimitBytes)
            else { return nil }
            return CalledWorkflow(text: text, path: path, isTrusted: true)
        }
        return try RepositoryReference(reference).flatMap(fetch)
    }

    private func fetch(_ reference: RepositoryReference) throws(DiagnosticError) -> CalledWorkflow? {
        guard let text = try offer.file(reference) else { return nil }
        let isTrusted = !owner.isEmpty && reference.owner.lowercased() == owner.lowercased()
        return CalledWorkflow(text: text, path: reference.description, isTrusted: isTrusted)
    }
}
