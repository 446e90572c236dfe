// SPDX-License-Identifier: Apache-2.0

/// How one project reaches its repository and its forge. What opens them goes in, and does not come out again.
package struct ConnectionPage: Page {
    package var project: String
    /// As git clones it.
    package var repository: String
    package var forge: String
    /// Kinds of forges, by what the form sends.
    package var forges: [(value: String, name: String)]
    package var branch: String
    /// Where the forge's API is, if it is elsewhere.
    package var apiAddress: String
    /// Beside the credential; forges take any.
    package var user: String
    package var hasCredential = false
    package var hasStatusToken = false
    /// Where the forge posts to.
    package var hookAddress: String
    package var receipt: Receipt?

    package init(
        project: String, repository: String, forge: (chosen: String, all: [(value: String, name: String)]),
        branch: String, apiAddress: String = "", user: String = "", hookAddress: String = ""
    ) {
        self.project = project
        self.repository = repository
        self.forge = forge.chosen
        forges = forge.all
        self.branch = branch
        self.apiAddress = apiAddress
        self.user = user
        self.hookAddress = hookAddress
    }

    private var address: PageAddress { PageAddress("settings", "projects", project) }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .projects, receipt: receipt).render(context) { html in
            html.tag(.h2) { html in
                html.tag(.a, .href(.project(project)), text: project)
                html.text(" · ")
                html.words(.connection)
            }
            html.card(.connection) { html in
                html.form(posting: address, .class("form")) { html in
                    fields(&html)
                    html.tag(.div) { $0.tag(.button, .class("button primary"), words: .change) }
                }
            }
            html.card(.incoming) { html in
                html.tag(.p, .class("quiet small wrap")) { html in
                    html.words(.hookAddress)
                    html.text(" \(hookAddress) ")
                    html.copyButton(hookAddress)
                }
                html.tag(.p) { html in
                    html.tag(
                        .a, .class("button"), .href(PageAddress("settings", "projects", project, "deliveries")),
                        words: .incoming)
                }
                html.rowAction(
                    .newHookSecret, on: project, to: PageAddress("settings", "projects", project, "secret"))
            }
        }
    }

    private func fields(_ html: inout Markup) {
        html.field(.repository, name: "repository", value: repository, note: .repositoryNote, isRequired: true)
        html.choice(.forge, name: "forge", options: forges.map { ($0.value, .name($0.name)) }, chosen: forge)
        html.field(.branch, name: "branch", value: branch, isRequired: true)
        html.area(.credential, name: "credential", rows: 3, note: hasCredential ? .credentialKept : .credentialNote)
        if hasCredential { html.check(.forgetCredential, name: "forgetCredential") }
        html.field(.credentialUser, name: "user", value: user, note: .credentialUserNote)
        html.field(
            .statusToken, name: "statusToken", type: "password",
            note: hasStatusToken ? .statusTokenKept : .statusTokenNote, autocomplete: "new-password")
        if hasStatusToken { html.check(.forgetStatusToken, name: "forgetStatusToken") }
        html.field(.apiAddress, name: "api", value: apiAddress, note: .apiAddressNote)
    }
}
