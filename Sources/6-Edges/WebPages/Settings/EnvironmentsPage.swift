// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Where deployments go, and who has to agree.
package struct EnvironmentsPage: Page {
    package struct Environment: Sendable {
        package var project: String
        package var name: String
        /// People or roles of whom ``votesNeeded`` have to agree.
        package var approvers: [String]
        package var votesNeeded: Int
        package var allowsSelfApproval: Bool
        package var waitMs: Int64
        /// Patterns of branches that may deploy; none: all.
        package var branches: [String]
        /// The last deployment: its run and when.
        package var lastRun: Int?
        package var lastDeployedAt: Timestamp?
        /// Whether whoever looks may remove it.
        package var mayChange = true

        package init(
            project: String, name: String, approvers: [String] = [], votesNeeded: Int = 0,
            allowsSelfApproval: Bool = false, waitMs: Int64 = 0, branches: [String] = [], lastRun: Int? = nil,
            lastDeployedAt: Timestamp? = nil
        ) {
            self.project = project
            self.name = name
            self.approvers = approvers
            self.votesNeeded = votesNeeded
            self.allowsSelfApproval = allowsSelfApproval
            self.waitMs = waitMs
            self.branches = branches
            self.lastRun = lastRun
            self.lastDeployedAt = lastDeployedAt
        }
    }

    package var environments: [Environment]
    package var projects: [String]
    package var receipt: Receipt?
    /// Whether whoever looks may add one to some project.
    package var mayChange: Bool

    package init(environments: [Environment], projects: [String], receipt: Receipt? = nil, mayChange: Bool = true) {
        self.environments = environments
        self.projects = projects
        self.receipt = receipt
        self.mayChange = mayChange
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .environments, receipt: receipt).render(context) { html in
            if environments.isEmpty {
                html.tag(.div, .class("card")) {
                    $0.empty(.noEnvironments, .noEnvironmentsBody)
                }
            } else {
                let isPastKnown = environments.contains { $0.lastDeployedAt != nil }
                html.table([.environment, .rules] + (isPastKnown ? [.lastDeployment] : []) + [.actions]) { html in
                    for environment in environments { row(environment, isPastKnown, &html) }
                }
            }
            if mayChange { creation(&html) }
        }
    }

    private func row(_ environment: Environment, _ isPastKnown: Bool, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td, .class("main")) { html in
                html.tag(.span, .class("strong"), text: environment.name)
                html.tag(.div, .class("quiet small"), text: environment.project)
            }
            html.tag(.td) { rules(environment, &$0) }
            if isPastKnown { html.tag(.td) { deployment(environment, &$0) } }
            html.tag(.td, .class("actions")) { html in
                if environment.mayChange {
                    html.rowAction(
                        .remove, on: environment.name, to: PageAddress("settings", "environments", "remove"),
                        isDanger: true, fields: [("project", environment.project), ("name", environment.name)])
                }
            }
        }
    }

    private func deployment(_ environment: Environment, _ html: inout Markup) {
        if let run = environment.lastRun {
            html.tag(.a, .href(.run(run)), words: .runNumber(run))
            html.text(" ")
        }
        html.timeOrNever(environment.lastDeployedAt)
    }

    private func rules(_ environment: Environment, _ html: inout Markup) {
        if environment.votesNeeded > 0 {
            html.tag(
                .div,
                words: .votesRule(environment.votesNeeded, environment.approvers.joined(separator: ", ")))
            if !environment.allowsSelfApproval { html.tag(.div, .class("quiet small"), words: .notOwnChange) }
        } else {
            html.tag(.div, .class("quiet"), words: .noApprovalNeeded)
        }
        if environment.waitMs > 0 { html.tag(.div, words: .waitsFirst(environment.waitMs)) }
        if !environment.branches.isEmpty {
            html.tag(.div) { html in
                html.words(.onlyFrom)
                for branch in environment.branches {
                    html.text(" ")
                    html.tag(.code, .class("tag"), text: branch)
                }
            }
        }
    }

    private func creation(_ html: inout Markup) {
        html.creation(.addEnvironment, to: .settings("environments")) { html in
            html.choice(.project, name: "project", options: projects.map { ($0, .name($0)) })
            html.field(.name_, name: "name", isRequired: true)
            html.field(.approvers, name: "approvers", note: .approversNote)
            html.field(.votesNeeded, name: "votes", value: "1", type: "number")
            html.field(.waitMinutes, name: "wait", value: "0", type: "number")
            html.check(.allowSelfApproval, name: "self")
            html.field(.branches, name: "branches", note: .branchesNote)
        }
    }
}
