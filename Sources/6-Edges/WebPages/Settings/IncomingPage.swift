// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// What came to one project, and what became of it.
package struct IncomingPage: Page {
    package struct Note: Sendable {
        package var workflow: String
        package var run: Int?
        /// A sentence.
        package var reason: String

        package init(workflow: String, run: Int?, reason: String) {
            self.workflow = workflow
            self.run = run
            self.reason = reason
        }
    }

    package struct Delivery: Sendable {
        package var id: String
        package var event: String
        package var ref: String?
        package var actor: String?
        package var at: Timestamp
        package var state: RunState
        package var notes: [Note]
        /// Notes that are not shown.
        package var dropped = 0
        /// What stood in its way, or when it is tried again.
        package var problem: String?

        package init(id: String, event: String, at: Timestamp, state: RunState, notes: [Note] = []) {
            self.id = id
            self.event = event
            self.at = at
            self.state = state
            self.notes = notes
        }
    }

    package var project: String
    /// Newest first.
    package var deliveries: [Delivery]
    package var nextPage: PageAddress?
    package var mayRedeliver: Bool
    package var receipt: Receipt?

    package init(project: String, deliveries: [Delivery], nextPage: PageAddress? = nil, mayRedeliver: Bool = true) {
        self.project = project
        self.deliveries = deliveries
        self.nextPage = nextPage
        self.mayRedeliver = mayRedeliver
    }

    package func render(_ context: PageContext) -> [UInt8] {
        SettingsShell(room: .projects, receipt: receipt).render(context) { html in
            html.tag(.h2) { html in
                html.tag(.a, .href(.project(project)), text: project)
                html.text(" · ")
                html.words(.incoming)
            }
            if deliveries.isEmpty {
                html.tag(.div, .class("card")) { $0.empty(.noIncoming, .noIncomingBody) }
            } else {
                html.table(
                    mayRedeliver ? [.event, .time, .outcomeOfEvent, .actions] : [.event, .time, .outcomeOfEvent]
                ) { html in
                    for delivery in deliveries { row(delivery, &html) }
                }
            }
            if let nextPage { html.tag(.nav, .class("pager")) { $0.tag(.a, .href(nextPage), words: .older) } }
        }
    }

    private func row(_ delivery: Delivery, _ html: inout Markup) {
        html.tag(.tr) { html in
            html.tag(.td) { html in
                html.glyphWithHiddenWord(delivery.state)
                html.text(" ")
                html.tag(.code, text: delivery.event)
                if let ref = delivery.ref { html.tag(.div, .class("mono small wrap"), text: ref) }
                if let actor = delivery.actor { html.tag(.div, .class("quiet small"), text: actor) }
                html.tag(.div, .class("mono quiet small wrap"), text: delivery.id)
            }
            html.tag(.td) { $0.time(delivery.at) }
            html.tag(.td, .class("main")) { html in
                if let problem = delivery.problem {
                    html.tag(.p, .class(delivery.state == .failed ? "s-failed small" : "small"), text: problem)
                }
                for note in delivery.notes { show(note, &html) }
                if delivery.dropped > 0 { html.tag(.p, .class("quiet small"), words: .moreWorkflows(delivery.dropped)) }
            }
            guard mayRedeliver else { return }
            html.tag(.td, .class("actions")) { html in
                html.rowAction(
                    .workAgain, on: delivery.id,
                    to: PageAddress("settings", "projects", project, "deliveries", delivery.id, "redeliver"))
            }
        }
    }

    private func show(_ note: Note, _ html: inout Markup) {
        html.tag(.p, .class("small wrap")) { html in
            html.tag(.code, text: note.workflow)
            html.text(" ")
            if let run = note.run {
                html.tag(.a, .href(.run(run)), text: "#\(run)")
                html.text(" ")
            }
            html.tag(.span, .class("quiet"), text: note.reason)
        }
    }
}
