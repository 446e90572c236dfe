// SPDX-License-Identifier: Apache-2.0

/// What the jobs of a called workflow may have: no more than their caller gives them.
struct PermissionNarrowing {
    /// The calling job; its permissions are those it names, or its file's.
    let job: WorkflowJob
    let reference: String
    let isTrusted: Bool
    /// In GitHub's words, to be put at the calling job.
    private(set) var faults: [String] = []

    init(job: WorkflowJob, reference: String, isTrusted: Bool) {
        self.job = job
        self.reference = reference
        self.isTrusted = isTrusted
    }

    /// Checks what the file and its jobs ask for; jobs that ask for nothing get the file's, else the caller's.
    ///
    /// - Parameter requested: the permissions of the called file's root.
    mutating func narrow(
        _ jobs: inout [WorkflowJob], _ requested: Permissions?, _ policy: PermissionsPolicy
    ) {
        let limit = job.permissions ?? Permissions(policy: policy, includesIdentityToken: isTrusted)
        if let requested { check(requested, limit, what: "The workflow '\(reference)'") }
        for index in jobs.indices {
            if let own = jobs[index].permissions {
                check(own, limit, what: "The nested job '\(displayName(jobs[index]))'")
            } else {
                jobs[index].permissions = requested ?? job.permissions
            }
        }
    }

    private mutating func check(_ requested: Permissions, _ limit: Permissions, what: String) {
        let excess = requested.excess(over: limit)
        guard !excess.isEmpty else { return }
        let asked = excess.map(\.requestedText).joined(separator: ", ")
        let allowed = excess.map(\.allowedText).joined(separator: ", ")
        faults.append(
            "Error calling workflow '\(reference)'. \(what) is requesting '\(asked)', but is only allowed '\(allowed)'."
        )
    }

    private func displayName(_ job: WorkflowJob) -> String { job.name.string ?? job.id.text }
}
