// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// Outgoing webhooks and what became of each delivery.
package struct HooksPage: Page {
    package struct Hook: Sendable {
        package var id: String
        package var url: String
        /// `run.finished`, …; none: all.
        package var events: [String]
        package var isEnabled: Bool
        /// A second secret is active until the first is dropped.
        package var isRotating: Bool
        /// Newest first.
        package var deliveries: [Delivery]

        package init(
            id: String, url: String, events: [String], isEnabled: Bool = true, isRotating: Bool = false,
            deliveries: [Delivery] = []
        ) {
            self.id = id
            self.url = url
            self.events = events
            self.isEnabled = isEnabled
            self.isRotating = isRotating
            self.deliveries = deliveries
        }
    }

    package struct Delivery: Sendable {
        package var id: String
        package var event: String
        package var at: Timestamp
        package var tries: Int
        /// The last answer's status; `nil` where none came.
        package var status: Int?
        package var durationMs: Int64?
        /// Passed, failed for good, or waiting for the next try.
        package var state: RunState
        /// The error, or when the next try is.
        package var note: String?

        package init(
            id: String, event: String, at: Timestamp, tries: Int, status: Int?, durationMs: Int64? = nil,
            state: RunState, note: String? = nil
        ) {
            self.id = id
            self.event = event
            self.at = at
            self.tries = tries
            self.status = status
            self.durationMs = durationMs
            self.state = state
            self.note = note
        }
    }

    package var hooks: [Hook]
    /// The signing secret of a hook that was just made, or rotated: shown once.
    package var newSecret: String?
    package var receipt: Receipt?
    package var mayChange: Bool
    /// Whether what was sent is known, and something can be sent for a try.
    package var canTest: Bool

    package init(
        hooks: [Hook], newSecret: String? = nil, receipt: Receipt? = nil, mayChange: Bool = true,
        canTest: Bool = true
    ) {
        self.canTest = canTest
        self.hooks = hooks
        self.newSecret = newSecret
        self.receipt = receipt
        self.mayChange = mayChange
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .hooks, receipt: receipt).render(context) { html in
            if let newSecret { html.secretOnce(.hookSecretOnce, newSecret) }
            if hooks.isEmpty {
                html.tag(.div, .class("card")) {
                    $0.empty(.noHooks, .noHooksBody)
                }
            }
            for hook in hooks { card(hook, &html) }
            if mayChange { creation(&html) }
        }
    }

    private func card(_ hook: Hook, _ html: inout Markup) {
        html.tag(.section, .class("card")) { html in
            html.tag(.header) { html in
                html.tag(.h2, .class("mono wrap"), text: hook.url)
                if !hook.isEnabled { html.tag(.span, .class("tag"), words: .disabled) }
                if hook.isRotating { html.tag(.span, .class("tag"), words: .twoSecrets) }
                if mayChange {
                    html.tag(.div, .class("buttons end")) { html in
                        if canTest {
                            html.rowAction(.test, on: hook.url, to: PageAddress("settings", "hooks", hook.id, "test"))
                        }
                        html.rowAction(
                            .rotate, on: hook.url, to: PageAddress("settings", "hooks", hook.id, "rotate"))
                        html.rowAction(
                            .remove, on: hook.url, to: PageAddress("settings", "hooks", hook.id, "remove"),
                            isDanger: true)
                    }
                }
            }
            html.tag(.p, .class("why")) { html in
                if hook.events.isEmpty { html.words(.allEvents) }
                for event in hook.events {
                    html.tag(.code, .class("tag"), text: event)
                    html.text(" ")
                }
            }
            if hook.deliveries.isEmpty {
                guard canTest else { return }
                html.tag(.p, .class("empty"), words: .noDeliveries)
            } else {
                html.bareTable([.event, .time, .answer, .took, .actions]) { html in
                    for delivery in hook.deliveries { row(delivery, of: hook, &html) }
                }
            }
        }
    }

    private func row(_ delivery: Delivery, of hook: Hook, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td, .class("main")) { html in
                html.glyphWithHiddenWord(delivery.state)
                html.text(" ")
                html.tag(.code, text: delivery.event)
                html.tag(.div, .class("mono quiet small wrap"), text: delivery.id)
            }
            html.tag(.td) { $0.time(delivery.at) }
            html.tag(.td) { html in
                if let status = delivery.status {
                    html.text(String(status))
                } else {
                    html.tag(.span, .class("quiet"), words: .noAnswer)
                }
                html.tag(.div, .class("quiet small")) { html in
                    html.words(.tries(delivery.tries))
                    if let note = delivery.note { html.text(" · \(note)") }
                }
            }
            html.tag(.td, .class("nowrap")) { html in
                if let span = delivery.durationMs { html.duration(span) }
            }
            html.tag(.td, .class("actions")) { html in
                if mayChange {
                    html.rowAction(
                        .redeliver, on: delivery.id,
                        to: PageAddress("settings", "hooks", hook.id, "deliveries", delivery.id, "redeliver"))
                }
            }
        }
    }

    private func creation(_ html: inout Markup) {
        html.creation(.addHook, to: .settings("hooks")) { html in
            html.field(.address, name: "url", type: "url", note: .hookNote, isRequired: true)
            html.field(.events, name: "events", note: .eventsNote)
        }
    }
}
