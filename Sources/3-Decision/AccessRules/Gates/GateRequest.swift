// SPDX-License-Identifier: Apache-2.0

package import StructuredData

/// A job that is about to deploy to an environment.
package struct GateRequest: Hashable, Sendable, DataRepresentable {
    package var project: EntryID
    package var run: Int
    package var attempt: Int
    package var job: String
    /// The environment's rules as they are when the job gets there; later changes are for later deployments.
    package var rules: EnvironmentRules
    package var branch: String
    /// Whose the deployment is: who pushed it, who started it. Empty where nobody is known.
    package var authors: Set<EntryID>

    package init(
        project: EntryID, run: Int, attempt: Int, job: String, rules: EnvironmentRules, branch: String,
        authors: Set<EntryID>
    ) {
        self.project = project
        self.run = run
        self.attempt = attempt
        self.job = job
        self.rules = rules
        self.branch = branch
        self.authors = authors
    }

    package var data: DataValue {
        .present([
            "project": .id(project), "run": .int(run), "attempt": .int(attempt), "job": .string(job),
            "rules": rules.data, "branch": .string(branch),
            "authors": .texts(nonEmpty: authors.sorted().map(\.description)),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        project = try data.id("project", .project)
        run = try data.int("run")
        attempt = data.int("attempt", default: 1)
        job = try data.string("job")
        rules = try data.part("rules")
        branch = data["branch"]?.string ?? ""
        authors = Set(data.strings("authors").compactMap { EntryID($0) })
    }
}

/// Somebody who decides on a gate, with what the directory says about them at that moment.
package struct GatePerson: Hashable, Sendable {
    package var account: EntryID
    package var name: String
    /// Has the permission `approve` in the project.
    package var mayApprove: Bool
    /// Has the permission `overrideGates`.
    package var mayOverride: Bool

    package init(account: EntryID, name: String, mayApprove: Bool, mayOverride: Bool) {
        self.account = account
        self.name = name
        self.mayApprove = mayApprove
        self.mayOverride = mayOverride
    }
}

/// What somebody said about a deployment.
package struct GateReview: Hashable, Sendable, DataRepresentable {
    package var account: EntryID
    package var name: String
    package var isApproval: Bool
    package var reason: String?
    package var at: Int64

    package init(_ person: GatePerson, isApproval: Bool, reason: String?, at: Int64) {
        account = person.account
        name = person.name.bounded(AccessLimits.nameBytes)
        self.isApproval = isApproval
        self.reason = reason?.bounded(AccessLimits.reasonBytes)
        self.at = at
    }

    package var data: DataValue {
        .present([
            "account": .id(account), "name": .string(name), "approves": .bool(isApproval), "reason": .text(reason),
            "at": .number(Double(at)),
        ])
    }

    package init(data: DataValue) throws(DataShapeError) {
        account = try data.id("account", .account)
        name = data["name"]?.string ?? ""
        isApproval = try data.required("approves", \.bool)
        reason = data["reason"]?.string
        at = Int64(try data.int("at"))
    }
}
