// SPDX-License-Identifier: Apache-2.0

package import Timekeeping

/// A project's state for everybody: `/public/status/{project}`. It has no names of people and no logs.
package struct StatusPage: Page {
    package struct Line: Sendable {
        package var workflow: String
        package var branch: String
        package var state: RunState
        package var since: Timestamp
        package var marks: [RunMark]

        package init(workflow: String, branch: String, state: RunState, since: Timestamp, marks: [RunMark]) {
            self.workflow = workflow
            self.branch = branch
            self.state = state
            self.since = since
            self.marks = marks
        }
    }

    package var project: String
    package var lines: [Line]
    /// A sentence of the operators: maintenance, an outage.
    package var message: String?

    package init(project: String, lines: [Line], message: String? = nil) {
        self.project = project
        self.lines = lines
        self.message = message
    }

    private var state: RunState { RunState.whole(of: lines.map(\.state)) }

    package func render(_ context: PageContext) -> [UInt8] {
        let shell = PageShell(title: project, state: state, isPublic: true)
        return shell.render(context) { html in
            html.tag(.div, .class("stack article")) { html in
                html.tag(.header, .class("verdict")) { html in
                    html.glyph(state)
                    html.tag(.h1, words: .statusOf(project, isGood: state != .failed))
                    html.tag(.p, .class("quiet")) { html in
                        html.words(.asOf)
                        html.text(" ")
                        html.time(html.context.now, as: .exact)
                    }
                }
                if let message { html.tag(.p, .class("note warn"), .text(.role, "status"), text: message) }
                html.tag(.ul, .class("card rows")) { html in
                    for line in lines { row(line, &html) }
                }
                html.tag(.p, .class("quiet small")) { html in
                    html.words(.alsoAs)
                    html.text(" ")
                    html.tag(.a, .href(PageAddress("public", "badge", "\(project).svg")), words: .badge)
                    html.text(" · ")
                    html.tag(.a, .href(PageAddress("public", "cc.xml")), text: "cc.xml")
                }
            }
        }
    }

    private func row(_ line: Line, _ html: inout Markup) {
        html.tag(.li) { html in
            html.tag(.div, .class("grow")) { html in
                html.tag(.div, .class("strong"), text: line.workflow)
                html.tag(.div, .class("quiet small"), words: .onBranch(line.branch))
            }
            html.tag(.div, .class("number")) { html in
                html.state(line.state)
                html.tag(.div, .class("quiet small")) { $0.time(line.since) }
            }
        }
    }
}
