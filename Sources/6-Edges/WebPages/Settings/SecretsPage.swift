// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Secrets by name and place. A value goes in and never comes out.
package struct SecretsPage: Page {
    package struct Secret: Sendable {
        package var name: String
        /// `organization`, a project's name, or `project / environment`.
        package var place: String
        /// What the form says for it; as ``place`` where nothing else is given.
        package var placeValue: String
        package var changedAt: Timestamp
        /// Empty: not known.
        package var changedBy: String
        package var lastUsedAt: Timestamp?
        /// Shorter than four bytes, or easily guessed: what a mask would do.
        package var warning: String?

        package init(
            name: String, place: String, placeValue: String? = nil, changedAt: Timestamp, changedBy: String = "",
            lastUsedAt: Timestamp? = nil,
            warning: String? = nil
        ) {
            self.name = name
            self.place = place
            self.placeValue = placeValue ?? place
            self.changedAt = changedAt
            self.changedBy = changedBy
            self.lastUsedAt = lastUsedAt
            self.warning = warning
        }
    }

    package var secrets: [Secret]
    /// Where one can be put: value and what is shown.
    package var places: [(value: String, name: String)]
    package var receipt: Receipt?
    package var mayChange: Bool

    package init(
        secrets: [Secret], places: [(value: String, name: String)], receipt: Receipt? = nil, mayChange: Bool = true
    ) {
        self.secrets = secrets
        self.places = places
        self.receipt = receipt
        self.mayChange = mayChange
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .secrets, receipt: receipt).render(context) { html in
            if secrets.isEmpty {
                html.tag(.div, .class("card")) {
                    $0.empty(.noSecrets, .noSecretsBody)
                }
            } else {
                let isUseKnown = secrets.contains { $0.lastUsedAt != nil }
                html.table([.name_, .place, .changed] + (isUseKnown ? [.lastUsed] : []) + [.actions]) { html in
                    for secret in secrets { row(secret, isUseKnown, &html) }
                }
            }
            if mayChange { creation(&html) }
        }
    }

    private func row(_ secret: Secret, _ isUseKnown: Bool, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td, .class("main")) { html in
                html.tag(.code, .class("strong wrap"), text: secret.name)
                if let warning = secret.warning { html.tag(.p, .class("s-waiting small"), text: warning) }
            }
            html.tag(.td, text: secret.place)
            html.tag(.td) { html in
                html.time(secret.changedAt)
                if !secret.changedBy.isEmpty { html.tag(.div, .class("quiet small"), text: secret.changedBy) }
            }
            if isUseKnown { html.tag(.td) { $0.timeOrNever(secret.lastUsedAt) } }
            html.tag(.td, .class("actions")) { html in
                if mayChange {
                    html.rowAction(
                        .remove, on: secret.name, to: PageAddress("settings", "secrets", "remove"), isDanger: true,
                        fields: [("name", secret.name), ("place", secret.placeValue)])
                }
            }
        }
    }

    private func creation(_ html: inout Markup) {
        html.creation(.setSecret, to: .settings("secrets")) { html in
            html.field(.name_, name: "name", note: .secretNameNote, isRequired: true)
            html.choice(.place, name: "place", options: places.map { ($0.value, .name($0.name)) })
            html.area(.value, name: "value", note: .secretValueNote)
        }
    }
}
