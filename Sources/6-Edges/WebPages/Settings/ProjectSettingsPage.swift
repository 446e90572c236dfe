// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Which repositories are built here.
package struct ProjectSettingsPage: Page {
    package struct Project: Sendable {
        package var name: String
        package var repository: String
        package var isPublic: Bool
        /// Where the forge posts to; `nil` where it is polled only.
        package var hookAddress: String?
        package var lastDeliveryAt: Timestamp?
        /// Why deliveries or fetches do not work, in a sentence.
        package var trouble: String?
        /// Whether whoever looks may change how it is connected.
        package var mayConnect = false
        /// What its form of what is kept shows; `nil`: this person does not change that.
        package var retention: Retention?

        package init(
            name: String, repository: String, isPublic: Bool = false, hookAddress: String? = nil,
            lastDeliveryAt: Timestamp? = nil, trouble: String? = nil
        ) {
            self.name = name
            self.repository = repository
            self.isPublic = isPublic
            self.hookAddress = hookAddress
            self.lastDeliveryAt = lastDeliveryAt
            self.trouble = trouble
        }
    }

    /// What a project keeps, where it says otherwise than the server; empty: as the server.
    package struct Retention: Sendable {
        package var runDays = ""
        package var logDays = ""
        package var artifactDays = ""
        package var keepLast = ""

        package init() {}
    }

    package var projects: [Project]
    /// Kinds of forges, by what the form sends.
    package var forges: [(value: String, name: String)]
    /// The secret of a project's incoming webhooks that was just made: shown once.
    package var newSecret: String?
    package var receipt: Receipt?
    package var mayChange: Bool

    package init(
        projects: [Project], forges: [(value: String, name: String)] = [], newSecret: String? = nil,
        receipt: Receipt? = nil, mayChange: Bool = true
    ) {
        self.projects = projects
        self.forges = forges
        self.newSecret = newSecret
        self.receipt = receipt
        self.mayChange = mayChange
    }

    private var knowsDeliveries: Bool { projects.contains { $0.lastDeliveryAt != nil } }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .projects, receipt: receipt).render(context) { html in
            if let newSecret { html.secretOnce(.projectSecretOnce, newSecret) }
            if projects.isEmpty {
                html.tag(.div, .class("card")) {
                    $0.empty(.noProjects, .noProjectsBody)
                }
            } else {
                html.table(
                    knowsDeliveries ? [.name_, .repository, .deliveries, .actions] : [.name_, .repository, .actions]
                ) { html in
                    for project in projects { row(project, &html) }
                }
            }
            if mayChange { creation(&html) }
        }
    }

    private func row(_ project: Project, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td) { html in
                html.tag(.a, .class("strong"), .href(.project(project.name)), text: project.name)
                html.text(" ")
                if project.isPublic { html.tag(.span, .class("tag"), words: .publicWord) }
            }
            html.tag(.td, .class("main")) { html in
                html.tag(.span, .class("mono small wrap"), text: project.repository)
                if let trouble = project.trouble { html.tag(.p, .class("s-failed small"), text: trouble) }
                if let address = project.hookAddress {
                    html.tag(.p, .class("quiet small wrap")) { html in
                        html.words(.hookAddress)
                        html.text(" \(address) ")
                        html.copyButton(address)
                    }
                }
                if let kept = project.retention { retention(kept, of: project.name, &html) }
            }
            if knowsDeliveries { html.tag(.td) { $0.timeOrNever(project.lastDeliveryAt) } }
            html.tag(.td, .class("actions")) { html in
                html.tag(
                    .a, .class("button"), .href(PageAddress("settings", "projects", project.name, "members")),
                    .label("\(html.phrase(.members)): \(project.name)"), words: .members)
                html.tag(
                    .a, .class("button"), .href(PageAddress("settings", "projects", project.name, "deliveries")),
                    .label("\(html.phrase(.incoming)): \(project.name)"), words: .incoming)
                if project.mayConnect {
                    html.tag(
                        .a, .class("button"), .href(PageAddress("settings", "projects", project.name)),
                        .label("\(html.phrase(.connection)): \(project.name)"), words: .connection)
                }
                if mayChange {
                    if project.hookAddress != nil {
                        html.rowAction(
                            .newHookSecret, on: project.name,
                            to: PageAddress("settings", "projects", project.name, "secret"))
                    }
                    html.rowAction(
                        .remove, on: project.name, to: PageAddress("settings", "projects", project.name, "remove"),
                        isDanger: true)
                }
            }
        }
    }

    private func retention(_ kept: Retention, of project: String, _ html: inout Markup) {
        let fields: [(PageText, String, String)] = [
            (.runDays, "runDays", kept.runDays), (.logDays, "logDays", kept.logDays),
            (.artifactDays, "artifactDays", kept.artifactDays), (.keepLast, "keepLast", kept.keepLast),
        ]
        html.tag(.details) { html in
            html.tag(.summary, .class("small"), words: .whatIsKept)
            html.form(posting: PageAddress("settings", "projects", project, "retention"), .class("form")) { html in
                html.tag(.p, .class("quiet small"), words: .retentionNote)
                for (label, name, value) in fields {
                    html.field(label, name: name, value: value, id: "f-\(project)-\(name)")
                }
                html.tag(.div) {
                    $0.tag(
                        .button, .class("button"), .label("\($0.phrase(.save)): \(project)"), words: .save)
                }
            }
        }
    }

    private func creation(_ html: inout Markup) {
        html.creation(.addProject, to: .settings("projects")) { html in
            html.field(.name_, name: "name", note: .projectNameNote, isRequired: true)
            html.field(.repository, name: "repository", note: .repositoryNote, isRequired: true)
            html.choice(.forge, name: "forge", options: forges.map { ($0.value, .name($0.name)) })
            html.field(.branch, name: "branch", value: "main", isRequired: true)
            html.check(.publicStatus, name: "public")
        }
    }
}
