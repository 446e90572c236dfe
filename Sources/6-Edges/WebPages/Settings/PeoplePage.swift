// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Accounts and what they may do.
package struct PeoplePage: Page {
    package struct Person: Sendable {
        package var name: String
        package var role: String
        package var lastSeenAt: Timestamp?
        package var isDisabled: Bool
        /// The one who looks at the page: cannot shut themselves out.
        package var isSelf: Bool

        package init(
            name: String, role: String, lastSeenAt: Timestamp? = nil, isDisabled: Bool = false, isSelf: Bool = false
        ) {
            self.name = name
            self.role = role
            self.lastSeenAt = lastSeenAt
            self.isDisabled = isDisabled
            self.isSelf = isSelf
        }
    }

    package var people: [Person]
    /// From the weakest to the strongest, each with what it may do.
    package var roles: [(name: String, meaning: String)]
    package var receipt: Receipt?
    package var mayChange: Bool

    package init(
        people: [Person], roles: [(name: String, meaning: String)], receipt: Receipt? = nil, mayChange: Bool = true
    ) {
        self.people = people
        self.roles = roles
        self.receipt = receipt
        self.mayChange = mayChange
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .people, receipt: receipt).render(context) { html in
            let isSightKnown = people.contains { $0.lastSeenAt != nil }
            html.table([.name_, .role] + (isSightKnown ? [.lastSeen] : []) + [.actions]) { html in
                for person in people { row(person, isSightKnown, &html) }
            }
            html.tag(.dl, .class("facts")) { html in
                for role in roles {
                    html.tag(.dt) { $0.tag(.code, text: role.name) }
                    html.tag(.dd, text: role.meaning)
                }
            }
            if mayChange { creation(&html) }
        }
    }

    private func row(_ person: Person, _ isSightKnown: Bool, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td, .class("main")) { html in
                html.tag(.span, .class("strong"), text: person.name)
                html.text(" ")
                if person.isSelf { html.tag(.span, .class("tag"), words: .you) }
                if person.isDisabled { html.tag(.span, .class("tag"), words: .disabled) }
            }
            html.tag(.td) { $0.tag(.code, text: person.role) }
            if isSightKnown { html.tag(.td) { $0.timeOrNever(person.lastSeenAt) } }
            html.tag(.td, .class("actions")) { html in
                if mayChange, !person.isSelf { actions(person, &html) }
            }
        }
    }

    private func actions(_ person: Person, _ html: inout Markup) {
        html.form(posting: PageAddress("settings", "people", person.name, "role"), .class("inline")) { html in
            html.tag(
                .select, .text(.name, "role"), .label("\(html.phrase(.role)): \(person.name)")
            ) { html in
                for role in roles {
                    html.tag(
                        .option, .text(.value, role.name), .flag(.selected, if: role.name == person.role),
                        text: role.name)
                }
            }
            html.tag(.button, .class("button"), .label("\(html.phrase(.change)): \(person.name)"), words: .change)
        }
        html.rowAction(
            person.isDisabled ? .enable : .disable, on: person.name,
            to: PageAddress("settings", "people", person.name, person.isDisabled ? "enable" : "disable"),
            isDanger: !person.isDisabled)
    }

    private func creation(_ html: inout Markup) {
        html.creation(.addPerson, to: .settings("people")) { html in
            html.field(.accountName, name: "name", autocomplete: "off", isRequired: true)
            html.choice(.role, name: "role", options: roles.map { ($0.name, .name($0.name)) })
            html.field(
                .password, name: "password", type: "password", note: .firstPasswordNote, autocomplete: "new-password",
                isRequired: true)
        }
    }
}
