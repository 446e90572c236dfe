// SPDX-License-Identifier: Apache-2.0

/// Form fields: a label, the input, and what to know about it.
extension Markup {
    mutating func field(
        _ label: PageText, name: String, value: String = "", type: String = "text", note: PageText? = nil,
        autocomplete: String = "off", isRequired: Bool = false, id: String? = nil
    ) {
        let id = id ?? "f-\(name)"
        // A secret is not shown again.
        let value = type == "password" ? value : typed?[name] ?? value
        tag(.div, .class("field")) { html in
            html.tag(.label, .text(.for, id), words: label)
            html.tag(
                .input, .id(id), .text(.name, name), .text(.type, type),
                value.isEmpty ? nil : .text(.value, value), .text(.autocomplete, autocomplete),
                .flag(.required, if: isRequired), note.map { _ in .text(.ariaDescribedby, "n-\(name)") })
            if let note { html.tag(.p, .id("n-\(name)"), words: note) }
        }
    }

    /// For what is long, and secret: it is not shown again where the form was refused.
    mutating func area(_ label: PageText, name: String, value: String = "", rows: Int = 4, note: PageText? = nil) {
        tag(.div, .class("field")) { html in
            html.tag(.label, .text(.for, "f-\(name)"), words: label)
            html.tag(.textarea, .id("f-\(name)"), .text(.name, name), .number(.rows, rows), text: value)
            if let note { html.tag(.p, words: note) }
        }
    }

    /// - Parameters:
    ///   - options: value and what is shown.
    ///   - id: where a page has two fields of a name.
    mutating func choice(
        _ label: PageText, name: String, options: [(String, PageText)], chosen: String = "", id: String? = nil
    ) {
        let id = id ?? "f-\(name)"
        let chosen = typed?[name] ?? chosen
        tag(.div, .class("field")) { html in
            html.tag(.label, .text(.for, id), words: label)
            html.tag(.select, .id(id), .text(.name, name)) { html in
                for (value, words) in options {
                    html.tag(
                        .option, .text(.value, value), .flag(.selected, if: value == chosen), words: words)
                }
            }
        }
    }

    mutating func check(_ label: PageText, name: String, isOn: Bool = false) {
        let isOn = typed.map { $0[name] == "1" } ?? isOn
        tag(.label, .class("check")) { html in
            html.tag(
                .input, .text(.type, "checkbox"), .text(.name, name), .text(.value, "1"), .flag(.checked, if: isOn))
            html.text(" ")
            html.words(label)
        }
    }
}
