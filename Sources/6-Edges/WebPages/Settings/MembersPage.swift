// SPDX-License-Identifier: Apache-2.0

/// Who may do what in one project.
package struct MembersPage: Page {
    package struct Member: Sendable {
        package var name: String
        package var role: String

        package init(name: String, role: String) {
            self.name = name
            self.role = role
        }
    }

    package var project: String
    package var members: [Member]
    /// Accounts without a role here.
    package var others: [String]
    /// From the weakest to the strongest, each with what it may do.
    package var roles: [(name: String, meaning: String)]
    package var receipt: Receipt?
    package var mayChange: Bool

    package init(
        project: String, members: [Member], others: [String] = [], roles: [(name: String, meaning: String)],
        receipt: Receipt? = nil, mayChange: Bool = true
    ) {
        self.project = project
        self.members = members
        self.others = others
        self.roles = roles
        self.receipt = receipt
        self.mayChange = mayChange
    }

    private func address(_ parts: String...) -> PageAddress {
        PageAddress(parts: ["settings", "projects", project, "members"] + parts)
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .projects, receipt: receipt).render(context) { html in
            html.tag(.h2) { html in
                html.tag(.a, .href(.project(project)), text: project)
                html.text(" · ")
                html.words(.members)
            }
            if members.isEmpty {
                html.tag(.div, .class("card")) { $0.empty(.noMembers, .noMembersBody) }
            } else {
                html.table([.name_, .role, .actions]) { html in
                    for member in members { row(member, &html) }
                }
            }
            html.tag(.dl, .class("facts")) { html in
                for role in roles {
                    html.tag(.dt) { $0.tag(.code, text: role.name) }
                    html.tag(.dd, text: role.meaning)
                }
            }
            if mayChange, !others.isEmpty { creation(&html) }
        }
    }

    private func row(_ member: Member, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td, .class("main strong"), text: member.name)
            html.tag(.td) { $0.tag(.code, text: member.role) }
            html.tag(.td, .class("actions")) { html in
                guard mayChange else { return }
                html.form(posting: address(member.name), .class("inline")) { html in
                    html.tag(.select, .text(.name, "role"), .label("\(html.phrase(.role)): \(member.name)")) { html in
                        for role in roles {
                            html.tag(
                                .option, .text(.value, role.name), .flag(.selected, if: role.name == member.role),
                                text: role.name)
                        }
                    }
                    html.tag(
                        .button, .class("button"), .label("\(html.phrase(.change)): \(member.name)"), words: .change)
                }
                html.rowAction(.remove, on: member.name, to: address(member.name, "remove"), isDanger: true)
            }
        }
    }

    private func creation(_ html: inout Markup) {
        html.creation(.addMember, to: address()) { html in
            html.choice(.accountName, name: "account", options: others.map { ($0, .name($0)) })
            html.choice(.role, name: "role", options: roles.map { ($0.name, .name($0.name)) }, id: "f-new-role")
        }
    }
}
