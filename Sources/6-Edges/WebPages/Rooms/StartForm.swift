// SPDX-License-Identifier: Apache-2.0

/// Starts a workflow by hand, with what it wants to know. Posted with `workflow`, `ref`, and `input.NAME` for each input.
package struct StartForm: Sendable {
    package enum Kind: Sendable {
        case text
        case number
        case flag
        case choice([String])
    }

    package struct Input: Sendable {
        package var name: String
        package var kind: Kind
        package var about: String?
        package var isRequired: Bool
        /// What it is where nobody says otherwise.
        package var standard: String?

        package init(
            name: String, kind: Kind, about: String? = nil, isRequired: Bool = false, standard: String? = nil
        ) {
            self.name = name
            self.kind = kind
            self.about = about
            self.isRequired = isRequired
            self.standard = standard
        }
    }

    /// Before the name of an input.
    package static let prefix = "input."

    package var path: String
    package var name: String
    package var inputs: [Input]

    package init(path: String, name: String, inputs: [Input] = []) {
        self.path = path
        self.name = name
        self.inputs = inputs
    }

    /// - Parameter number: among the page's forms, so that no two fields have one id.
    func write(of project: String, on branch: String, _ number: Int, _ html: inout Markup) {
        html.form(posting: PageAddress("projects", project, "runs")) { html in
            let typed = html.typed?["workflow"] == path ? html.typed : nil
            html.tag(.div, .class("stack small-gap")) { html in
                html.hidden("workflow", path)
                labelled(.branch, id: "start-\(number)", nil, &html) { html in
                    html.tag(
                        .input, .id("start-\(number)"), .text(.name, "ref"), .text(.type, "text"),
                        .text(.value, typed?["ref"] ?? branch), .text(.autocomplete, "off"), .flag(.required))
                }
                for (place, input) in inputs.enumerated() {
                    var input = input
                    input.standard = typed?[Self.prefix + input.name] ?? input.standard
                    field(input, id: "start-\(number)-\(place)", &html)
                }
                html.tag(.button, .class("button primary"), words: .startRun)
            }
        }
    }

    private func field(_ input: Input, id: String, _ html: inout Markup) {
        let name = Self.prefix + input.name
        switch input.kind {
        case .flag:
            // A box that is not ticked says nothing: the field before it does.
            html.hidden(name, "false")
            html.tag(.label, .class("check")) { html in
                html.tag(
                    .input, .text(.type, "checkbox"), .text(.name, name), .text(.value, "true"),
                    .flag(.checked, if: input.standard == "true"))
                html.text(" \(input.name)")
            }
            if let about = input.about { html.tag(.p, .class("quiet small"), text: about) }
        case .choice(let options):
            labelled(.name(input.name), id: id, input.about, &html) { html in
                html.tag(.select, .id(id), .text(.name, name), .flag(.required, if: input.isRequired)) { html in
                    for option in options {
                        html.tag(
                            .option, .text(.value, option), .flag(.selected, if: option == input.standard),
                            text: option)
                    }
                }
            }
        case .text, .number:
            var isNumber = false
            if case .number = input.kind { isNumber = true }
            labelled(.name(input.name), id: id, input.about, &html) { html in
                html.tag(
                    .input, .id(id), .text(.name, name), .text(.type, isNumber ? "number" : "text"),
                    isNumber ? .text(.step, "any") : nil, input.standard.map { .text(.value, $0) },
                    .text(.autocomplete, "off"), .flag(.required, if: input.isRequired),
                    input.about.map { _ in .text(.ariaDescribedby, "\(id)-note") })
            }
        }
    }

    private func labelled(
        _ label: PageText, id: String, _ about: String?, _ html: inout Markup, content: (inout Markup) -> Void
    ) {
        html.tag(.div, .class("field")) { html in
            html.tag(.label, .text(.for, id), words: label)
            content(&html)
            if let about { html.tag(.p, .id("\(id)-note"), text: about) }
        }
    }
}
